"""Server-sent events of a streamed answer, put together again, with the times at which tokens came."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from ..bus import Clock
from ..profile.here import noted
from ..telemetry import LogHistogram
from .reply import Reading, WireCall, WireChoice, WireFunction, WireMessage, WireReply, assemble, decode
from .trouble import Trouble

DONE = b"[DONE]"


class TokenTimes:
    """How long the first token and each further piece took."""

    def __init__(self) -> None:
        self.first = LogHistogram()
        """From the request to the first piece of text, reasoning or call."""
        self.between = LogHistogram()
        """Between two such pieces."""


class Events:
    """Cuts a byte stream into the data of its events."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The data of the lines that are complete now. Comments and other fields are left out."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield line[5:].strip()


class Assembly:
    """One streamed answer in the making."""

    def __init__(self, sent: int, clock: Clock, times: TokenTimes) -> None:
        """`sent`: when the request was sent, on this clock."""
        self._clock = clock
        self._times = times
        self._last = sent
        self._started = self._done = False
        self._content: list[str] = []
        self._reasoning: dict[str, list[str]] = {"reasoning_content": [], "reasoning": []}
        self._calls: dict[int, WireCall] = {}  # {index: call so far}
        self._arguments: dict[int, list[str]] = {}  # {index: pieces}
        self._logprobs: list[bytes] = []
        self._finish: str | None = None
        self._whole = WireReply()
        self._before = b""
        self.repeated = False
        """A chunk came twice in a row. Nobody can tell a repeated token from one that was sent twice."""

    def add(self, data: bytes) -> None:
        """Take the data of one event. Raises Trouble when it is not a chunk or reports an error."""
        if data == DONE:
            self._done = True
            return
        chunk = decode(data)
        self._whole.model = chunk.model or self._whole.model
        self._whole.usage = chunk.usage or self._whole.usage
        for choice in chunk.choices or ():
            self._finish = choice.finish_reason or self._finish
            if choice.delta is not None and self._take(choice.delta):
                self._stamp()
                self.repeated = self.repeated or data == self._before
            if bytes(choice.logprobs) != b"null":
                self._logprobs.append(bytes(choice.logprobs))
        self._before = data

    def result(self, *, structured: bool) -> Reading:
        """The whole answer. Raises Trouble when the stream ended early, or as `assemble` does."""
        if self._finish is None or not self._done:
            raise Trouble("truncated_stream", "wait", "the stream ended without a finish reason or [DONE]")
        for index, pieces in self._arguments.items():
            function = self._calls[index].function or WireFunction()
            self._calls[index].function = WireFunction(function.name, _joined(pieces))
        message = WireMessage(
            content="".join(self._content) if self._content else None,
            reasoning="".join(self._reasoning["reasoning"]),
            reasoning_content="".join(self._reasoning["reasoning_content"]),
            tool_calls=[self._calls[index] for index in sorted(self._calls)] or None,
        )
        logprobs = msgspec.Raw(b"[" + b",".join(self._logprobs) + b"]") if self._logprobs else msgspec.Raw(b"null")
        choice = WireChoice(finish_reason=self._finish, logprobs=logprobs)
        return assemble(message, choice, self._whole, [], structured=structured)

    def _take(self, delta: WireMessage) -> bool:
        """Keep a piece; whether there was anything in it."""
        something = False
        if isinstance(delta.content, str) and delta.content:
            self._content.append(delta.content)
            something = True
        for key, text in (("reasoning_content", delta.reasoning_content), ("reasoning", delta.reasoning)):
            if isinstance(text, str) and text:
                self._reasoning[key].append(text)
                something = True
        for call in delta.tool_calls or ():
            self._take_call(call)
            something = True
        return something

    def _take_call(self, piece: WireCall) -> None:
        """A call's first piece has its id and name, the others more of its arguments."""
        function = piece.function or WireFunction()
        index = piece.index if piece.index is not None else self._implied_index(piece)
        call = self._calls.setdefault(index, WireCall(index, piece.id, WireFunction()))
        call.id = call.id or piece.id
        if call.function is not None:
            call.function.name = call.function.name or function.name
        raw = bytes(function.arguments)
        if raw != b"null":
            text = msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()
            self._arguments.setdefault(index, []).append(text)

    def _implied_index(self, piece: WireCall) -> int:
        """Where a server leaves indices out: a new id or name begins a new call."""
        starts = bool(piece.id or (piece.function and piece.function.name))
        return len(self._calls) if starts or not self._calls else max(self._calls)

    def _stamp(self) -> None:
        now = self._clock()
        (self._times.between if self._started else self._times.first).record(now - self._last)
        noted("between tokens" if self._started else "first token", now - self._last)
        self._last = now
        self._started = True


def _joined(pieces: list[str]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode("".join(pieces)))
