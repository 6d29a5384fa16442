"""The two names of a path: the one a model sees and the one the server works on.

A row never holds a real path. Outgoing, an alias is replaced where it stands as a path of its own. Incoming, a real
path is replaced wherever it occurs: real paths are long and random enough not to be met by chance, and a leak is worse
than a replacement too many.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from .manifest import SCRATCH
from .tools import JsonObject


class PathAliases:
    """Translates between what the model sees and the real paths of one world."""

    def __init__(self, aliases: Mapping[str, str], scratch: Path, homes: Iterable[Path] = ()) -> None:
        """Build the tables.

        Args:
            aliases: alias → real path expression, one of them standing for the scratch folder.
            scratch: The world's folder, resolved.
            homes: Folders of the server's own installation; in replies they read `/opt/server`.
        """
        real = {alias: expression.replace(SCRATCH, str(scratch)) for alias, expression in aliases.items()}
        self._real = real
        self._out = _pattern(real, before=r"(?<![\w./~-])", after=r"(?![\w-]|\.\w)")
        shown = {path: alias for alias, path in real.items()}
        # A server that was led out of its folder by `..` names the folders above: they belong to our machine too.
        # A single name such as /tmp or /home tells nothing, and documents do mention it.
        for parent in scratch.parents:
            if len(parent.parts) > 2:
                shown.setdefault(str(parent), "")
        for home in homes:
            if len(home.parts) > 2 and not scratch.is_relative_to(home):
                shown.setdefault(str(home), "/opt/server")
        self._shown = shown
        self._in = _pattern(shown, before="", after=r"(?![\w-])")

    def outgoing(self, arguments: JsonObject) -> JsonObject:
        """The arguments as the server must get them."""
        return {key: self._walk(value) for key, value in arguments.items()}

    def incoming(self, text: str) -> str:
        """The text as a model may see it."""
        return self._in.sub(lambda match: self._shown[match[0]] or self._above(match), text)

    @staticmethod
    def _above(match: re.Match[str]) -> str:
        """A folder above the scratch folder reads `/`; the slash that may follow it is kept, not doubled."""
        return "" if match.string[match.end() : match.end() + 1] == "/" else "/"

    def _walk(self, value: object) -> object:
        match value:
            case str():
                return self._out.sub(lambda found: self._real[found[0]], _normal(value, self._real))
            case list():
                return [self._walk(item) for item in cast("list[object]", value)]
            case dict():
                return {key: self._walk(item) for key, item in cast("JsonObject", value).items()}
            case _:
                return value


def _pattern(names: Iterable[str], *, before: str, after: str) -> re.Pattern[str]:
    """Any of the names, the longest first, between the two boundaries."""
    alternatives = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(f"{before}(?:{alternatives}){after}")


def _normal(value: str, aliases: Iterable[str]) -> str:
    """A path that climbs out of an alias, said in terms of what the model sees: `/workspace/../x` is `/x`."""
    if "/.." in value and value.startswith(tuple(f"{alias}/" for alias in aliases)):
        return posixpath.normpath(value)
    return value
