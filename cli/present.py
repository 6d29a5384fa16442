"""`tdscaling present`: accepted rows with other faces, each judged anew, without asking a model."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from cyclopts import Parameter

from ..runtime.errors import ConfigError, InputError
from ..runtime.presentation import Naming
from .safe import one_line
from .show import open_rows

if TYPE_CHECKING:
    from ..runtime.row import Row


def present(
    file: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    /,
    *,
    ways: int = 1,
    seed: int = 0,
    namings: tuple[Naming, ...] = ("own", "camel", "pascal", "kebab", "namespaced"),
    tools: tuple[Path, ...] = (),
    clusters: tuple[Path, ...] = (),
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        Rows of ours; - for stdin.
    ways
        Other faces per accepted row.
    seed
        Another seed draws other faces.
    namings
        How tools may be called.
    tools
        Saved lists of tools that rows played on the entity store.
    clusters
        Files of clusters that rows played on the entity store.
    """
    from ..runtime import loop

    if ways < 1:
        raise ConfigError("present: --ways must be at least 1")
    counts = loop.run(lambda: _present(file, ways, seed, namings, tools, clusters))
    left = ", ".join(f"{reason} ×{n}" for reason, n in sorted(counts.items()) if reason not in ("rows", "faces"))
    sys.stderr.write(
        one_line(f"tdscaling: {counts['rows']} rows, {counts['faces']} faces{'; left out: ' + left if left else ''}")
        + "\n"
    )
    if not counts["faces"]:
        raise InputError(f"present: {file}: no row could be presented otherwise")
    return 0


async def _present(
    file: str, ways: int, seed: int, namings: tuple[Naming, ...], tools: tuple[Path, ...], clusters: tuple[Path, ...]
) -> Counter[str]:
    """What became of the rows; faces go to stdout as they are judged."""
    from ..agents.presentation.again import presented_again
    from ..agents.presentation.distractors import Distractors
    from ..agents.reverify import Reverifier
    from ..agents.stage import Stage
    from ..evolution.presenting import Look, draw
    from ..runtime.seed import rng
    from ..sandbox.entities import EntityToolbox, load_tools
    from ..sandbox.services import BUILTIN, builtin
    from ..sandbox.tools import Toolbox
    from .clusters_box import open_shelf

    lists = [load_tools(path) for path in tools]
    boxes: list[Toolbox] = [*builtin(BUILTIN)]
    boxes += [
        EntityToolbox(one.name, one.specs, hints=one.hints, source=path.name)
        for path, one in zip(tools, lists, strict=True)
    ]
    shelf = open_shelf(clusters)
    shelves = [shelf] if shelf else []
    stage, reverifier = Stage(boxes, (), shelves), Reverifier(boxes, shelves)
    distractors, look = Distractors(boxes), Look(("en",), namings)
    counts: Counter[str] = Counter()
    with open_rows(file) as (stream, name):
        for number, line in enumerate(stream, start=1):
            counts["rows"] += 1
            row = _row(line, f"{name}:{number}")
            if not row.verdict.accepted or row.blueprint is None:
                counts["rejected" if row.blueprint else "without blueprint"] += 1
                continue
            for way in range(1, ways + 1):
                dice = rng(seed, row.id, way)
                try:
                    other = presented_again(row, way, draw(look, dice), stage, distractors, dice)
                except KeyError as unknown:
                    raise InputError(f"{name}:{number}: there is no service {unknown} here") from None
                encoded = msgspec.json.encode(other)
                finding, _ = await reverifier.judge(encoded)
                if finding.accepted:
                    counts["faces"] += 1
                    sys.stdout.buffer.write(encoded + b"\n")
                else:
                    counts[finding.reasons[0].partition(":")[0]] += 1
    sys.stdout.buffer.flush()
    return counts


def _row(line: bytes, place: str) -> Row:
    from ..runtime.row import Row

    try:
        return msgspec.json.decode(line, type=Row)
    except msgspec.ValidationError as error:
        raise InputError(f"{place}: not a row of ours: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{place}: not JSON: {error}") from None
