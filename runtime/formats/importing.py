"""Other formats back into lines of ours: the records of a file, one by one, with their place in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from ..errors import InputError
from . import FORMATS
from .sample import NotHeld, Sample
from .sts import HEADER


def read_samples(lines: Iterable[tuple[str, bytes]], name: str) -> Iterator[Sample]:
    """The conversations of `(place, line)`s in a format that is lines of JSON.

    Raises InputError: a line is not of the format, or makes no conversation.
    """
    form = FORMATS[name]
    for place, record in sessions(lines) if name == "sts" else lines:
        try:
            yield form.decode(record)
        except NotHeld as error:
            raise InputError(f"{place}: no conversation in {name}: {error.reason}") from None
        except msgspec.ValidationError as error:
            raise InputError(f"{place}: not {name}: {error}") from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise InputError(f"{place}: not JSON: {error}") from None


def sessions(lines: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Lines joined to records, each from a session's header on."""
    where, record = "", b""
    for place, line in lines:
        if _is_header(line):
            if record:
                yield where, record
            where, record = place, line
        elif not record:
            raise InputError(f"{place}: not sts: a file begins with a line of type session")
        else:
            record += b"\n" + line
    if record:
        yield where, record


def _is_header(line: bytes) -> bool:
    if line.startswith(HEADER):
        return True
    if b'"session"' not in line[:200]:
        return False
    try:
        found = msgspec.json.decode(line)
    except msgspec.DecodeError:
        return False
    return isinstance(found, dict) and found.get("type") == "session"
