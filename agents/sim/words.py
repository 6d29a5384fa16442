"""Words: tokens, stems, overlap, and which tool of a list a wish sounds like."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import lru_cache

import msgspec

from ...runtime.chat import ToolDefinition
from ...sandbox.facts import Param, params, snake

_STOP = frozenset(
    "a an and any are as at be by can could do does for from get give has have i i'd in into is it its like me my "
    "need of on one or please should so some such that the their them then there these this those to too up us want "
    "was we which will with would you your whose who what when where if not no all only than via etc e g".split()
)
_WORD = re.compile(r"[^\W_]+", re.UNICODE)
_SENTENCE_END = re.compile(r"(?<=[.!?])\s")
MAX_INTENT = 140
RANKINGS = 256
"""Wishes whose ranking one index keeps."""


def words(text: str) -> list[str]:
    """The words of a text, lower case, in order."""
    return _WORD.findall(snake_free(text).lower())


def snake_free(text: str) -> str:
    """Underscores and camel case as spaces."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).replace("_", " ")


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A crude stem: enough to join `lists` and `list`, `cancelled` and `cancel`, `inventories` and `inventory`."""
    if word.endswith("ies") and len(word) > 5:
        return word[:-3] + "y"
    for suffix in ("ing", "ed"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 4:
            word = word[: -len(suffix)]
            return word[:-1] if word[-1] == word[-2] else word.removesuffix("e")
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        word = word[:-1]
    return word[:-1] if word.endswith(("e", "ll")) and len(word) > 4 else word


@lru_cache(maxsize=8_192)
def stems(text: str) -> frozenset[str]:
    """The stems of a text without its stop words."""
    return frozenset(stem(word) for word in words(text) if word not in _STOP)


def intent_of(description: str) -> str:
    """A tool's description as a wish: its first sentence, imperative, lower case at the start, no full stop."""
    first = _SENTENCE_END.split(description.strip().replace("\n", " "), maxsplit=1)[0].strip().rstrip(".!:")
    if len(first) > MAX_INTENT:
        first = re.split(r"[,;(]|\s-\s", first)[0].strip()[:MAX_INTENT]
    head, _, rest = first.partition(" ")
    if not head.isupper():
        head = head.lower()
    return f"{_imperative(head)} {rest}".strip()


def _imperative(verb: str) -> str:
    """`shows` → `show`, `searches` → `search`; other words stay."""
    if verb.endswith("ies") and len(verb) > 4:
        return verb[:-3] + "y"
    if re.search(r"(ch|sh|x|ss|zz)es$", verb):
        return verb[:-2]
    return verb[:-1] if len(verb) > 3 and verb.endswith("s") and not verb.endswith(("ss", "us", "is")) else verb


def verb_of(name: str) -> str:
    """The first word of a tool's name, whatever service or style stands before it: `get` of `files__get_share`."""
    return snake(re.split(r"__|\.", name)[-1]).split("_")[0]


class KnownTool(msgspec.Struct, frozen=True):
    """A tool as read from a request."""

    name: str
    description: str
    params: tuple[Param, ...]
    first: frozenset[str]
    """Stems of the description's first sentence and the name."""
    everything: frozenset[str]
    """Stems of the whole description and the name."""

    @property
    def required(self) -> tuple[Param, ...]:
        """The parameters that must be given."""
        return tuple(param for param in self.params if param.required)


class ToolIndex:
    """The tools of one request, weighted so that rare words tell more."""

    def __init__(self, tools: Sequence[KnownTool]) -> None:
        self.tools = {tool.name: tool for tool in tools}
        counts: dict[str, int] = {}
        for tool in tools:
            for word in tool.everything:
                counts[word] = counts.get(word, 0) + 1
        self._weights = {word: math.log(1 + len(tools) / count) for word, count in counts.items()}
        self._unknown = math.log(1 + 2 * max(1, len(tools)))
        self._first = {tool.name: self._weigh(tool.first) or 1.0 for tool in tools}
        self._rankings: dict[str, list[KnownTool]] = {}  # a conversation is read again at every turn

    def covers(self, wish: str, tool: KnownTool) -> float:
        """The weighted share of the wish's words that the tool's description holds."""
        wanted = stems(wish)
        return self._weigh(wanted & tool.everything) / (self._weigh(wanted) or 1.0)

    def choose(self, wish: str, least: float = 0.75) -> KnownTool | None:
        """The tool that a wish sounds like, or None when none covers at least that share of its words."""
        ranked = self.ranked(wish)
        return ranked[0] if ranked and self.covers(wish, ranked[0]) >= least else None

    def ranked(self, wish: str) -> list[KnownTool]:
        """All tools, the likeliest first; ties in request order. Not to be changed."""
        ranking = self._rankings.get(wish)
        if ranking is None:
            if len(self._rankings) >= RANKINGS:
                self._rankings.clear()
            wanted = stems(wish)
            whole = self._weigh(wanted) or 1.0
            ranking = sorted(self.tools.values(), key=lambda tool: -self._score(wanted, whole, tool))
            self._rankings[wish] = ranking
        return ranking

    def _score(self, wanted: frozenset[str], whole: float, tool: KnownTool) -> float:
        """Between 0 and 1: how much of the wish the tool's words cover, and the other way round (harmonic mean).

        `whole` is the weight of the wish.
        """
        shared = wanted & tool.first
        if not shared:
            return 0.0
        covered = self._weigh(wanted & tool.everything) / whole
        back = self._weigh(shared) / self._first[tool.name]
        return 2 * covered * back / (covered + back) if covered and back else 0.0

    def _weigh(self, some: frozenset[str]) -> float:
        return sum(self._weights.get(word, self._unknown) for word in some)


@lru_cache(maxsize=8_192)
def _known(name: str, description: str, schema: bytes) -> KnownTool:
    """Cached, since tools are shown in ever other company."""
    return known_tool(name, description, msgspec.json.decode(schema))


def known_tool(name: str, description: str, schema: dict[str, object]) -> KnownTool:
    """A tool read from its name, description and input schema."""
    first = _SENTENCE_END.split(description.strip(), maxsplit=1)[0]
    return KnownTool(
        name=name,
        description=description,
        params=params(schema),
        first=stems(first),
        everything=stems(description) | stems(snake(name)),
    )


def index(tools: Sequence[ToolDefinition]) -> ToolIndex:
    """The index over a request's tools."""
    return _index(tuple((t.function.name, t.function.description, bytes(t.function.parameters)) for t in tools))


@lru_cache(maxsize=512)
def _index(tools: tuple[tuple[str, str, bytes], ...]) -> ToolIndex:
    """Cached, since a conversation sends the same list again and again."""
    return ToolIndex([_known(*tool) for tool in tools])


def overlap(a: str, b: str) -> float:
    """Shared stems of two labels, between 0 and 1 (Dice)."""
    left, right = stems(a), stems(b)
    return 2 * len(left & right) / (len(left) + len(right)) if left and right else 0.0
