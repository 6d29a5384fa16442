"""`tdscaling prompts show`: the texts the agents speak from, one of them, or what a folder changes."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..runtime.errors import ConfigError
from .safe import one_line, safe
from .terminal import out_console

FIRST_WORDS = 60
"""Characters of a text that the list shows."""


def show_prompts(name: Annotated[str | None, Parameter(name="NAME")] = None, /, *, prompts: Path | None = None) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    name
        One prompt: its text as it stands.
    prompts
        A folder of texts: what it changes, as a difference to the built-in ones.
    """
    from ..agents.prompt_set import BUILT_IN, load_prompts, placeholders

    console = out_console()
    shown = load_prompts(prompts) if prompts else BUILT_IN
    if name is not None:
        if name not in shown.texts:
            near = difflib.get_close_matches(name, shown.texts, n=1)
            hint = f", did you mean {near[0]}?" if near else f"; known are {', '.join(shown.texts)}"
            raise ConfigError(f"prompts: there is no {name!r}{hint}")
        console.print(safe(shown.texts[name]), soft_wrap=True)
    elif prompts is not None:
        for changed in shown.changed:
            _difference(changed, BUILT_IN.texts[changed], shown.texts[changed])
    else:
        for known, text in shown.texts.items():
            holes = " ".join(f"{{{hole}}}" for hole in placeholders(text))
            console.print(f"{known:26} {one_line(text)[:FIRST_WORDS]}…  {holes}".rstrip(), soft_wrap=True)
    return 0


def _difference(name: str, before: str, after: str) -> None:
    console = out_console()
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), f"built in/{name}", f"yours/{name}", lineterm="", n=1
    )
    for line in lines:
        style = "green" if line.startswith("+") else "red" if line.startswith("-") else "dim"
        console.print(safe(line), style=style, soft_wrap=True)
