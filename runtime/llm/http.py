"""A model behind an OpenAI-compatible endpoint."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager

import anyio

from ..bus import Clock
from ..errors import EndpointError, EndpointFault, ModelFault
from ..model import SIMULATED, ModelReply, ModelRequest
from ..profile.here import step
from .direct import Direct
from .ledger import EndpointStatistics, Ledger
from .outage import Outage
from .rate import Pace
from .raw import RawLog
from .replicas import Replica, Replicas
from .reply import Reading, Silence, read
from .retry import Retries, RetryPolicy
from .spec import ModelSpec
from .stream import Assembly, Events
from .transport import ERROR_BYTES, Carrier, Transport, too_large
from .trouble import Trouble, from_status, names_format
from .wire import Dialect, encode

Sleep = Callable[[float], Awaitable[None]]


class HttpModel:
    """Answers requests over HTTP. Open it with `async with`; any number of tasks of one loop may call it."""

    def __init__(
        self,
        spec: ModelSpec,
        *,
        policy: RetryPolicy | None = None,
        raw: RawLog | None = None,
        carrier: Carrier | None = None,
        dice: random.Random | None = None,
        clock: Clock = time.perf_counter_ns,
        now: Callable[[], float] = time.time,
        sleep: Sleep = anyio.sleep,
    ) -> None:
        """`carrier` takes requests there; when None our own, or aiohttp where answers are streamed or proxies are used.

        `dice` jitters waits, `clock` measures them, `now` is the time of day for dates in Retry-After.
        """
        self._spec = spec
        self._policy = policy or RetryPolicy()
        self._raw = raw
        self._dice = dice or random.Random()
        self._clock = clock
        self._now = now
        self._sleep = sleep
        self._transport = carrier or (Transport(spec) if spec.stream or spec.use_proxies else Direct(spec))
        self._dialect = Dialect()
        self._replicas = Replicas(spec.base_urls, spec.concurrency, clock)
        self._ledger = Ledger()
        bounded = spec.rate.requests is not None or spec.rate.tokens is not None
        self._pace = Pace(spec.rate, clock, sleep) if bounded else None
        self._outage = Outage(spec.outage_seconds, clock)

    async def __aenter__(self) -> HttpModel:
        await self._transport.__aenter__()
        return self

    async def __aexit__(self, *raised: object) -> None:
        await self._transport.__aexit__(*raised)

    def keep_raw(self, raw: RawLog | None) -> None:
        """Where raw replies go from now on; None for nowhere."""
        self._raw = raw

    @property
    def simulated(self) -> bool:
        """Whether a reply said that it came from the simulated model."""
        return SIMULATED in self._ledger.served

    def statistics(self) -> EndpointStatistics:
        """What happened so far."""
        limiters = {replica.base_url: replica.limiter.statistics() for replica in self._replicas.all}
        return self._ledger.statistics(self._transport.resent, limiters)

    async def complete(self, request: ModelRequest) -> ModelReply:
        """Answer one request, after as many attempts as the policy allows.

        Raises:
            ModelFault: this conversation cannot be answered: longer than the context, refused by a content filter.
            EndpointFault: no usable answer after the last attempt.
            EndpointError: key, model or address are wrong, or the endpoint never answered anything, or it stopped.
        """
        retries = Retries(self._policy, self._dice)
        begun = self._clock()
        stream, stalled = self._spec.stream, False
        while True:
            version = self._dialect.version
            body = encode(request, self._spec, self._dialect, stream=stream)
            replica = self._replicas.choose(request)
            patience = self._spec.read_seconds if stalled else self._ledger.usual(self._spec.read_seconds)
            try:
                reading = await self._attempt(replica, request, body, patience, stream=stream)
            except Trouble as trouble:
                stream = stream and trouble.reason != "repeated_chunk"
                stalled = stalled or trouble.reason == "timeout"
                if (trouble.remedy == "refused" or names_format(trouble)) and self._learnt(trouble, request, version):
                    continue
                if self._outage.failed(trouble) and self._ledger.answered:
                    line = f"{self._where(replica)}: stopped answering, the last: {self._said(trouble)}"
                    raise EndpointError(line) from None
                wait = retries.delay(trouble, (self._clock() - begun) / 1e9, proven=self._ledger.answered > 0)
                if wait is None:
                    return self._give_up(trouble, replica)
            else:
                return self._accept(reading)
            with step("pause before a repetition"):
                await self._sleep(wait)

    async def _attempt(
        self, replica: Replica, request: ModelRequest, body: bytes, patience: float, *, stream: bool
    ) -> Reading:
        """Send the request once; `patience` is the most seconds of silence. Raises Trouble."""
        replica.assigned += 1
        try:
            with step("slot wait"):
                reckoned = await self._pace.wait() if self._pace is not None else 0.0
                sent = await replica.limiter.acquire()
            try:
                self._ledger.requests += 1
                exchange = self._streamed if stream else self._whole
                with step("request"):
                    reading = await exchange(replica, request, body, patience)
            except Trouble as trouble:
                self._ledger.troubles[trouble.reason] += 1
                if trouble.remedy == "ease":
                    replica.limiter.congested(sent)
                if trouble.remedy in ("ease", "wait"):
                    replica.failures += 1
                raise
            finally:
                replica.limiter.release()
        finally:
            replica.assigned -= 1
        replica.failures = 0
        self._outage.answered()
        replica.limiter.succeeded(sent)
        if self._pace is not None:
            usage = reading.reply.usage
            self._pace.answered(usage.prompt_tokens + usage.completion_tokens, reckoned)
        self._ledger.latency.record(self._clock() - sent)
        return reading

    async def _whole(self, replica: Replica, request: ModelRequest, body: bytes, patience: float) -> Reading:
        answer = await self._transport.post(replica.url, body, patience)
        if answer.status != 200:
            raise from_status(answer.status, answer.headers, answer.body, self._now)
        structured = request.response_format is not None
        if self._raw is None:
            return read(answer.body, content_type=answer.content_type, structured=structured)
        with self._kept(request, body, [answer.body]):
            return read(answer.body, content_type=answer.content_type, structured=structured)

    async def _streamed(self, replica: Replica, request: ModelRequest, body: bytes, patience: float) -> Reading:
        events, received, kept = Events(), 0, list[bytes]()
        assembly = Assembly(self._clock(), self._clock, self._ledger.times)
        async with self._transport.open(replica.url, body, patience) as response:
            if response.status != 200:
                said = await anext(response.pieces(), b"")
                raise from_status(response.status, response.headers, said[:ERROR_BYTES], self._now)
            with self._kept(request, body, kept):
                if "event-stream" not in response.headers.get("Content-Type", ""):
                    raise Trouble("no_stream", "wait", "the answer is not a stream of events")
                async for piece in response.pieces():
                    received += len(piece)
                    if received > self._spec.max_bytes:
                        raise too_large(self._spec.max_bytes)
                    kept.append(piece)
                    for data in events.feed(piece):
                        assembly.add(data)
                if assembly.repeated:
                    raise Trouble("repeated_chunk", "wait", "two equal chunks in a row; asking again without streaming")
                return assembly.result(structured=request.response_format is not None)

    def _learnt(self, refusal: Trouble, request: ModelRequest, version: int) -> bool:
        """Whether the same request, encoded again, would be another one."""
        learnt = self._dialect.adapt(refusal.detail, request, version)
        if learnt:
            self._ledger.adaptations[learnt] += 1
        return bool(learnt)

    def _accept(self, reading: Reading) -> ModelReply:
        self._ledger.deviations.update(reading.deviations)
        if reading.reasoning_key:
            self._dialect.learn_reasoning(reading.reasoning_key)
        return self._count(reading.reply)

    def _count(self, reply: ModelReply) -> ModelReply:
        ledger = self._ledger
        ledger.answered += 1
        ledger.served[reply.model] += 1
        ledger.prompt_tokens += reply.usage.prompt_tokens
        ledger.completion_tokens += reply.usage.completion_tokens
        return reply

    def _give_up(self, trouble: Trouble, replica: Replica) -> ModelReply:
        """What a request comes to whose last attempt failed."""
        if isinstance(trouble, Silence) and trouble.chosen:  # twice: the model has nothing to say, it is its answer
            return self._count(trouble.reply)
        detail = self._spec.key.redact(trouble.detail)
        if trouble.remedy == "request":
            raise ModelFault(trouble.reason, detail)
        if trouble.remedy == "settings" or (self._ledger.answered == 0 and trouble.remedy != "once"):
            raise EndpointError(f"{self._where(replica)}: {self._said(trouble)}")
        raise EndpointFault(trouble.reason, detail)

    def _where(self, replica: Replica) -> str:
        return f"{replica.base_url}: model {self._spec.name!r}"

    def _said(self, trouble: Trouble) -> str:
        """What happened, without secrets."""
        return f"{trouble.reason}: {self._spec.key.redact(trouble.detail)}"

    @contextmanager
    def _kept(self, request: ModelRequest, sent: bytes, body: list[bytes]) -> Generator[None]:
        """Hand the body to the raw log in the end, whether it could be read or not."""
        fault = ""
        try:
            yield
        except Trouble as trouble:
            fault = trouble.reason
            raise
        finally:
            if self._raw is not None:
                text = b"".join(body).decode("utf-8", "replace")
                self._raw.keep(request, sent, self._spec.key.hide(text), fault)
