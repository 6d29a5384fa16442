"""JSON objects out of a file, however they stand in it: one per line, in a list, or one document over many lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

import msgspec

from .errors import InputError

Json: TypeAlias = Any
"""A decoded JSON value."""


def json_records(name: str, data: Iterable[bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    """`(place for messages, record)`. A first line that is no whole JSON value begins a document over all lines.

    Raises:
        InputError: what stands there is not JSON, or an item is no object.
    """
    lines = enumerate(data, start=1)
    for number, line in lines:
        if not line.strip():
            continue
        try:
            value = _decode(line)
        except (msgspec.DecodeError, UnicodeError) as error:
            if number > 1 or line.lstrip()[:1] not in b"[{":
                raise InputError(f"{name}:{number}: not JSON: {error}") from None
            yield from _document(name, line + b"".join(rest for _, rest in lines))
            return
        if isinstance(value, list):
            yield from _listed(f"{name}:{number}", value)
        elif isinstance(value, dict):
            yield f"{name}:{number}", value
        else:
            raise InputError(f"{name}:{number}: not a JSON object")


def _document(name: str, data: bytes) -> Iterator[tuple[str, dict[str, Any]]]:
    try:
        value = _decode(data)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise InputError(f"{name}: not JSON: {error}") from None
    yield from _listed(name, value if isinstance(value, list) else [value])


def _listed(where: str, values: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for number, value in enumerate(values):
        if not isinstance(value, dict):
            raise InputError(f"{where}: item {number + 1} is not a JSON object")
        yield f"{where}: item {number + 1}", value


def _decode(data: bytes) -> Json:
    return msgspec.json.decode(data)
