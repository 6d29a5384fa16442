"""`tdscaling runs`: the runs in a folder with their states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from cyclopts import Parameter

from ..runtime.errors import InputError
from .rundir import RUNS, SUMMARY
from .safe import safe
from .terminal import columns, out_console

State = Literal["running", "complete", "stopped", "ended", "killed", "old"]


class Settings(msgspec.Struct):
    """The part of config.yaml that is shown."""

    count: int = 0
    model: str = "?"


class Counts(msgspec.Struct):
    """The part of summary.json that is shown."""

    accepted: int
    attempts: int
    interrupted: bool


@dataclass(frozen=True)
class Found:
    """One run."""

    path: Path
    state: State
    accepted: int
    attempts: int
    wanted: int
    model: str
    size: int
    """Bytes of its files."""
    changed: float
    """When the newest of them was written, in seconds since the epoch."""


def runs(
    folder: Annotated[Path, Parameter(name="FOLDER")] = RUNS,
    /,
    *,
    as_json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    folder
        Where the run directories are.
    as_json
        One JSON object per run, one per line.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read: {error.strerror}") from None
    found = sorted((run for path in paths if (run := _look(path)) is not None), key=lambda run: (run.changed, run.path))
    console = out_console()
    if as_json:
        for run in found:
            console.print(msgspec.json.encode(run, enc_hook=str).decode(), soft_wrap=True)
        return 0
    if not found:
        raise InputError(f"{folder}: there is no run in it")
    lines = [("run", "state", "accepted", "wanted", "attempts", "MB", "last change", "model")]
    for run in found:
        when = f"{datetime.fromtimestamp(run.changed, UTC):%Y-%m-%d %H:%M}Z"
        size = f"{run.size / 1e6:,.1f}"
        name = safe(str(run.path))
        counts = (f"{run.accepted:,}", f"{run.wanted:,}", f"{run.attempts:,}")
        lines.append((name, run.state, *counts, size, when, safe(run.model)))
    columns(console, lines, left=(0, 1, 7))
    return 0


def _look(path: Path) -> Found | None:
    """The run in a directory; None when there is none."""
    from ..runtime.journal.reader import OLD_JOURNAL

    segments = sorted(path.glob("journal-*.jsonl"))
    old = (path / OLD_JOURNAL).exists()
    if not segments and not old:
        return None
    settings = _settings(path / "config.yaml")
    counts = _counts(path / SUMMARY)
    state = "old" if old else _state(path, counts, settings.count)
    if counts is None:
        counts = _counted(segments)
    files = [file.stat() for file in path.iterdir() if file.is_file()]
    return Found(
        path,
        state,
        counts.accepted,
        counts.attempts,
        settings.count,
        settings.model,
        sum(one.st_size for one in files),
        max(one.st_mtime for one in files),
    )


def _state(path: Path, counts: Counts | None, wanted: int) -> State:
    from ..runtime.journal.lock import is_locked

    if is_locked(path):
        return "running"
    if counts is None:
        return "killed"
    if counts.accepted >= wanted:
        return "complete"
    return "stopped" if counts.interrupted else "ended"


def _settings(path: Path) -> Settings:
    try:
        return msgspec.convert(yaml.safe_load(path.read_text(encoding="utf-8")), Settings)
    except (OSError, ValueError, yaml.YAMLError):  # msgspec's errors are ValueErrors
        return Settings()


def _counts(path: Path) -> Counts | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Counts)
    except (OSError, ValueError):
        return None


def _counted(segments: list[Path]) -> Counts:
    """From the commits in the journal, without looking into rows."""
    counts = Counts(0, 0, interrupted=True)
    for segment in segments:
        with segment.open("rb") as file:
            for line in file:
                if line.startswith(b'{"event":"committed"'):
                    counts.attempts += 1
                    counts.accepted += b'"accepted":true' in line
    return counts
