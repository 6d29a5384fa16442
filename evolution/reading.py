"""Reading data sets: a file of trajectories, ours or foreign, as events."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ..runtime.errors import InputError
from ..runtime.foreign import Form, form_of
from ..runtime.records import json_records
from ..runtime.row import Row
from ..sandbox.tools import JsonObject
from .event import Event, event_of, event_of_row
from .foreign import conversations

OURS = ("assignment", "verdict", "measurements")
"""Keys that tell one of our rows."""


class Dataset(msgspec.Struct, frozen=True):
    """What a file holds."""

    name: str
    form: Form | str
    """`tdscaling`, or the foreign format of the first record."""
    events: tuple[Event, ...]
    rejected: int
    """Rows of ours that were rejected: they are left out."""


def read(name: str, data: Iterable[bytes], *, structural: bool) -> Dataset:
    """A data set from the lines of a file: one record per line, or one JSON document over all of them.

    `structural`: label our rows as foreign ones are.

    Raises:
        InputError: a line is not JSON, a record is in no known format, or there is no trajectory at all.
    """
    events: list[Event] = []
    form, rejected = "", 0
    for where, record in json_records(name, data):
        if all(key in record for key in OURS):
            form = form or "tdscaling"
            row = _row(where, record)
            if not row.verdict.accepted:
                rejected += 1
                continue
            events.append(event_of_row(row, structural=structural))
            continue
        foreign = form_of(record)
        if foreign is None:
            raise InputError(f"{where}: no known format of trajectories; keys are {', '.join(sorted(record)[:8])}")
        form = form or foreign
        events.extend(event_of(conversation, place) for conversation, place in conversations(record, foreign))
    if not events:
        raise InputError(f"{name}: holds no accepted trajectories" if rejected else f"{name}: holds no trajectories")
    return Dataset(name, form, tuple(events), rejected)


def _row(where: str, record: JsonObject) -> Row:
    try:
        return msgspec.json.decode(msgspec.json.encode(record), type=Row)  # schemas are kept as they came: Raw
    except msgspec.ValidationError as error:
        raise InputError(f"{where}: not a trajectory of ours: {error}") from None
