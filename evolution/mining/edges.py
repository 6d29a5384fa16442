"""Typed dependencies between the tools of one service: whose reply holds the key that another tool asks for.

An edge is believed because both ends point at the same collection by the same key. Not believed are: names and codes of
a tool's own body, secrets, links and paging tokens (all by `fields.py` and `facts.py`), a producer that needs the very
key it is asked for, a deletion as a producer, and values of different types.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ...sandbox.entities.shapes import normal
from ...sandbox.entities.verbs import Verb
from .facts import OutputFact, ParamFact, ToolFacts
from .nouns import Entity

TOP = 3
"""Producers that are kept for one parameter."""
LEAST = 0.5
"""The score below which an edge is not believed."""
FIRM = 0.7
"""The score from which an edge is worth calling a producer for; below, it is used where both tools are there anyway."""
_PRIOR: Mapping[Verb, float] = {
    "list": 1.0,
    "create": 0.95,
    "get": 0.8,
    "compute": 0.7,
    "update": 0.55,
    "transition": 0.5,
}
"""How often people get a key from a tool of this verb."""
_FOREIGN_PRIOR: Mapping[Verb, float] = {"get": 0.8, "list": 0.75, "create": 0.6, "compute": 0.7}
"""The same where the tool is about another collection and the key is one of its fields."""
_ANY: Mapping[str, float] = {
    "id": 0.95,
    "name": 0.85,
    "number": 0.85,
    "slug": 0.85,
    "key": 0.85,
    "code": 0.8,
    "login": 0.8,
}
"""Keys that a parameter may mean which names its collection and no key, `{repo}`."""
_ANY_BY_NAME: Mapping[str, float] = {**_ANY, "name": 0.95, "id": 0.75}
"""The same in a service that asks for its entries by name: a long `id` beside the name is of little use there."""


class FactEdge(msgspec.Struct, frozen=True):
    """An edge between two tools of a service, by their places in the list of facts."""

    src: int
    dst: int
    output: OutputFact
    param: ParamFact
    score: float
    evidence: str


def find_edges(facts: Sequence[ToolFacts]) -> list[FactEdge]:
    """The best `TOP` edges into every parameter that points at an entry, in the order of the consumers."""
    producers = _producers(facts)
    meant = _ANY_BY_NAME if _asks_by_name(facts) else _ANY
    found: list[FactEdge] = []
    for number, tool in enumerate(facts):
        for param in tool.params:
            if param.points and not param.choices:
                found.extend(_into(number, tool, param, facts, producers, meant))
    return found


def _producers(facts: Sequence[ToolFacts]) -> dict[Entity, list[tuple[int, OutputFact]]]:
    """{collection: [(tool, key in its reply)]}"""
    found: dict[Entity, list[tuple[int, OutputFact]]] = {}
    for number, tool in enumerate(facts):
        if tool.subject.verb == "delete":
            continue
        for output in tool.outputs:
            if output.entity is not None:
                found.setdefault(output.entity, []).append((number, output))
    return found


def _into(
    number: int,
    tool: ToolFacts,
    param: ParamFact,
    facts: Sequence[ToolFacts],
    producers: Mapping[Entity, list[tuple[int, OutputFact]]],
    meant: Mapping[str, float],
) -> list[FactEdge]:
    ranked: list[tuple[float, int, OutputFact]] = []
    for place, output in producers.get(param.entity or (), ()):
        match = _match(param, output, meant)
        if (
            match > 0
            and place != number
            and not _asks_for(facts[place], param)
            and not _copies(facts[place], tool, output)
        ):
            score = _score(facts[place], tool, param, output) * match
            if score >= LEAST:
                ranked.append((score, place, output))
    best: dict[int, tuple[float, int, OutputFact]] = {}
    for entry in ranked:
        if entry[1] not in best or entry[0] > best[entry[1]][0]:
            best[entry[1]] = entry
    top = sorted(best.values(), key=lambda entry: (-entry[0], entry[1]))[:TOP]
    return [
        FactEdge(place, number, output, param, round(score, 3), _evidence(output, param, facts[place]))
        for score, place, output in top
    ]


def _asks_by_name(facts: Sequence[ToolFacts]) -> bool:
    """True when most of the service's tools that ask for an entry by a key that is named ask for its name."""
    keys = Counter(need.key for tool in facts for need in tool.needs)
    return keys["name"] > 2 * keys["id"]


def _match(param: ParamFact, output: OutputFact, meant: Mapping[str, float]) -> float:
    """How well the keys and their types agree, 0 to 1; `meant` are the keys that one without a name may stand for."""
    if param.type and output.type and not _same_type(param.type, output.type):
        return 0
    if normal(param.path.rpartition(".")[2]) == normal(output.name):
        return 1
    if param.key == output.key:
        return 0.97
    if param.key == "any":
        return meant.get(output.key, 0)
    # A `rating` of a rating is its value and not its id.
    return meant.get(param.key, 0) if output.key == "any" and param.key not in ("id", "arn") else 0


def _same_type(one: str, other: str) -> bool:
    return one == other or {one, other} <= {"integer", "number"}


def _asks_for(producer: ToolFacts, param: ParamFact) -> bool:
    """True when the producer needs the very key that it is asked for; of a guessed reply, when it takes it at all."""
    if producer.inferred and producer.entity != param.entity:
        return any(taken.entity == param.entity for taken in producer.params if taken.points and not taken.many)
    return any(need.entity == param.entity for need in producer.needs)


def _copies(producer: ToolFacts, consumer: ToolFacts, output: OutputFact) -> bool:
    """True when one entry's reference would be copied to another of the same collection: a new supplier does not get
    its country from some other supplier, but from whoever lists countries.
    """
    writes = consumer.subject.verb in ("create", "update")
    return writes and producer.entity == consumer.entity and output.entity != producer.entity


def _score(producer: ToolFacts, consumer: ToolFacts, param: ParamFact, output: OutputFact) -> float:
    verb = producer.subject.verb
    prior = _PRIOR.get(verb, 0) if output.own else _FOREIGN_PRIOR.get(verb, 0)
    near = _nearness(producer.entity, consumer.entity)
    believed = 0.6 + 0.4 * producer.confidence
    wanted = 1.0 if param.required else 0.8
    return prior * believed * wanted * (0.75 + 0.25 * near) * 0.9 ** max(0, output.depth - 1)


def _nearness(one: Entity, other: Entity) -> float:
    """Share of the shorter collection's way that both go together."""
    if one[0] != other[0]:
        return 1.0 if len(one) == 1 and len(other) == 1 and one == other else 0.4
    common = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        common += 1
    return common / min(len(one), len(other))


def _evidence(output: OutputFact, param: ParamFact, producer: ToolFacts) -> str:
    how = "inferred to return" if producer.inferred else "returns"
    entity = " ".join((param.entity or ())[-2:])
    key = param.key if param.key != "any" else output.key
    article = "an" if entity[:1] in "aeiou" else "a"
    what = f"{article} {entity}" if key == "any" else f"the {key} of {article} {entity}"
    return f"{how} {output.path}, {param.path} takes {what}"


def producers_of(edges: Sequence[FactEdge]) -> dict[tuple[int, str], list[FactEdge]]:
    """{(consumer, parameter): its edges, best first}"""
    found: dict[tuple[int, str], list[FactEdge]] = {}
    for edge in edges:
        found.setdefault((edge.dst, edge.param.path), []).append(edge)
    return found


def between(edges: Sequence[FactEdge], tools: Sequence[int]) -> Iterator[FactEdge]:
    """The edges among some of the tools."""
    chosen = set(tools)
    return (edge for edge in edges if edge.src in chosen and edge.dst in chosen)
