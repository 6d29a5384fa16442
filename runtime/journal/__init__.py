"""The event log of a run: what was assigned, finished, abandoned and committed, durable before anybody is told so."""

from .events import Abandoned, Assigned, Committed, Event, Finished, decode_event, encode_event
from .feed import Feed
from .journal import Journal, SegmentJournal, open_inline, open_journal

__all__ = [
    "Abandoned",
    "Assigned",
    "Committed",
    "Event",
    "Feed",
    "Finished",
    "Journal",
    "SegmentJournal",
    "decode_event",
    "encode_event",
    "open_inline",
    "open_journal",
]
