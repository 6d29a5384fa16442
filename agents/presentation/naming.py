"""Names of tools in different styles, each tool under a name of its own."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ...runtime.presentation import Naming
from ...sandbox.facts import snake
from ...sandbox.tools import ToolSpec

LONGEST = 64
"""Characters of a name that every endpoint takes."""
_WORDS = re.compile(r"[^A-Za-z0-9]+")


def shown_names(specs: Iterable[ToolSpec], naming: Naming) -> tuple[str, ...]:
    """A name for every tool, in their order and all different.

    Where two tools come to one name, the later one is called after its service, and numbered where that is taken too.
    """
    taken: set[str] = set()
    names: list[str] = []
    for spec in specs:
        plain = styled(spec.name, spec.service, naming)
        qualified = plain if plain not in taken else fitting(f"{_plain(spec.service)}_{plain}")
        name, number = qualified, 2
        while name in taken:
            name, number = f"{qualified[: LONGEST - 4]}_{number}", number + 1
        taken.add(name)
        names.append(name)
    return tuple(names)


def styled(name: str, service: str, naming: Naming) -> str:
    """One name in a style; its own where the style would make it too long."""
    words = [word for word in _WORDS.split(snake(name)) if word]
    match naming:
        case "own":
            made = name
        case "camel":
            made = words[0] + "".join(word.capitalize() for word in words[1:])
        case "pascal":
            made = "".join(word.capitalize() for word in words)
        case "kebab":
            made = "-".join(words)
        case "namespaced":
            made = f"{_plain(service)}__{name}"
        case "dotted":
            made = f"{_plain(service)}.{name}"
    return made if len(made) <= LONGEST else name


def fitting(name: str) -> str:
    """The name, cut where it is too long."""
    return name[:LONGEST]


def _plain(service: str) -> str:
    """A service's name as it may stand in a tool's."""
    return "_".join(word for word in _WORDS.split(snake(service)) if word) or "tools"
