"""`tdscaling show`: one trajectory of a file as a readable dialogue, or a list of them."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO, TypeVar

import msgspec
from cyclopts import Parameter

from ..runtime.errors import InputError
from ..runtime.row import Row
from .dialogue import line_of, render
from .safe import safe
from .terminal import out_console

T = TypeVar("T")

STDIN = "-"


class Head(msgspec.Struct):
    """The part of a line that is read when a row is only looked for."""

    id: str


@dataclass(frozen=True)
class Place:
    """One line of a file."""

    name: str
    """The file as the person wrote it, `<stdin>` for -."""
    number: int
    """Line number in the file, from 1."""
    position: int
    """Position among the rows, from 1: what `#N` means."""
    text: bytes


def show(
    file: Annotated[str, Parameter(name="FILE", allow_leading_hyphen=True)],
    row: Annotated[str | None, Parameter(name="ID")] = None,
    /,
    *,
    full: Annotated[bool, Parameter(negative=())] = False,
    list_rows: Annotated[bool, Parameter(name="--list", negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    file
        A file of trajectories, one JSON object per line; - for stdin.
    row
        Which one: an id, the beginning of one, or #N for the N-th; the first when absent.
    full
        Show tool replies uncut.
    list_rows
        One line per trajectory instead of a dialogue.
    """
    console = out_console()
    with open_rows(file) as (stream, name):
        places = _places(stream, name)
        if list_rows:
            for place in places:
                # On a terminal a line stays a line; elsewhere somebody may search it, so it stays whole.
                text = line_of(_row(place), place.position)
                console.print(text, overflow="ellipsis", no_wrap=True, soft_wrap=not console.is_terminal)
            return 0
        found, total = _find(places, row, name)
    console.print(render(_row(found), full=full))
    others = f"row #{found.position} of {total} in {safe(name)}"
    hint = f"; others: tdscaling show {safe(file)} #N or ID, or --list" if total > 1 else ""
    console.print(f"\n{others}{hint}", style="dim", soft_wrap=True)
    return 0


@contextmanager
def open_rows(file: str) -> Generator[tuple[BinaryIO, str]]:
    """The file's bytes and its name for messages. Raises InputError when it cannot be opened."""
    if file == STDIN:
        yield sys.stdin.buffer, "<stdin>"
        return
    try:
        stream = Path(file).open("rb")  # noqa: SIM115 -- closed below; only the opening belongs to this try
    except OSError as error:
        raise InputError(f"{file}: cannot be read: {error.strerror}") from None
    with stream:
        yield stream, file


def _places(stream: BinaryIO, name: str) -> Iterator[Place]:
    """The lines that are not blank."""
    position = 0
    try:
        for number, text in enumerate(stream, start=1):
            if text.strip():
                position += 1
                yield Place(name, number, position, text)
    except OSError as error:  # a folder opens and then cannot be read
        raise InputError(f"{name}: cannot be read: {error.strerror}") from None


def _find(places: Iterator[Place], wanted: str | None, name: str) -> tuple[Place, int]:
    """The one line that is meant, and how many there are.

    Raises:
        InputError: a line is no trajectory, the file holds none, or the id fits none or several.
    """
    number = _position(wanted)
    heads: list[str] = []
    found: list[Place] = []
    for place in places:
        heads.append(_decode(place, Head).id)
        if place.position == number or (wanted and number is None and heads[-1].startswith(wanted)):
            found.append(place)
    if not heads:
        raise InputError(f"{name}: holds no trajectories")
    if number is not None and not found:
        raise InputError(f"{name}: has {len(heads)} rows, there is no #{number}")
    if not found:
        near = difflib.get_close_matches(wanted or "", heads, n=3, cutoff=0.0)
        raise InputError(f"{name}: no row has the id {wanted!r}; the nearest are {', '.join(near)}")
    exact = [place for place in found if heads[place.position - 1] == wanted]
    if len(found) > 1 and len(exact) != 1:
        some = ", ".join(f"#{place.position} {heads[place.position - 1]}" for place in found[:4])
        raise InputError(f"{name}: {wanted!r} fits {len(found)} rows, among them {some}")
    return (exact or found)[0], len(heads)


def _position(wanted: str | None) -> int | None:
    """N of `#N`, 1 when nothing is asked for, None when an id is."""
    if wanted is None:
        return 1
    digits = wanted.removeprefix("#")
    return int(digits) if wanted.startswith("#") and digits.isdecimal() else None


def _row(place: Place) -> Row:
    return _decode(place, Row)


def _decode(place: Place, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(place.text, type=kind)
    except msgspec.ValidationError as error:
        raise InputError(f"{place.name}:{place.number}: not a trajectory: {error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{place.name}:{place.number}: not JSON: {error}") from None
