"""The rows of a file, in which other lines may stand, too: those are named and passed over."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from ...runtime.row import Row
from ..lines import places

OURS = ("messages", "assignment", "verdict")
"""Keys by which a row of ours is told from other people's records."""


def rows_of(file: str, leave_out: Callable[[str], None]) -> Iterator[Row]:
    """The rows of a file in order. What is no row goes to `leave_out`, in one line.

    Raises:
        InputError: the file cannot be read.
    """
    decoder = msgspec.json.Decoder(Row)
    for where, line in places([file]):
        try:
            yield decoder.decode(line)
        except msgspec.ValidationError as error:
            leave_out(f"{where}: {_what(line, error)}")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            leave_out(f"{where}: not JSON: {error}")
        except RecursionError:
            leave_out(f"{where}: nested too deeply")


def _what(line: bytes, error: msgspec.ValidationError) -> str:
    try:
        record = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return "not a JSON object"
    if all(key in record for key in OURS):
        return f"not a trajectory: {error}"
    return f"not a trajectory of ours; its keys are {', '.join(sorted(record)[:8])[:200]}"
