"""Candidates of services whose tools hand each other nothing: companions that are about the same thing.

A quote, the news and the balance sheet of one ticker symbol need no value of each other; a user tells the symbol once.
And a list that one tool adds to and another shows joins the two, though nothing in a reply has to be passed on. Such
links count only where a service has no cluster by edges.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ...sandbox.entities.shapes import normal
from ...sandbox.entities.words import FILLERS, PREPOSITIONS, tokens
from .candidates import LEAST_TOOLS, MOST_TOOLS, Candidate
from .edges import FactEdge
from .facts import ParamFact, ToolFacts
from .nouns import Entity

MOST_COMPANIONS = 8
_SEARCHED = frozenset("query q search searchquery keyword keywords term text topic prompt question".split())
"""Parameters that say what to look for: the weakest of links."""


_EMPTY = FILLERS | PREPOSITIONS
_SESSIONS = frozenset("connect disconnect login logout authenticate authorize initialize init start open".split())
"""Verbs without which the other tools of a small server have nothing to work on."""


class Link(msgspec.Struct, frozen=True):
    """What joins some tools."""

    name: str
    tools: tuple[int, ...]
    strength: int
    """4 a key, 3 a collection that is changed and shown, 2 a noun of their names, 1 a text to look for or a session."""


def find_links(facts: Sequence[ToolFacts]) -> list[Link]:
    """The links among the tools of a service, the strongest and widest first."""
    by_param: dict[tuple[str, str], dict[int, str]] = defaultdict(dict)
    by_entity: dict[Entity, list[int]] = defaultdict(list)
    by_noun: dict[str, list[int]] = defaultdict(list)
    sessions = [number for number, tool in enumerate(facts) if tool.subject.word in _SESSIONS]
    for number, tool in enumerate(facts):
        by_entity[tool.entity].append(number)
        for noun in dict.fromkeys(word for part in tool.entity for word in tokens(part)):
            by_noun[noun].append(number)
        for param in tool.params:
            if _told(param):
                by_param[normal(param.path), param.type][number] = param.path
    found = [
        Link(next(iter(users.values())), tuple(users), 1 if name in _SEARCHED else 4)
        for (name, _), users in by_param.items()
        if len(users) > 1
    ]
    for entity, tools in by_entity.items():
        if len({facts[tool].reads for tool in tools}) == 2:
            found.append(Link(" ".join(entity), tuple(tools), 3))
    found += [Link(noun, tuple(tools), 2) for noun, tools in by_noun.items() if len(tools) > 1 and noun not in _EMPTY]
    if sessions and len(facts) <= MOST_TOOLS:
        found.append(Link(facts[sessions[0]].subject.word, tuple(range(len(facts))), 1))
    return sorted(found, key=lambda link: (-link.strength, -len(link.tools), link.tools))


def _told(param: ParamFact) -> bool:
    """True for a required value that a user tells and that means the same wherever it is told."""
    plain = param.type in ("string", "number", "integer", "") and not param.choices and "." not in param.path
    return param.required and plain and param.kind in ("identifier", "named") and param.role != "new"


def companions(facts: Sequence[ToolFacts], links: Sequence[Link], edges: Sequence[FactEdge]) -> Iterator[Candidate]:
    """Groups grown from each link along the others and the edges, with two kinds of verbs where there are two."""
    near: dict[int, dict[int, None]] = defaultdict(dict)
    for edge in edges:
        near[edge.src][edge.dst] = None
        near[edge.dst][edge.src] = None
    for link in links:
        for tool in link.tools:
            near[tool].update(dict.fromkeys(link.tools))
    seeds = [*(link.tools for link in links), *((edge.src, edge.dst) for edge in edges)]
    for seed in seeds:
        for start in range(0, len(seed), MOST_COMPANIONS // 2):
            group = _grown(seed[start : start + MOST_COMPANIONS], near, facts)
            if len(group) >= LEAST_TOOLS:
                yield Candidate("companions", tuple(sorted(group, key=lambda tool: _telling(facts[tool], tool))))


def _grown(seed: Sequence[int], near: Mapping[int, Mapping[int, None]], facts: Sequence[ToolFacts]) -> list[int]:
    group = list(dict.fromkeys(seed))
    verbs = {facts[tool].subject.verb for tool in group}
    around = list(dict.fromkeys(other for tool in group for other in near.get(tool, ()) if other not in group))
    if len(verbs) == 1:
        another = next((tool for tool in around if facts[tool].subject.verb not in verbs), None)
        group = group if another is None else [*group[: MOST_COMPANIONS - 1], another]
    wanted = max(LEAST_TOOLS, MOST_COMPANIONS // 2 - len(group))
    return [*group, *[tool for tool in around if tool not in group][:wanted]][:MOST_COMPANIONS]


def _telling(tool: ToolFacts, number: int) -> tuple[int, int]:
    order = ("list", "get", "compute", "create", "update", "transition", "delete")
    return order.index(tool.subject.verb), number
