"""The places a run writes to: its run directory, the file or stream for rows, the copy of the summary.

All are tried before anything is synthesised, so that hours of work do not end at a missing folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import yaml
from pydantic import JsonValue

from ..agents.prompt_set import PromptSet
from ..runtime.config import RunConfig
from ..runtime.continued import ContinuedFile
from ..runtime.errors import ConfigError, InputError, OutputError
from ..runtime.following import Follower, FollowingSink
from ..runtime.journal import SegmentJournal, open_journal
from ..runtime.journal.lock import RunLock
from ..runtime.journal.reader import OLD_JOURNAL
from ..runtime.journal.segments import segment_numbers
from ..runtime.sinks import FileSink, Sink, StdoutSink
from ..runtime.storage import DirectoryStorage, Storage
from .settings_diff import difference

RUNS = Path("runs")
STDOUT = "-"
IDENTITY = "identity.json"
SUMMARY = "summary.json"
LINES = ("timings.jsonl", "raw.jsonl", "run.log")
"""Files that a killed process may leave with half a last line."""


@dataclass(frozen=True)
class Outputs:
    """Where the files and rows of one run go, all known to be writable."""

    directory: Path
    storage: DirectoryStorage
    sinks: tuple[Sink, ...]
    """A file: it is given each row before the next is committed."""
    followers: tuple[Follower, ...]
    """Stdout or a named pipe: whoever reads them may be slow, so they follow the journal."""
    summary: Path | None
    """Where a copy of the summary is wanted."""
    journal: SegmentJournal
    lock: RunLock
    """Held while the run goes on."""

    def begin(self) -> None:
        """The run begins: the summary of an earlier session is not that of this one."""
        (self.directory / SUMMARY).unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        """Events, one JSON object per line."""
        return self.directory / "run.log"

    @property
    def servers_log(self) -> Path:
        """What MCP servers wrote to their standard error."""
        return self.directory / "servers.log"

    @property
    def crash(self) -> Path:
        """The traceback of a bug that ended the run."""
        return self.directory / "crash.log"


def open_outputs(config: RunConfig, now: datetime, hide: Callable[[str], str] = str) -> Outputs:
    """Make the run directory and open what rows are written to; `now` names a directory that has no name given.

    Raises:
        ConfigError: `resume` names no directory.
        InputError: the run that should be resumed is not there, is of an older version, or is damaged.
        OutputError: one of the places cannot be written, or already holds what would be lost or mixed up.
    """
    _check_summary(config.summary)
    if config.resume != "never" and config.run is None:
        raise ConfigError(f"--resume {config.resume} needs --run DIR: the directory of the run to go on with")
    continues = config.run is not None and _continues(config.run, config)
    sink = None if continues else _open_rows(config.out, overwrite=config.overwrite)
    storage = DirectoryStorage(config.run or _fresh_directory(config, now), hide)
    lock = RunLock(storage.path)
    if continues:
        for name in LINES:
            _mend(storage, name)
    journal = open_journal(storage)
    if not continues:
        settings = {name: value for name, value in config.public().items() if name != "config"}  # a file names no other
        storage.write_text("config.yaml", yaml.safe_dump(settings, sort_keys=False, allow_unicode=True))
    if config.out != STDOUT and config.overwrite and Path(config.out).is_file():
        os.truncate(config.out, 0)  # last, when nothing else can refuse any more
    sink = sink or _open_rows(config.out, overwrite=config.overwrite or journal.past.committed > 0)
    sinks, followers = _continued(sink, config.out, journal)
    return Outputs(storage.path, storage, sinks, followers, config.summary, journal, lock)


def write_identity(storage: Storage, identity: dict[str, JsonValue], *, continues: bool = False) -> None:
    """Keep beside the settings what the run was made of: digest, tools, versions.

    Raises:
        ConfigError: the run `continues`, but would now be another one.
        OutputError: the file cannot be read or written.
    """
    if continues and storage.exists(IDENTITY):
        with storage.open_read(IDENTITY) as file:
            before = file.read()
        if other := difference(before, identity):
            raise ConfigError(
                f"the run was made with other settings: {other}; resume it with the settings in its config.yaml, "
                "or give another --run"
            )
    storage.write_text(IDENTITY, json.dumps(identity, indent=2, ensure_ascii=False) + "\n")


def _continues(run: Path, config: RunConfig) -> bool:
    """Whether there is a run in the directory, and it is wanted."""
    if (run / OLD_JOURNAL).exists():
        kind = OutputError if config.resume == "never" else InputError
        raise kind(f"{run}: already holds a run of an older version ({OLD_JOURNAL}); give another --run")
    there = run.is_dir() and bool(segment_numbers(DirectoryStorage(run)))
    if there and config.resume == "never":
        raise OutputError(f"{run}: already holds a run; go on with it (--resume always), or give another --run")
    if not there and config.resume == "always":
        raise InputError(f"{run}: holds no run to resume; --resume if-possible begins one")
    return there


def _continued(sink: Sink, out: str, journal: SegmentJournal) -> tuple[tuple[Sink, ...], tuple[Follower, ...]]:
    """The sink, told what it was given in earlier sessions of the run: a file reads it, a stream's place is kept."""
    if isinstance(sink, FileSink) and sink.regular:
        return (ContinuedFile(sink, Path(out).open("rb"), sink.truncate, out),), ()
    return (), (FollowingSink(sink, journal, out).follow,)


def _mend(storage: DirectoryStorage, name: str) -> None:
    """Cut half a last line off a file."""
    path = storage.path / name
    if not path.exists():
        return
    data = path.read_bytes()
    whole = data.rfind(b"\n") + 1
    if whole < len(data):
        os.truncate(path, whole)


def write_prompts(storage: Storage, prompts: PromptSet) -> None:
    """Keep the texts that are not the built-in ones: their hash would not bring them back. Raises OutputError."""
    changed = {name: prompts.texts[name] for name in prompts.changed}
    storage.write_text("prompts.json", json.dumps(changed, indent=2, ensure_ascii=False) + "\n")


def _fresh_directory(config: RunConfig, now: datetime) -> Path:
    """`runs/<time>-<digest>`, with a number when another run of these settings began in the same second."""
    name = f"{now:%Y%m%dT%H%M%SZ}-{config.digest(seed=config.seed)[:6]}"
    try:
        RUNS.mkdir(exist_ok=True)
        for number in count(1):
            path = RUNS / (name if number == 1 else f"{name}-{number}")
            try:
                path.mkdir()
            except FileExistsError:
                continue
            return path
    except OSError as error:
        raise OutputError(f"cannot make a run directory in {RUNS}: {error.strerror}; give --run DIR") from None
    raise AssertionError("count never ends")


def _open_rows(out: str, *, overwrite: bool) -> Sink:
    """Refuses to append to what somebody may need."""
    if out == STDOUT:
        try:
            return StdoutSink()
        except OSError as error:
            raise OutputError(f"cannot write rows to stdout: {error.strerror}") from None
    path = Path(out)
    if not overwrite and path.is_file() and path.stat().st_size > 0:
        raise OutputError(f"{out}: already holds something; give --overwrite to replace it")
    return FileSink(path)


def _check_summary(summary: Path | None) -> None:
    if summary is None:
        return
    try:
        with summary.open("ab"):
            pass
    except OSError as error:
        raise OutputError(f"cannot write the summary to {summary}: {error.strerror}") from None
