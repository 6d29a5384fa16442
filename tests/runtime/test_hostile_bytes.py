"""Whatever bytes come from outside, the parsers of journal and stream answer with their own error or with a value."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdscaling.runtime.ends import read_ends
from tdscaling.runtime.errors import ConfigError, InputError
from tdscaling.runtime.journal import Committed, decode_event, encode_event, open_inline, open_journal
from tdscaling.runtime.journal.index import INDEX, Index
from tdscaling.runtime.journal.past import Past
from tdscaling.runtime.journal.reader import read_rows
from tdscaling.runtime.journal.salvage import salvage
from tdscaling.runtime.journal.segments import segment_name
from tdscaling.runtime.llm.reply import read as read_reply
from tdscaling.runtime.llm.trouble import Trouble
from tdscaling.runtime.storage import DirectoryStorage, MemoryStorage
from tdscaling.runtime.streaming import wire
from tdscaling.runtime.streaming.address import parse_address
from tdscaling.runtime.streaming.filter import parse_filter
from tdscaling.tests.runtime.play import completed, identity

FIRST = segment_name(0)


def written() -> bytes:
    """A small journal: three rows, two commits."""
    storage = MemoryStorage()

    async def main() -> None:
        journal = open_inline(storage)
        for index in range(3):
            journal.assigned(index, identity(index))
            await journal.finished(completed(index))
        await journal.committed([Committed(0, identity(0), True), Committed(1, identity(1), True)])
        await journal.aclose()

    anyio.run(main)
    return bytes(storage.files[FIRST])


WHOLE = written()
PIECES = st.sampled_from(
    [*WHOLE.splitlines(keepends=True), b"{", b"}\n", b'{"event":"committed","index":', b"\x00", b"\n"]
)
JUMBLED = st.one_of(st.binary(max_size=300), st.lists(PIECES | st.binary(max_size=20), max_size=12).map(b"".join))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """The journal with some bytes changed, taken out, or put in twice."""
    data = bytearray(WHOLE)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        size = draw(st.integers(0, 40))
        data[at : at + size] = draw(st.binary(max_size=40) | st.just(bytes(data[at : at + 2 * size])))
    return bytes(data)


TEXTS = st.one_of(
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(
            ["from", "name", "token", "filter", "protocol", "ack", "seq", "row", "at", "end", "error", "x"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
            max_leaves=6,
        ),
        max_size=5,
    ).map(lambda value: msgspec.json.encode(_small(value))),
)


def _small(value: object) -> object:
    """Integers as far as JSON encoders take them."""
    if isinstance(value, dict):
        return {key: _small(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_small(inner) for inner in value]
    return value % 2**63 if isinstance(value, int) and not isinstance(value, bool) else value


@settings(max_examples=150, deadline=None)
@given(TEXTS)
def test_lines_of_the_wire_are_read_or_refused(line: bytes) -> None:
    """With ValueError, which is what both sides expect; what is accepted keeps the rules."""
    for decode in (wire.decode_token, wire.decode_hello, wire.decode_ack, wire.decode_frame):
        try:
            found = decode(line)
        except ValueError:
            continue
        if isinstance(found, wire.Hello):
            assert wire.decode_hello(wire.encode(found)) == found


@settings(max_examples=200, deadline=None)
@given(
    st.text(max_size=60) | st.from_regex(r"(unix|tcp|tls):.{0,20}(:\d{0,6})?"),
    st.lists(st.text(max_size=30), max_size=20),
)
def test_addresses_and_filters_are_read_or_refused(address: str, clauses: list[str]) -> None:
    """With ConfigError; an address that is accepted comes back from its own text."""
    with suppress(ConfigError):
        found = parse_address(address)
        assert parse_address(str(found)) == found
    with suppress(ConfigError):
        parse_filter(clauses)


@settings(max_examples=150, deadline=None)
@given(JUMBLED)
def test_an_event_is_read_or_refused(line: bytes) -> None:
    """What is read is written as something that is read again."""
    try:
        event = decode_event(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    assert decode_event(encode_event(event)) == event


@settings(max_examples=150, deadline=None)
@given(JUMBLED | damaged())
def test_a_journal_of_any_bytes_is_opened_or_refused(content: bytes) -> None:
    """What is opened holds only whole episodes, in order; opening it again finds the same and repairs nothing."""
    storage = MemoryStorage()
    storage.files[FIRST] = bytearray(content)
    try:
        past = Past(storage, Index())
    except InputError:
        return
    for index in range(past.committed):
        try:
            assert past.outcome(index) is not None
        except InputError:  # a row whose head can be read and whose rest cannot
            continue
    again = Past(storage, Index())
    assert (again.committed, again.repaired) == (past.committed, 0)


@settings(max_examples=150, deadline=None)
@given(damaged())
def test_damage_in_what_was_durable_is_never_taken_for_the_truth(content: bytes) -> None:
    """With the index that was kept beside it, a journal is as it was, or the change is noticed."""
    storage, index = MemoryStorage(), Index()
    storage.files[FIRST] = bytearray(WHOLE)
    Past(storage, index)
    storage.files[FIRST] = bytearray(content)
    try:
        Past(storage, index)
    except InputError:
        return
    assert bytes(storage.files[FIRST])[: len(WHOLE)] == WHOLE


@pytest.mark.parametrize("deep", [b"[" * 100_000, b'{"row":' * 100_000, b'{"event":"finished","row":' + b"[" * 100_000])
def test_what_is_nested_too_deeply_is_refused_like_anything_else(deep: bytes) -> None:
    """Decoders give up on it in a way of their own; an endpoint must not end a run by it."""
    for decode in (wire.decode_token, wire.decode_hello, wire.decode_ack, wire.decode_frame):
        with pytest.raises(ValueError, match=r"."):
            decode(deep)
    with pytest.raises(Trouble):
        read_reply(deep, content_type="application/json", structured=True)
    storage = MemoryStorage()
    storage.files[FIRST] = bytearray(WHOLE + deep + b"\n")
    assert Past(storage, Index()).repaired == len(deep) + 1


def test_an_answer_that_is_not_utf_8_is_refused() -> None:
    """Wherever in it: arguments of a call are kept as they came, and were not looked at before."""
    call = b'{"id":"a","function":{"name":"f","arguments":"\xb0}"}}'
    with pytest.raises(Trouble):
        read_reply(b'{"choices":[{"message":{"tool_calls":[%b]}}]}' % call, content_type="json", structured=False)


@settings(max_examples=60, deadline=None)
@given(JUMBLED | damaged())
def test_what_is_saved_from_any_bytes_is_a_journal(content: bytes) -> None:
    """And every row in it is one that was written."""
    with TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), DirectoryStorage(Path(folder, "new"))
        old.mkdir()
        (old / FIRST).write_bytes(content)
        salvage(old, new)
        journal = open_journal(new)
        past = journal.past
        for index in range(len(past.places)):
            outcome = past.outcome(index)
            assert outcome is None or outcome.row is not None
        anyio.run(journal.aclose)
        assert (new.path / INDEX).exists()
        for read in (read_rows, read_ends):
            try:
                list(read(old))
            except InputError:
                continue
