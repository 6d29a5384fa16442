"""What is said on the wire: one JSON object per line, both ways.

consumer                                   run
{"from": "earliest", "name": "a"}  ──►
                                   ◄──  {"welcome": 1, "run": "…", "last": 2, "from": 1}
                                   ◄──  {"seq": 1, "row": {…}}
                                   ◄──  {"seq": 2, "row": {…}}
{"ack": 2}                         ──►
                                   ◄──  {"at": 2}            now and then
                                   ◄──  {"end": 2}           the run has ended
                                   ◄──  {"error": "…"}       instead of anything, then the connection ends
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

import msgspec

from .filter import MOST_CLAUSES, Filter

PROTOCOL: Literal[1] = 1
HELLO_BYTES = 4096
"""Longest hello, end of line included."""
ACK_BYTES = 256
"""Longest line of a consumer after its hello."""
FRAME_BYTES = 64 * 2**20
"""Longest line that a consumer takes; no row comes near."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Start: TypeAlias = int | Literal["earliest", "latest"]
"""A row's number, 1 being the first; the first row; or the next one that is made."""


class Hello(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename={"start": "from"}):
    """How a consumer begins."""

    start: Start | None = None
    """Where; None: behind what a consumer of this name acknowledged last, or at the first row."""
    name: str = ""
    """Letters, digits and `._-`, at most 64; empty for one whose place nobody keeps."""
    token: str = ""
    filter: Filter = {}
    """Only rows that pass it."""
    protocol: Literal[1] = 1


class Token(msgspec.Struct, frozen=True):
    """The part of a hello that is looked at first."""

    token: str = ""


class Ack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The consumer has taken care of every row up to this one."""

    ack: int


class Welcome(msgspec.Struct, frozen=True, rename={"start": "from"}):
    """The hello was accepted."""

    welcome: Literal[1]
    """Version of the protocol."""
    run: str
    """Which run this is: the same after a resume, another for other settings or another seed."""
    last: int
    """The newest row; 0 when there is none."""
    start: int
    """Where it begins."""


class Numbered(msgspec.Struct, frozen=True):
    """A row."""

    seq: int
    """Its number: 1, 2, … in the order of the run."""
    row: msgspec.Raw


class At(msgspec.Struct, frozen=True):
    """Every row up to this one was sent, as far as it passes the filter. May be acknowledged."""

    at: int


class End(msgspec.Struct, frozen=True):
    """The run has ended, and this is its last row; a resume may add more."""

    end: int


class Refusal(msgspec.Struct, frozen=True):
    """Why the connection ends."""

    error: str


class _Any(msgspec.Struct, frozen=True):
    """Every member of a frame of a run; which ones are there says which frame it is."""

    welcome: Literal[1] | None = None
    run: str = ""
    last: int = 0
    start: int = msgspec.field(default=0, name="from")
    seq: int | None = None
    row: msgspec.Raw = msgspec.Raw()
    at: int | None = None
    end: int | None = None
    error: str | None = None


Frame: TypeAlias = Welcome | Numbered | At | End | Refusal
"""A line of a run."""

_ENCODER = msgspec.json.Encoder()
_HELLO = msgspec.json.Decoder(Hello)
_TOKEN = msgspec.json.Decoder(Token)
_ACK = msgspec.json.Decoder(Ack)
_ANY = msgspec.json.Decoder(_Any)


def encode(frame: Hello | Ack | Welcome | At | End | Refusal) -> bytes:
    """The line, with its end."""
    return _ENCODER.encode(frame) + b"\n"


def encode_row(seq: int, row: bytes) -> bytes:
    """The line of a row, given as the line that a file would hold."""
    return b'{"seq":%d,"row":%b}\n' % (seq, row.rstrip(b"\n"))


def decode_token(line: bytes) -> str:
    """The token of a hello. Raises ValueError when the line is no object with a text in its place."""
    try:
        return _TOKEN.decode(line).token
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def decode_hello(line: bytes) -> Hello:
    """Read a hello. Raises ValueError that says what is wrong with it."""
    try:
        hello = _HELLO.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"hello: {error}") from None
    if hello.name and not _NAME.fullmatch(hello.name):
        raise ValueError("hello: a name has letters, digits and ._-, at most 64")
    if isinstance(hello.start, int) and not 1 <= hello.start < 2**53:
        raise ValueError("hello: from is earliest, latest or the number of a row, from 1 on")
    if len(hello.filter) > MOST_CLAUSES:
        raise ValueError(f"hello: a filter has at most {MOST_CLAUSES} members")
    return hello


def decode_ack(line: bytes) -> int:
    """Read an acknowledgement. Raises ValueError when the line is none."""
    try:
        return _ACK.decode(line).ack
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"acknowledgement: {error}") from None


def decode_frame(line: bytes) -> Frame:
    """Read a line of a run. Raises ValueError when it is none."""
    try:
        found = _ANY.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    if found.seq is not None and bytes(found.row):
        return Numbered(found.seq, found.row)
    if found.at is not None:
        return At(found.at)
    if found.welcome is not None:
        return Welcome(found.welcome, found.run, found.last, found.start)
    if found.end is not None:
        return End(found.end)
    if found.error is not None:
        return Refusal(found.error)
    raise ValueError("no member of it is known")
