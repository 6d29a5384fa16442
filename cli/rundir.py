"""The places a run writes to: its run directory, the file or stream for rows, the copy of the summary.

All are tried before anything is synthesised, so that hours of work do not end at a missing folder.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from pathlib import Path

import yaml
from pydantic import JsonValue

from ..agents.prompt_set import PromptSet
from ..runtime.config import RunConfig
from ..runtime.errors import OutputError
from ..runtime.sinks import FileSink, Sink, StdoutSink
from ..runtime.storage import DirectoryStorage, Storage

RUNS = Path("runs")
JOURNAL = "journal.jsonl"
STDOUT = "-"


@dataclass(frozen=True)
class Outputs:
    """Where the files and rows of one run go, all known to be writable."""

    directory: Path
    storage: DirectoryStorage
    sink: Sink
    summary: Path | None
    """Where a copy of the summary is wanted."""

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


def open_outputs(config: RunConfig, now: datetime) -> Outputs:
    """Make the run directory and open what rows are written to; `now` names a directory that has no name given.

    Raises:
        OutputError: one of the places cannot be written, or already holds what would be lost or mixed up.
    """
    _check_summary(config.summary)
    sink = _open_rows(config.out, overwrite=config.overwrite)
    storage = DirectoryStorage(config.run) if config.run else _fresh_directory(config, now)
    if storage.exists(JOURNAL):
        raise OutputError(f"{storage.path}: already holds a run ({JOURNAL}); give another --run")
    storage.write_text("config.yaml", yaml.safe_dump(config.public(), sort_keys=False, allow_unicode=True))
    if config.out != STDOUT and config.overwrite and Path(config.out).is_file():
        os.truncate(config.out, 0)  # last, when nothing else can refuse any more
    return Outputs(storage.path, storage, sink, config.summary)


def write_identity(storage: Storage, identity: dict[str, JsonValue]) -> None:
    """Keep beside the settings what the run was made of: digest, tools, versions. Raises OutputError."""
    storage.write_text("identity.json", json.dumps(identity, indent=2, ensure_ascii=False) + "\n")


def write_prompts(storage: Storage, prompts: PromptSet) -> None:
    """Keep the texts that are not the built-in ones: their hash would not bring them back. Raises OutputError."""
    changed = {name: prompts.texts[name] for name in prompts.changed}
    storage.write_text("prompts.json", json.dumps(changed, indent=2, ensure_ascii=False) + "\n")


def _fresh_directory(config: RunConfig, now: datetime) -> DirectoryStorage:
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
            return DirectoryStorage(path)
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
