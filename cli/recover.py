"""`tdscaling recover`: what can be read of a damaged run, as a new run that can be resumed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..runtime.errors import OutputError
from .safe import one_line

KEPT = ("config.yaml", "identity.json", "prompts.json")
"""Files that say what the run was made of."""


def recover(
    run: Annotated[Path, Parameter(name="RUN")],
    /,
    *,
    to: Path | None = None,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    run
        The directory of the damaged run. Nothing in it is changed.
    to
        The directory of the new run; RUN-recovered when absent.
    """
    from ..runtime.journal.lock import RunLock
    from ..runtime.journal.reader import segment_paths
    from ..runtime.journal.salvage import salvage
    from ..runtime.storage import DirectoryStorage

    segment_paths(run)  # before anything is made
    new = to or run.with_name(f"{run.name}-recovered")
    if new.exists() and any(new.iterdir()):
        raise OutputError(f"{new}: already holds something; give another folder with --to")
    held = RunLock(run) if os.access(run, os.W_OK) else None  # where nothing can be written, nobody is at work
    try:
        fresh = DirectoryStorage(new)
        for name in KEPT:
            if (run / name).exists():
                shutil.copyfile(run / name, new / name)
        found = salvage(run, fresh)
    finally:
        if held is not None:
            held.close()
    lost = f", {found.lost_lines} lines could not be read, the first in {found.first}" if found.lost_lines else ""
    _say(f"{found.rows} rows saved{lost}")
    _say(f"go on with: tdscaling run --config {new / 'config.yaml'} --run {new} --resume always --overwrite")
    return 0


def _say(line: str) -> None:
    sys.stderr.write(f"tdscaling: {one_line(line)}\n")
