"""`tdscaling split`: rows held out for evaluation, with nothing of theirs in the others."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, Literal

import msgspec
from cyclopts import Parameter

from ..runtime.errors import ConfigError, InputError
from .lines import places
from .safe import one_line

if TYPE_CHECKING:
    from ..runtime.formats.parting import Side


def split(
    *files: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    out: Path,
    by: Literal["provider", "cluster", "blueprint"] = "cluster",
    held_out: float = 0.1,
    seed: int = 0,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    files
        Rows of ours.
    out
        A folder for train.jsonl, held_out.jsonl, left_out.jsonl and split.json.
    by
        What must not stand on both sides: a provider (service), a cluster of tools, or a blueprint.
    held_out
        Share of the rows to hold out; as near to it as whole ones allow, and never more.
    seed
        Another seed holds out others.
    overwrite
        Replace the folder.
    """
    from ..runtime.formats.folder import building, is_file
    from ..runtime.formats.parting import SIDES, Ties, leaks, part, ties

    if not files or "-" in files:
        raise ConfigError("split: give at least one FILE; stdin cannot be read twice")
    if not 0 < held_out < 1:
        raise ConfigError(f"--held-out {held_out}: must be above 0 and below 1")
    if is_file(str(out)):
        raise ConfigError(f"--out {out}: a split is a folder; give a name without an ending")
    rows: list[Ties] = []
    for place, line in places(files):
        try:
            rows.append(ties(line, by))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{place}: not a row of ours: {error}") from None
    parting = part(rows, held_out, seed)
    if not parting.held_out:
        raise InputError(
            f"split: {len(rows)} rows of {parting.keys} {by}s, the smallest with {parting.smallest} rows of its own: "
            f"none fits into --held-out {held_out}; raise it, or give a finer --by"
        )
    if leaked := leaks(rows, parting.sides):
        raise AssertionError(f"a split that leaks: {sorted(leaked)[:3]}")
    counted = {side: parting.sides.count(side) for side in SIDES}
    with building(out, overwrite=overwrite) as folder:
        versions = _write(files, folder, parting.sides)
        report = {
            "by": by,
            "seed": seed,
            "rows": counted,
            "versions": versions,
            f"{by}s": parting.keys,
            "held_out": list(parting.held_out),
        }
        (folder / "split.json").write_bytes(msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n")
    text = (
        f"{len(rows)} rows: {counted['train']} in train.jsonl ({versions['train']}), {counted['held_out']} in "
        f"held_out.jsonl ({versions['held_out']}), {counted['left_out']} left out because they would join them; "
        f"{len(parting.held_out)} of {parting.keys} {by}s held out"
    )
    sys.stderr.write(f"tdscaling: {one_line(text)}\n")
    return 0


def _write(files: tuple[str, ...], folder: Path, sides: Sequence[Side]) -> dict[Side, str]:
    from ..runtime.formats.parting import SIDES
    from ..runtime.formats.version import Version

    versions: dict[Side, Version] = {}
    rest = iter(sides)
    with ExitStack() as stack:
        streams: dict[Side, BinaryIO] = {}
        for name in SIDES:
            streams[name] = stack.enter_context((folder / f"{name}.jsonl").open("wb"))
            versions[name] = Version()
        for _, line in places(files):
            side = next(rest, None)
            if side is None:
                raise InputError(f"{', '.join(files)}: changed while they were read")
            streams[side].write(line + b"\n")
            versions[side].add(line)
    return {side: version.text() for side, version in versions.items()}
