"""A run on show: what of its journal was taken up so far, and the pieces that a page asks for. Synchronous."""

from __future__ import annotations

import re
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from ...runtime.errors import OutputError
from ...runtime.journal import Committed, Finished, decode_event
from ...runtime.journal.lock import is_locked
from ...runtime.journal.reader import judged
from ...runtime.row import Row
from ..rundir import SUMMARY
from ..safe import one_line
from .following import Follower, Place
from .latency import Clock
from .settings import settings_of
from .shelf import ROWS, Tools, shelved
from .survey import Overview, Survey

STEP: Final = 200
"""Commits that are taken up at a time: a tenth of a second, for which a question may have to wait."""
_NAME: Final = re.compile(r"(?P<kind>[rct])(?P<number>\d{1,9})")


class _Shown(NamedTuple):
    """Where a row stands, and what it became."""

    place: Place
    commit: Committed
    twin: bool


class Live:
    """Follows one run directory. Of a row its entry and its place are kept; the journal holds the rest."""

    def __init__(self, directory: Path) -> None:
        """Raises InputError when the directory holds no run."""
        self._directory = directory
        self._follower = Follower(directory)
        self._survey = Survey(one_line(directory.resolve().name))
        self._tools = Tools()
        self._clock = Clock(directory)
        self._settings = settings_of(directory)
        self._rows: list[_Shown] = []

    @property
    def title(self) -> str:
        """The name of the run."""
        return self._survey.title

    def advance(self) -> bool:
        """Take up what was committed, at most `STEP` episodes; False when there was less.

        Raises:
            InputError: the journal cannot be read.
        """
        taken = 0
        with closing(self._follower.read()) as commits:
            for settled in islice(commits, STEP):
                taken += 1
                self._survey.end(settled.end)
                for number, row in enumerate(settled.rows):
                    self._survey.add(row)
                    self._rows.append(_Shown(settled.place, settled.commit, twin=bool(number)))
                    for tool in row.tools:
                        self._tools.number(tool)
        return taken == STEP

    def piece(self, name: str) -> bytes | None:
        """A piece of data as `web/source.js` names it; None for a name that is none.

        Raises:
            OutputError: the journal cannot be read any more.
        """
        if name == "overview":
            return msgspec.json.encode(self._overview())
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        number = int(found["number"])
        match found["kind"]:
            case "r":
                return self._survey.columns.block(number)
            case "c":
                return b"\n".join(map(self._line, self._rows[number * ROWS : (number + 1) * ROWS]))
            case _:
                return self._tools.piece(number)

    def _overview(self) -> Overview:
        self._clock.read()
        return self._survey.overview(
            tools=len(self._tools),
            latency=self._clock.latency(),
            settings=self._settings,
            waiting=self._follower.waiting,
            live=not (self._directory / SUMMARY).exists() and is_locked(self._directory),
        )

    def _line(self, shown: _Shown) -> bytes:
        return shelved(_read(shown), self._tools)


def _read(shown: _Shown) -> Row:
    path, offset, length = shown.place
    try:
        with path.open("rb") as file:
            file.seek(offset)
            event = decode_event(file.read(length))
    except (OSError, msgspec.DecodeError) as error:
        raise OutputError(f"{path.name}: cannot be read any more: {error}") from None
    if not isinstance(event, Finished):
        raise OutputError(f"{path.name}: was changed while it was read")
    return list(judged(event, shown.commit))[shown.twin]
