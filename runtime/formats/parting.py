"""Splitting without leakage: no provider, cluster or blueprint stands on both sides.

Whatever rows are split by, a play of a blueprint, a row of a contrast pair, and a row whose user begins with the same
words is nearly the same conversation: none stands in training beside one that is held out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Literal, TypeAlias, get_args

import msgspec

from ..chat import ChatMessage, UserMessage

By: TypeAlias = Literal["provider", "cluster", "blueprint"]
Side: TypeAlias = Literal["train", "held_out", "left_out"]
SIDES: tuple[Side, ...] = get_args(Side)


class _World(msgspec.Struct, frozen=True):
    services: tuple[str, ...] = ()
    """`name@version`."""


class _Blueprint(msgspec.Struct, frozen=True):
    world: _World | None = None


class _Assignment(msgspec.Struct):
    cluster: str


class _Provenance(msgspec.Struct):
    tools: str


class _Kin(msgspec.Struct, frozen=True):
    blueprint: str = ""
    pair: str = ""


class _Row(msgspec.Struct):
    id: str
    messages: tuple[ChatMessage, ...]
    assignment: _Assignment
    provenance: _Provenance
    blueprint: _Blueprint | None = None
    kin: _Kin = _Kin()


class Ties(msgspec.Struct, frozen=True):
    """What splitting has to know of a row."""

    id: str
    drawn: tuple[str, ...]
    """What is held out or not: the row's providers, its cluster, or its blueprint."""
    near: tuple[str, ...]
    """What rows share that are nearly the same conversation."""


class Parting(msgspec.Struct, frozen=True):
    """The side of every row, in order, and what there was to draw from."""

    sides: tuple[Side, ...]
    keys: int
    """Different providers, clusters or blueprints."""
    held_out: tuple[str, ...]
    """Those that are held out, sorted."""
    smallest: int
    """Rows of the one with the fewest."""


_ROWS = msgspec.json.Decoder(_Row)


def ties(line: bytes, by: By) -> Ties:
    """What ties a row to others. Raises msgspec.DecodeError where the line is no row of ours.

    A provider is a service of the row's world; of a row without a plan, the source of its tools.
    """
    row = _ROWS.decode(line)
    first = next((said.content for said in row.messages if isinstance(said, UserMessage)), "")
    blueprint = f"blueprint {row.kin.blueprint or row.id}"
    near = [blueprint, f"begins {sha256(first.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"]
    if row.kin.pair:
        near.append(f"pair {min(row.id, row.kin.pair)}")
    match by:
        case "blueprint":
            drawn = [blueprint]
        case "cluster":
            drawn = [row.assignment.cluster]
        case "provider":
            services = row.blueprint.world.services if row.blueprint and row.blueprint.world else ()
            drawn = [name.partition("@")[0] for name in services] or [row.provenance.tools]
    return Ties(row.id, tuple(sorted(set(drawn))), tuple(near))


def part(rows: Sequence[Ties], share: float, seed: int) -> Parting:
    """Hold out whole providers, clusters or blueprints until about `share` of the rows are held out, never more.

    Rows that would join the sides are left out: those of two providers of which one is held out, and those that are
    nearly a row that is held out. What is drawn is a function of the seed and the names, not of the order of the rows.
    """
    sizes = Counter(row.drawn[0] for row in rows if len(row.drawn) == 1)
    chosen = _drawn(sizes, share * len(rows), seed)
    sides: list[Side] = []
    for row in rows:
        inside = [key in chosen for key in row.drawn]
        sides.append("held_out" if all(inside) else "left_out" if any(inside) else "train")
    near = {key for row, side in zip(rows, sides, strict=True) if side == "held_out" for key in row.near}
    for position, row in enumerate(rows):
        if sides[position] == "train" and not near.isdisjoint(row.near):
            sides[position] = "left_out"
    keys = {key for row in rows for key in row.drawn}
    return Parting(tuple(sides), len(keys), tuple(sorted(chosen)), min(sizes.values(), default=0))


def _drawn(sizes: Mapping[str, int], wanted: float, seed: int) -> set[str]:
    taken: set[str] = set()
    total = 0
    for name in sorted(sizes, key=lambda name: sha256(f"{seed}/{name}".encode("utf-8", "surrogatepass")).digest()):
        if total + sizes[name] <= wanted:
            taken.add(name)
            total += sizes[name]
    return taken


def leaks(rows: Sequence[Ties], sides: Sequence[Side]) -> set[str]:
    """What stands both in train and in what is held out; empty for a split of this module."""
    found: dict[Side, set[str]] = {side: set() for side in SIDES}
    for row, side in zip(rows, sides, strict=True):
        found[side].update(row.drawn, row.near)
    return found["train"] & found["held_out"]
