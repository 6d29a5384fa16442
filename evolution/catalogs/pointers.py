"""What a `$ref` points at: a place in its own document, or in a file beside it where that was allowed."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from ...sandbox.tools import JsonValue
from .decode import Malformed, decode, read_bounded


class Pointers:
    """Resolves the references of one document. Nothing is ever fetched over a network."""

    def __init__(
        self, root: JsonValue, *, folder: Path | None = None, within: Path | None = None, max_bytes: int = 0
    ) -> None:
        """With `folder`, the document's own, references to files are followed as long as they lie in `within`."""
        self._root = root
        self._folder = folder
        self._within = within
        self._max_bytes = max_bytes
        self._files: dict[Path, JsonValue] = {}

    def __call__(self, reference: str) -> JsonValue:
        """The value a reference points at.

        Raises:
            Malformed: `external_ref` for another place that may not be read; `broken_ref` when nothing is there.
        """
        place, _, fragment = reference.partition("#")
        root = self._file(place) if place else self._root
        value = root
        for step in fragment.split("/")[1:] if fragment else ():
            value = _step(value, unquote(step).replace("~1", "/").replace("~0", "~"), reference)
        if place and isinstance(value, dict):
            return _moved(value, place)
        return value

    def _file(self, place: str) -> JsonValue:
        if self._folder is None or self._within is None or "://" in place or place.startswith(("/", "\\")):
            raise Malformed("external_ref", place[:160])
        path = (self._folder / place).resolve()
        if not path.is_relative_to(self._within.resolve()) or not path.is_file():
            raise Malformed("external_ref", place[:160])
        if path not in self._files:
            self._files[path] = decode(read_bounded(path, self._max_bytes), path.name)
        return self._files[path]


def _step(value: JsonValue, name: str, reference: str) -> JsonValue:
    if isinstance(value, dict) and name in value:
        return value[name]
    if isinstance(value, list) and name.isascii() and name.isdecimal() and len(name) < 9 and int(name) < len(value):
        return value[int(name)]
    raise Malformed("broken_ref", reference[:160])


def _moved(value: JsonValue, place: str) -> JsonValue:
    """A part of another file, its references written so that they still lead into that file."""
    if isinstance(value, list):
        return [_moved(part, place) for part in value]
    if not isinstance(value, dict):
        return value
    moved = {key: _moved(part, place) for key, part in value.items()}
    reference = moved.get("$ref")
    if isinstance(reference, str):
        base, _, fragment = reference.partition("#")
        if not base:
            moved["$ref"] = f"{place}#{fragment}"
        elif "://" not in base and not base.startswith("/"):
            folder, _, _ = place.rpartition("/")
            moved["$ref"] = f"{folder}/{base}#{fragment}" if folder else reference
    return moved
