"""Coverage-guided fuzzing of the parsers that read bytes from outside: each answers with a value or its own error.

    pip install atheris
    .venv/bin/python bench/fuzz_parsers.py [--runs 200000] [--corpus FOLDER]

The first byte of an input chooses the parser: lines of the stream's wire, events of a journal, a whole journal,
replies and streams of model endpoints, requests to the served model, foreign rows, lists of tools, addresses, filters.
Every other exception ends the fuzzing with the input that raised it. Begins with a valid example of each, also a deeply
nested one.
"""

from __future__ import annotations

import argparse
import importlib
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from tdscaling.agents.sim.server.wire import BadRequest, read_body, to_request
from tdscaling.evolution.catalogs.decode import Malformed
from tdscaling.evolution.catalogs.tool_lists import decode_lines, lists_in
from tdscaling.runtime.errors import ConfigError, InputError
from tdscaling.runtime.foreign import form_of, unfold
from tdscaling.runtime.journal import Finished, decode_event, encode_event
from tdscaling.runtime.journal.index import Index
from tdscaling.runtime.journal.past import Past
from tdscaling.runtime.journal.segments import segment_name
from tdscaling.runtime.llm.reply import read
from tdscaling.runtime.llm.stream import DONE, Assembly, Events, TokenTimes
from tdscaling.runtime.llm.trouble import Trouble
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.runtime.streaming import wire
from tdscaling.runtime.streaming.address import parse_address
from tdscaling.runtime.streaming.filter import parse_filter
from tdscaling.tests.runtime.play import completed, row


def journal(data: bytes) -> None:
    """Open it, and ask for every episode."""
    storage = MemoryStorage()
    storage.files[segment_name(0)] = bytearray(data)
    past = Past(storage, Index())
    for index in range(min(past.committed, 100)):
        past.outcome(index)


def stream(data: bytes) -> None:
    """The events of a streamed answer."""
    events, assembly = Events(), Assembly(0, lambda: 0, TokenTimes())
    for event in events.feed(data):
        assembly.add(event)
    assembly.result(structured=False)


def foreign(data: bytes) -> None:
    """One record of somebody else's file."""
    record: object = msgspec.json.decode(data)
    if isinstance(record, dict) and (form := form_of(record)) is not None:
        list(unfold(record, form))


DECODE: tuple[type[Exception], ...] = (msgspec.DecodeError, UnicodeError, RecursionError)
TARGETS: tuple[tuple[Callable[[bytes], object], tuple[type[Exception], ...]], ...] = (
    (wire.decode_token, (ValueError,)),
    (wire.decode_hello, (ValueError,)),
    (wire.decode_ack, (ValueError,)),
    (wire.decode_frame, (ValueError,)),
    (decode_event, DECODE),
    (journal, (InputError,)),
    (lambda data: read(data, content_type="application/json", structured=True), (Trouble,)),
    (stream, (Trouble,)),
    (lambda data: to_request(read_body(data), "sim"), (BadRequest,)),
    (foreign, DECODE),
    (lambda data: lists_in(decode_lines(data), "list"), (Malformed,)),
    (lambda data: parse_address(data.decode(errors="replace")), (ConfigError,)),
    (lambda data: parse_filter([data.decode(errors="replace")]), (ConfigError,)),
)
_CHUNK = b'data: {"choices":[{"delta":{"content":"hi","tool_calls":[{"index":0,"id":"a","function":{"name":"f"}}]}}]}\n'
EXAMPLES = (
    b'{"token":"x"}',
    b'{"from":"earliest","name":"a","filter":{"a.b":[1,"x",null]},"protocol":1}',
    b'{"ack":7}',
    b'{"seq":1,"row":{"id":"x"}}',
    encode_event(Finished(0, row(0).id, row(0))),
    encode_event(Finished(0, row(0).id, row(0))) + b'{"event":"committed","index":0,"id":"x","accepted":true}\n',
    b'{"choices":[{"message":{"content":"hi","tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]}}]}',
    _CHUNK + b'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\ndata: ' + DONE + b"\n",
    b'{"model":"sim","messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function","function":{"name":"f"}}]}',
    msgspec.json.encode({"messages": completed(0).row, "conversations": [{"from": "human", "value": "x"}]}),
    b'{"tools":[{"name":"f","inputSchema":{"type":"object"}}]}',
    b"tls:[::1]:7000",
    b"assignment.mode=chain,1,true",
)


def one(data: bytes) -> None:
    """One input to one parser."""
    if not data:
        return
    target, allowed = TARGETS[data[0] % len(TARGETS)]
    try:
        target(data[1:])
    except allowed:
        return


def main() -> None:
    """See the module."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=200_000)
    parser.add_argument("--corpus", type=Path, help="a folder in which inputs are kept that reach something new")
    given = parser.parse_args()
    try:
        atheris: Any = importlib.import_module("atheris")
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris")
    for number, example in enumerate(EXAMPLES):  # what is wrong without any search is said at once
        for spoilt in (example, b"[" * 100_000, b'{"x":' * 100_000, b'{"row":' + b"[" * 100_000 + b"\n", example[:-3]):
            one(bytes([number]) + spoilt)
    with tempfile.TemporaryDirectory() as folder:
        corpus = given.corpus or Path(folder)
        corpus.mkdir(exist_ok=True)
        for number, example in enumerate(EXAMPLES):
            (corpus / f"example-{number}").write_bytes(bytes([number]) + example)
        atheris.instrument_all()
        atheris.Setup(
            [sys.argv[0], f"-atheris_runs={given.runs}", "-max_len=4096", f"-artifact_prefix={corpus}/", str(corpus)],
            one,
        )
        atheris.Fuzz()


if __name__ == "__main__":
    main()
