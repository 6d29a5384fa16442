"""What became of every episode, read from a run's directory, and counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tdscaling.runtime.ends import End, read_ends, tool_kind
from tdscaling.runtime.errors import InputError
from tdscaling.runtime.funnel import funnel

PLAIN = "built in, Apache-2.0"


def row(
    name: str, *reasons: str, plan: bool = True, mode: str = "direct", goals: int = 1, **more: str
) -> dict[str, Any]:
    """The parts of a row that a funnel looks at, and one that it skips."""
    return {
        "id": name,
        "messages": [{"role": "user", "content": "…"}],
        "assignment": {"mode": mode, "goals": goals, "perturbation": more.get("perturbation", "none")},
        "blueprint": {"plan": {}} if plan else None,
        "verdict": {"accepted": not reasons, "reasons": list(reasons), "scores": {}},
        "provenance": {"tools": more.get("tools", PLAIN)},
    }


def finished(made: dict[str, Any]) -> dict[str, Any]:
    """An episode ended with a row."""
    return {"event": "finished", "index": 0, "id": made["id"], "row": made}


def committed(name: str, *late: str, accepted: bool = False) -> dict[str, Any]:
    """It was taken in its turn; `late`: why it was turned down then."""
    return {"event": "committed", "index": 0, "id": name, "accepted": accepted, "late": list(late)}


def run_of(folder: Path, events: list[dict[str, Any]]) -> Path:
    """A run's directory, its journal in two segments."""
    half = len(events) // 2
    for number, part in enumerate((events[:half], events[half:])):
        lines = "".join(json.dumps(event) + "\n" for event in part)
        (folder / f"journal-{number:06}.jsonl").write_text(lines, encoding="utf-8")
    return folder


def ends(folder: Path) -> dict[str, End]:
    """By id."""
    return {end.id: end for end in read_ends(folder)}


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """One episode for every way to end."""
    unplanned = row("unplanned", "model.no_plan: because", plan=False)
    broken = row("broken", "model.silent")
    wrong = row("wrong", "facts.missing: total", "facts.missing: name", "state.differs: x", mode="chain", goals=5)
    double, good, late = row("double"), row("good", perturbation="tool_error"), row("late")
    lost = {"event": "abandoned", "index": 9, "id": "lost", "reason": "deadline"}
    events = [{"event": "assigned", "index": 0}, *(finished(m) for m in (good, double, wrong, broken)), lost]
    events += [committed("good", accepted=True), committed("double", "set.duplicate: of row 0")]
    events += [finished(unplanned), finished(late)]
    return run_of(tmp_path, events + [committed(name) for name in ("wrong", "broken", "unplanned", "lost")])


def test_every_episode_has_the_last_stage_that_it_reached(mixed: Path) -> None:
    """No plan, no end, no pass, not new, not lost: and what never had its turn is no part of it."""
    found = {name: (end.stage, end.committed) for name, end in ends(mixed).items()}
    assert found == {
        "good": ("accepted", True),
        "double": ("verified", True),
        "wrong": ("played", True),
        "broken": ("valid", True),
        "unplanned": ("drafted", True),
        "lost": (None, True),
        "late": ("verified", False),
    }


def test_a_reason_counts_once_per_episode(mixed: Path) -> None:
    """Two missing facts of one row are one row with a missing fact."""
    assert ends(mixed)["wrong"].reasons == ("facts.missing", "state.differs")
    assert ends(mixed)["double"].reasons == ("set.duplicate",)


def test_the_funnel_counts_everybody_who_came_as_far(mixed: Path) -> None:
    """Abandoned and surplus episodes stand aside."""
    seen = funnel(read_ends(mixed))
    assert list(seen.reached.values()) == [5, 4, 3, 2, 1, 1]
    assert (seen.abandoned, seen.surplus) == (1, 1)
    assert [(c.reason, c.after, c.examples) for c in seen.causes if c.reason.startswith("model")] == [
        ("model.no_plan", "drafted", ("unplanned",)),
        ("model.silent", "valid", ("broken",)),
    ]


def test_acceptance_is_split_by_what_was_asked_for(mixed: Path) -> None:
    """Mode, goals in bins, tools and perturbation."""
    seen = funnel(read_ends(mixed))
    assert seen.by("mode") == {"chain": (1, 0), "direct": (4, 1)}
    assert seen.by("goals") == {"1": (4, 1), "4+": (1, 0)}
    assert seen.by("perturbation") == {"none": (4, 0), "tool_error": (1, 1)}
    assert seen.by("kind") == {"built in": (5, 1)}


def test_a_line_that_a_kill_cut_off_is_left_out(mixed: Path) -> None:
    """The last one only."""
    whole = len(ends(mixed))
    with (mixed / "journal-000001.jsonl").open("a", encoding="utf-8") as journal:
        journal.write('{"event": "finished", "id": "ha')
    assert len(ends(mixed)) == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "there is no journal in it"),
        ("{}\n", "journal-000000.jsonl:1: not a line of a run"),
        ("no\n{}\n", ":1: not a"),
    ],
)
def test_what_is_no_run_is_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    """It names the file and the line."""
    if text is not None:
        (tmp_path / "journal-000000.jsonl").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message) as caught:
        list(read_ends(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("provenance", "kind"),
    [
        (PLAIN, "built in"),
        ("entity store over crm.json", "entity store"),
        ("simulated by model m over x", "model"),
        ("mcp-server-git, MIT", "MCP server"),
        (f"{PLAIN}; mcp-server-git, MIT", "MCP server + built in"),
    ],
)
def test_tools_are_told_by_where_they_run(provenance: str, kind: str) -> None:
    """From the words of their provenance."""
    assert tool_kind(provenance) == kind
