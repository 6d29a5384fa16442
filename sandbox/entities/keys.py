"""The keys of an entity's entries: one format per entity, drawn for the initial state, issued for what is created."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from random import Random
from typing import Literal, TypeAlias

import msgspec

from ..services.families import BASE36, CROCKFORD, IdFormat
from ..tools import JsonObject, JsonValue
from .schemas import Unsatisfiable, types_of
from .values import value_for
from .words import KEY_SUFFIXES, normal, plural, tokens

Style: TypeAlias = Literal["number", "formatted", "by schema"]
_SPOKEN = frozenset("name names title slug path paths url email file filename branch sheet symbol location".split())
"""Keys that say something: a name or a path, not a number."""


WIDEST = 1 << 31
"""How far number keys of one entity lie apart at most, whatever their schema allows."""


class KeyFormat(msgspec.Struct, frozen=True):
    """How the keys of one entity look."""

    name: str
    """Name of the field that holds the key: `order_id`."""
    schema: JsonObject
    """JSON Schema of one key."""
    style: Style
    ids: IdFormat
    """Used where the style is `formatted`."""

    def value(self, key: str) -> JsonValue:
        """The key as it stands in a record: a number where keys are numbers, unless a caller gave a word."""
        if self.style != "number":
            return key
        try:
            return int(key)
        except ValueError:
            pass
        try:
            return float(key)
        except ValueError:
            return key

    def initial(self, count: int, rng: Random) -> list[str]:
        """Distinct keys; fewer than asked for where the schema does not allow so many."""
        if self.style == "number":
            first = max(int(self.schema.get("minimum", 1)), rng.randrange(1, 400))
            last = min(int(self.schema.get("maximum", first + 20 * count)), first + WIDEST)
            return [
                str(number)
                for number in sorted(
                    rng.sample(range(min(first, last), last + 1), k=min(count, 1 + max(0, last - first)))
                )
            ]
        if self.style == "formatted":
            return self.ids.scattered(rng, count)
        return list(dict.fromkeys(self._drawn(rng) for _ in range(3 * count)))[:count]

    def issue(self, rng: Callable[[int], Random], taken: Callable[[str], bool]) -> str:
        """A key that is not taken; `rng` gives the generator of each try.

        Raises Unsatisfiable when the schema allows no further key.
        """
        for turn in range(100):
            key = self.initial(1, rng(turn))[0] if self.style != "by schema" else self._drawn(rng(turn))
            if not taken(key):
                return key
        raise Unsatisfiable(f"no further {self.name}")

    def _drawn(self, rng: Random) -> str:
        return str(value_for(self.schema, self.schema, self.name, rng))


def key_format(entity: str, name: str, schema: JsonObject) -> KeyFormat:
    """The format of an entity's keys, chosen by the key's name and schema, else by the entity's own name."""
    kinds = types_of(schema)
    shape = Random(f"key/{entity}")  # the same in every world: a format belongs to the system, not to the state
    initials = "".join(word[:3] for word in tokens(entity) if word.isascii())[:3] or "ent"
    ids = shape.choice(
        (
            IdFormat(f"{initials.upper()}-", 5),
            IdFormat(f"{initials}_", 8, BASE36),
            IdFormat(f"{initials[:1].upper()}", 6, CROCKFORD),
            IdFormat(f"{initials}-", 6),
        )
    )
    if "integer" in kinds or ("number" in kinds and "string" not in kinds):
        return KeyFormat(name, schema, "number", ids)
    words = tokens(name)
    spoken = not words or words[-1] in _SPOKEN or words[-1] not in KEY_SUFFIXES
    bounded = {"pattern", "format", "enum", "const", "maxLength", "minLength", "anyOf", "oneOf"} & schema.keys()
    return KeyFormat(name, schema, "by schema" if bounded or spoken else "formatted", ids)


@lru_cache(maxsize=65_536)
def aliases(entity: str, key: str) -> tuple[str, ...]:
    """Normal names under which replies show an entity's key beside the key's own name.

    A tool takes `order_id` where another's reply says `id`, or `bucket` where it says `name`.
    """
    words, head = tokens(key), normal(entity.rpartition(" ")[2])
    own = normal(key)
    if not words:
        return ()
    found: tuple[str, ...]
    if words[-1] in ("id", "uid", "uuid", "guid", "identifier") and own in (words[-1], head + words[-1]):
        found = ("id", f"{head}id", f"{normal(entity)}id")
    elif own in (head, f"{head}name", normal(entity), "name"):
        found = ("name", f"{head}name", head) if own != head else ("name", f"{head}name", "id", f"{head}id")
    elif own == f"{head}{words[-1]}":
        found = (words[-1],)
    else:
        return ()
    return tuple(name for name in dict.fromkeys(found) if name != own)


def table_name(entity: str) -> str:
    """The name of an entity's table in snapshots: `purchase order` is `purchase_orders`."""
    return plural(entity).replace(" ", "_")
