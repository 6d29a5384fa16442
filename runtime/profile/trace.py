"""A trace for Perfetto or chrome://tracing: one track per episode, in the JSON array form of Chrome's trace events."""

from __future__ import annotations

from pathlib import Path

import msgspec

from ..errors import OutputError
from .here import Event

EPISODES = 1
"""The process number under which all tracks stand."""


class Trace:
    """Writes the steps of every so-manieth episode, each when it ends."""

    def __init__(self, path: Path, every: int) -> None:
        """Replaces the file. `every`: episodes of which one is kept.

        Raises:
            OutputError: the file cannot be written.
        """
        self.every = every
        self._path = path
        self._encoder = msgspec.json.Encoder()
        try:
            self._file = path.open("wb")
            self._file.write(b"[\n")
        except OSError as error:
            raise self._unwritten(error) from None
        self._line({"name": "process_name", "ph": "M", "pid": EPISODES, "args": {"name": "episodes"}})
        self.episodes = 0
        """Tracks written."""

    def wants(self, index: int) -> bool:
        """Whether the episode with this index gets a track."""
        return index % self.every == 0

    def keep(self, index: int, name: str, begun: int, done: int, events: list[Event]) -> None:
        """Write one episode's track: its steps lie within each other by time. Raises OutputError."""
        named = {"name": f"episode {index}"}
        self._line({"name": "thread_name", "ph": "M", "pid": EPISODES, "tid": index, "args": named})
        whole: Event = (name, begun, done)
        for event, start, end in sorted((whole, *events), key=lambda one: (one[1], -one[2])):
            # The tracks' unit is the microsecond.
            times = {"ts": start / 1000, "dur": (end - start) / 1000}
            self._line({"name": event, "ph": "X", "pid": EPISODES, "tid": index, **times})
        self.episodes += 1

    def close(self) -> None:
        """End the array. Idempotent. Raises OutputError."""
        if self._file.closed:
            return
        try:
            # The array must not end with a comma, so the last element is an empty one.
            self._file.write(b'{"name":"end","ph":"M","pid":1}\n]\n')
            self._file.close()
        except OSError as error:
            raise self._unwritten(error) from None

    def _line(self, event: dict[str, object]) -> None:
        try:
            self._file.write(self._encoder.encode(event) + b",\n")
        except OSError as error:
            raise self._unwritten(error) from None

    def _unwritten(self, error: OSError) -> OutputError:
        return OutputError(f"cannot write the trace to {self._path}: {error.strerror}")
