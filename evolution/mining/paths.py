"""HTTP paths: the collections a path goes through, the parameters that name an entry of each, the action at its end."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise

import msgspec

from ...sandbox.entities.verbs import VERBS
from ...sandbox.entities.words import is_plural, singular, tokens
from .fields import read_field

_VERSION = re.compile(r"v?\d+([._-]\d+)*([a-z]+\d*)?|latest|beta|alpha|stable", re.IGNORECASE)
_NO_COLLECTION = frozenset("api apis rest restapi services public external ws rpc odata rs json xml webapi".split())
_PARAM = re.compile(r"\{\+?([^{}]+)\}")
_KEYED = re.compile(r"^([^{}()]+)\(.*?\{([^{}]+)\}.*\)$")
_ENDING = re.compile(r"\.(json|xml|php|aspx|ashx|do|html|csv)$", re.IGNORECASE)


class PathReading(msgspec.Struct, frozen=True):
    """What a path says."""

    entity: tuple[str, ...]
    """The collections, outermost first, each in words and in the singular: `("repo", "issue comment")`."""
    scopes: tuple[tuple[str, int], ...]
    """Parameters with the length of the entity they name an entry of: `repo` names one of `entity[:1]`."""
    item: bool
    """True when the path ends in a parameter: it is about one entry."""
    plural: bool
    """True when the last collection's name is a plural."""
    action: str
    """The verb at the end, `cancel` of `/orders/{id}/cancel`; empty for most."""


def collections_of(paths: Iterable[str]) -> frozenset[str]:
    """Segments behind which some path of the service names an entry: `inspectTemplates` is a collection and no act."""
    found: set[str] = set()
    for path in paths:
        parts = _parts(path)
        found.update(one for one, other in pairwise(parts) if _PARAM.fullmatch(other) and not one.startswith(":"))
    return frozenset(found)


@lru_cache(maxsize=4096)
def read_path(path: str, collections: frozenset[str] = frozenset()) -> PathReading:
    """The path taken apart; versions and words such as `api` count for nothing.

    `collections` are segments of which it is known that they hold entries (`collections_of`).
    """
    chain: list[str] = []
    scopes: list[tuple[str, int]] = []
    waiting: list[str] = []  # parameters since the last collection
    plural = item = False
    parts = _parts(path)
    action = _action(parts, collections)
    for part in parts[: len(parts) - bool(action)]:
        name = _PARAM.fullmatch(part)
        if name:
            waiting.append(name[1])
            item = True
            continue
        scopes.extend(_named(waiting, chain))
        waiting, item = [], False
        words = [word for piece in _PARAM.split(part)[::2] for word in tokens(piece)]
        if words and not _PARAM.search(part):
            plural = is_plural(words[-1]) or words[-1] in ("people", "media", "data", "news")
            chain.append(" ".join((*words[:-1], singular(words[-1]))))
    scopes.extend(_named(waiting, chain))
    return PathReading(tuple(chain), tuple(scopes), item or bool(action and scopes), plural, action)


def _parts(path: str) -> list[str]:
    """The segments that say something, `Orders({id})` and `{id}:cancel` taken in two."""
    found: list[str] = []
    for segment in _ENDING.sub("", re.split("[?#]", path, maxsplit=1)[0]).split("/"):
        keyed = _KEYED.match(segment)
        if keyed:
            found += [keyed[1], "{" + keyed[2] + "}"]
            continue
        head, colon, tail = segment.partition("}:")
        if colon:
            found += [head + "}", ":" + tail]
        elif ":" in segment and not segment.startswith((":", "{")):
            name, _, verb = segment.partition(":")
            found += [name, ":" + verb]
        elif segment.startswith(":") and len(segment) > 1:
            found.append("{" + segment[1:] + "}")
        else:
            found.append(segment)
    said = [s for s in found if s and not _VERSION.fullmatch(s)]
    # Only before the first entry: `/orgs/{id}/services` is about services.
    first = next((place for place, part in enumerate(said) if _PARAM.search(part)), len(said))
    return [s for place, s in enumerate(said) if s.lower() not in _NO_COLLECTION or place > first]


def _action(parts: list[str], collections: frozenset[str]) -> str:
    """The verb that the path ends in, behind an entry or a collection."""
    if len(parts) < 2 or _PARAM.search(parts[-1]):
        return ""
    words = tokens(parts[-1])
    if parts[-1].startswith(":"):
        return parts[-1][1:]
    if parts[-1] in collections and len(words) > 1:
        return ""
    if not words or words[0] not in VERBS:
        return ""
    behind = bool(_PARAM.fullmatch(parts[-2]))
    return parts[-1] if words[0] not in _NOUNS or (behind and words == (words[0],) and words[0] in _ACTS) else ""


_NOUNS = frozenset(
    """post book store log record comment sign share return status stat info details access tail match tag format link
    transfer lock power pin star push pull release count score test plan trace profile screen review help forecast diff
    place draft copy commit fork view display trending rank block play order backup schedule index print query filter
    set reply import export invite save like mark backup release report monitor audit list refund change analysis
    access sort upload download follow subscribe deploy install build""".split()
)
"""Verbs that name a collection as often; behind an entry some of them are actions all the same."""
_ACTS = frozenset(
    "lock pin star copy fork transfer release refund share import export deploy install download upload play".split()
)


def _named(params: list[str], chain: list[str]) -> list[tuple[str, int]]:
    """Of several parameters in a row the one that is called like the collection names its entry, else the last."""
    if not params or not chain:
        return []
    # `{idOrg}/{field}`: the last one says what to show of the entry.
    params = [name for name in params if read_field(name).kind != "control" and name != "filter"] or params
    head = chain[-1].split()
    called = [name for name in params if tuple(singular(word) for word in tokens(name))[: len(head)] == tuple(head)]
    return [(called[0] if len(called) == 1 else params[-1], len(chain))]
