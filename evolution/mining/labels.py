"""Labels on the tree of sectors and domains, by a table of words (`sectors.py`): the same words, the same label."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from ...sandbox.entities.words import singular, tokens
from ..catalogs.record import ToolRecord
from .sectors import TREE

_ENDING = re.compile(r"\.[a-z]{2,12}(?=/|$)")
"""The last part of a domain, which says where it is registered: `.team`, `.space`."""
UNLABELLED = "unlabelled"
LEAST = 1.0
"""The score below which nothing is said."""
MOST_TEXT = 300
"""Characters of a service's description that are read."""
_WEIGHTS: Mapping[str, float] = {"name": 3.0, "category": 3.0, "text": 0.7, "entity": 2.0}
_MOST_TIMES = 2
"""How often one phrase counts in one place."""
_COARSE: Mapping[str, tuple[str, str]] = {
    "ecommerce": ("commerce", "online shops"),
    "financial": ("finance", "banking"),
    "payment": ("finance", "payments"),
    "telecom": ("communication", "telephony"),
    "messaging": ("communication", "chat"),
    "email": ("communication", "e-mail"),
    "social": ("marketing", "social media"),
    "marketing": ("marketing", "marketing automation"),
    "media": ("content", "digital assets"),
    "entertainment": ("entertainment", "events and tickets"),
    "transport": ("travel", "public transport"),
    "location": ("travel", "maps"),
    "cloud": ("cloud", "resource management"),
    "hosting": ("cloud", "domain names"),
    "storage": ("work", "files"),
    "iot": ("things", "connected devices"),
    "machine": ("intelligence", "machine learning"),
    "security": ("security", "identity"),
    "analytic": ("data", "business intelligence"),
    "open": ("data", "open data"),
    "developer": ("software", "developer tools"),
    "enterprise": ("work", "office suites"),
    "collaboration": ("work", "projects"),
    "education": ("education", "courses"),
    "customer": ("customers", "customer relations"),
    "project": ("work", "projects"),
    "tool": ("software", "developer tools"),
}
"""Where a catalogue's own category leads when no other word says more."""


class Label(msgspec.Struct, frozen=True):
    """A place on the tree."""

    sector: str
    domain: str


def service_scores(tool: ToolRecord) -> Mapping[tuple[str, str], float]:
    """How much a service's own words say for each domain; `tool` is any tool of the service."""
    own = service_words(tool)
    scores: dict[tuple[str, str], float] = defaultdict(float)
    _add(scores, [w for text in (tool.title, _ENDING.sub("", tool.service)) for w in _words(text)], _WEIGHTS["name"])
    _add(scores, [word for text in tool.categories for word in _words(text)], _WEIGHTS["category"])
    _add(scores, _words(tool.summary[:MOST_TEXT]), _WEIGHTS["text"])
    for word in own:
        if word in _COARSE:
            scores[_COARSE[word]] += 0.6
    return dict(scores)


def service_words(tool: ToolRecord) -> tuple[str, ...]:
    """The words of a service's categories."""
    return tuple(word for text in tool.categories for word in _words(text))


def label_of(service: Mapping[tuple[str, str], float], entities: Iterable[str]) -> Label:
    """The best label of a cluster: what its entities say, on top of what its service says."""
    scores: dict[tuple[str, str], float] = defaultdict(float, service)
    _add(scores, [word for entity in entities for word in _words(entity)], _WEIGHTS["entity"])
    best = max(scores.items(), key=lambda entry: (entry[1], -_ORDER[entry[0]]), default=None)
    return Label(*best[0]) if best and best[1] >= LEAST else Label(UNLABELLED, UNLABELLED)


def _add(scores: dict[tuple[str, str], float], words: list[str], weight: float) -> None:
    """A phrase counts the more the fewer domains know it."""
    found: Counter[tuple[str, ...]] = Counter()
    for place, word in enumerate(words):
        for phrase in _STARTING.get(word, ()):
            if tuple(words[place : place + len(phrase)]) == phrase:
                found[phrase] += 1
    for phrase, count in found.items():
        places = _PLACES[phrase]
        for label in places:
            scores[label] += weight * min(count, _MOST_TIMES) * len(phrase) / len(places)


@lru_cache(maxsize=65_536)
def _words(text: str) -> list[str]:
    return [singular(word) for word in tokens(text)]


_PLACES: dict[tuple[str, ...], list[tuple[str, str]]] = defaultdict(list)
_STARTING: dict[str, list[tuple[str, ...]]] = defaultdict(list)
for _sector, _domains in TREE.items():
    for _domain, _phrases in _domains.items():
        for _phrase in dict.fromkeys((*_phrases, *((tuple(_words(_domain)),)))):
            if not _PLACES[_phrase]:
                _STARTING[_phrase[0]].append(_phrase)
            _PLACES[_phrase].append((_sector, _domain))
_ORDER = {place: number for number, place in enumerate((s, d) for s, ds in TREE.items() for d in ds)}
