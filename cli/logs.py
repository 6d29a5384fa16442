"""The log of a run: JSON lines in a file, with warnings and above repeated as one line on stderr."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor, WrappedLogger

from ..runtime.errors import OutputError
from .safe import one_line

LOUD = ("warning", "error", "critical")
FIELD_WIDTH = 200
"""Characters of one field that are repeated on stderr."""


@contextmanager
def open_log(path: Path, level: str, hide: Callable[[str], str] = str) -> Generator[FilteringBoundLogger]:
    """A logger into the file; what libraries log through `logging` goes there too, and not to the terminal.

    Every text goes through `hide`.

    Raises:
        OutputError: the file cannot be opened.
    """
    try:
        file = path.open("a", encoding="utf-8", buffering=1)
    except OSError as error:
        raise OutputError(f"cannot write the log to {path}: {error.strerror}") from None
    threshold = logging.getLevelNamesMapping()[level.upper()]
    with file:
        ours = _logger(file, threshold, hide, loud=True)
        handler = _Forward(_logger(file, threshold, hide, loud=False))
        root = logging.getLogger()
        before = root.level
        root.addHandler(handler)
        root.setLevel(max(threshold, logging.INFO))  # libraries' debug output may hold whole requests
        try:
            yield ours
        finally:
            root.removeHandler(handler)
            root.setLevel(before)


class _Forward(logging.Handler):
    """Passes the records of `logging` on as events."""

    def __init__(self, logger: FilteringBoundLogger) -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        self._logger.log(record.levelno, record.getMessage(), source=record.name)


def _logger(file: TextIO, threshold: int, hide: Callable[[str], str], *, loud: bool) -> FilteringBoundLogger:
    def hidden(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {key: value if isinstance(value, int | float) else hide(str(value)) for key, value in event.items()}

    processors: list[Processor] = [
        hidden,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([_repeat_on_stderr] if loud else []),
        structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
    ]
    logger: object = structlog.wrap_logger(
        structlog.WriteLogger(file),
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        cache_logger_on_first_use=True,
    )
    return cast("FilteringBoundLogger", logger)


def _repeat_on_stderr(_logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """One line for the person; `sys.stderr` is looked up each time because the live panel stands in for it."""
    if method in LOUD:
        fields = " ".join(f"{key}={_short(event[key])}" for key in event if key not in ("event", "level", "timestamp"))
        sys.stderr.write(f"tdscaling: {method}: {event['event']}{' ' if fields else ''}{fields}\n")
    return event


def _short(value: object) -> str:
    text = one_line(str(value))
    return text if len(text) <= FIELD_WIDTH else f"{text[:FIELD_WIDTH]}…"
