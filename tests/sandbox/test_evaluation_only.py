"""A benchmark's tools: rows that played on them say that they are no training data, and harness calls stay hidden."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdscaling.agents.verifier import Origin
from tdscaling.runtime.row import Provenance
from tdscaling.sandbox.mcp import McpToolbox
from tdscaling.sandbox.tools import EVALUATION_ONLY
from tdscaling.tests.sandbox.mcp_play import notes

pytestmark = pytest.mark.anyio


def row_of(box: McpToolbox) -> Provenance:
    """The provenance of a row that played on the toolbox."""
    return Origin("digest", "sim", "{}", "1", simulated=True).of(f"built in; {box.provenance}", "sim", ())


def test_a_row_on_a_benchmarks_tools_is_for_evaluation_only(tmp_path: Path) -> None:
    """Also when other tools stood beside them."""
    box = McpToolbox(notes(tmp_path, provenance="bench, MIT", evaluation_only=True))
    assert box.provenance == f"bench, MIT, {EVALUATION_ONLY}"
    assert row_of(box).evaluation_only


def test_a_row_on_other_tools_is_not(tmp_path: Path) -> None:
    """The usual case."""
    assert not row_of(McpToolbox(notes(tmp_path, provenance="bench, MIT"))).evaluation_only


async def test_a_tool_that_is_kept_from_the_assistant_may_tell_the_state(tmp_path: Path) -> None:
    """The snapshot holds its reply; a call of it is refused."""
    manifest = notes(tmp_path, tools={"exclude": ["list_notes"]}, state=[{"tool": "list_notes"}])
    async with McpToolbox(manifest, root=tmp_path, prestart=0) as box:
        world = await box.open(0)
        assert (await world.snapshot())["notes"]["state"] == {"list_notes {}": "first"}
        assert (await world.call("list_notes", {})).is_error
        await world.aclose()
