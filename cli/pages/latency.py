"""Where the time of episodes went, by stage, from the timings.jsonl of a run; also while it grows."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ...runtime.telemetry import NS_PER_MS, LogHistogram

TIMINGS = "timings.jsonl"


class _Stage(msgspec.Struct):
    hops: int
    wait_ms: float
    service_ms: float


class _Timing(msgspec.Struct):
    total_ms: float
    stages: dict[str, _Stage]


class StageTime(msgspec.Struct, frozen=True):
    """One stage over all episodes. Times are milliseconds and add up the stage's hops within an episode."""

    name: str
    episodes: int
    """Episodes that came through it."""
    hops: int
    wait: float
    """Mean over the episodes: time in the stage's queue, and for its slot."""
    service: float
    """Mean over the episodes: time in the stage itself."""
    p50: float
    """Percentiles over the episodes, of wait and service together."""
    p90: float
    p99: float


class Latency(msgspec.Struct, frozen=True):
    """Where time went."""

    episodes: int
    p50: float
    """Of a whole episode, from admission to outcome, in milliseconds."""
    p90: float
    p99: float
    stages: tuple[StageTime, ...]


class _Sum:
    """What one stage came to."""

    def __init__(self) -> None:
        self.episodes = 0
        self.hops = 0
        self.wait = 0.0
        self.service = 0.0
        self.both = LogHistogram()


class Clock:
    """Reads a timings file on from where it was left."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / TIMINGS
        self._offset = 0
        self._decoder = msgspec.json.Decoder(_Timing)
        self._total = LogHistogram()
        self._stages: dict[str, _Sum] = {}

    def read(self) -> None:
        """Take what was added. A missing file, half a last line and lines of another shape are passed over: the timings
        stand beside the data, and no page fails for them."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                for line in file:
                    if not line.endswith(b"\n"):
                        return
                    self._offset += len(line)
                    self._take(line)
        except OSError:
            return

    def latency(self) -> Latency | None:
        """What was read so far; None where nothing was."""
        if not self._total.count:
            return None
        whole = self._total.percentiles()
        return Latency(
            self._total.count,
            whole.p50,
            whole.p90,
            whole.p99,
            tuple(_time(name, found) for name, found in self._stages.items()),
        )

    def _take(self, line: bytes) -> None:
        try:
            timing = self._decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        self._total.record(int(timing.total_ms * NS_PER_MS))
        for name, stage in timing.stages.items():
            found = self._stages.setdefault(name, _Sum())
            found.episodes += 1
            found.hops += stage.hops
            found.wait += stage.wait_ms
            found.service += stage.service_ms
            found.both.record(int((stage.wait_ms + stage.service_ms) * NS_PER_MS))


def _time(name: str, found: _Sum) -> StageTime:
    at = found.both.percentiles()
    n = found.episodes
    return StageTime(name, n, found.hops, found.wait / n, found.service / n, at.p50, at.p90, at.p99)
