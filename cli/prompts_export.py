"""`tdscaling prompts export`: the prompts as files that a person can change and give back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..runtime.errors import OutputError


def export_prompts(
    folder: Annotated[Path, Parameter(name="DIR")],
    /,
    *,
    overwrite: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    folder
        Where the files go; it is made where it is missing.
    overwrite
        Replace files that are there already.
    """
    from ..agents.prompt_set import BUILT_IN, files_of

    files = list(files_of(BUILT_IN))
    try:
        there = [name for name, _ in files if (folder / name).exists()]
        if there and not overwrite:
            raise OutputError(f"{folder / there[0]}: is there already; give --overwrite to replace it")
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files:
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"{error.filename or folder}: cannot be written: {error.strerror}") from None
    sys.stderr.write(
        f"tdscaling: {len(files) - 1} prompts in {folder}; change some, delete the rest, run with --prompts\n"
    )
    return 0
