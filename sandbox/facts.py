"""What a tool's schemas say: its parameters, the leaves of its reply, and which of them are identifiers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias

import msgspec

from .tools import JsonObject

Kind: TypeAlias = Literal["identifier", "enum", "datetime", "number", "boolean", "text", "free text", "list", "object"]

_IDENTIFIER = re.compile(
    r"(^|_)(id|ids|uuid|key|number|code|sku|hash|sha|path|paths|file|files|branch|revision|email)$", re.IGNORECASE
)
_FREE_TEXT = frozenset(
    "body comment comments content contents description detail details message note notes reason summary text".split()
)
_NO_LABEL = frozenset({"if", "whether", "when", "optional", "optionally", "only", "set", "use"})
"""A description that begins like this explains a parameter and does not name it."""
_REMARKS = "required|optional|output[ -]only|input only|immutable|read[ -]only|deprecated|identifier"
_REMARK = re.compile(rf"^\W*((?:{_REMARKS})\s*(?:[.:;)\]]+\s*|$))+", re.IGNORECASE)
"""What descriptions of some catalogues say of a field before they say what it is."""
_LOOKS = frozenset(
    "check count describe diff fetch find get list log look lookup query read search show status".split()
)
_CHANGES = frozenset("add append create delete edit execute insert move remove rename run set update write".split())
_ONCE = frozenset(
    "accept approve archive cancel close complete confirm decline delete finish pay publish refund remove resolve "
    "retire revoke settle ship sign start suspend transfer void".split()
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


class Param(msgspec.Struct, frozen=True):
    """One parameter of a tool."""

    name: str
    label: str
    """Two to four words a person would use for it, lower case: `order number`."""
    kind: Kind
    required: bool
    schema: JsonObject
    """JSON Schema of the value."""


class Leaf(msgspec.Struct, frozen=True):
    """One scalar in a tool's reply."""

    path: str
    """Dotted, `*` for list elements: `orders.*.order_id`."""
    name: str
    """The last key."""
    label: str
    kind: Kind
    schema: JsonObject


def snake(name: str) -> str:
    """`orderId` and `order-id` as `order_id`."""
    return _CAMEL.sub("_", name).replace("-", "_").lower()


def label_of(name: str, schema: JsonObject) -> str:
    """The human label: the first few words of the description, else the name's own words."""
    text = str(schema.get("title") or "") if " " in str(schema.get("title") or "") else ""
    said = _REMARK.sub("", str(schema.get("description") or text))
    head = re.split(r"[.,;:(\n]|\be\.g\b", said, maxsplit=1)[0].strip()
    words = head.split()
    if 1 <= len(words) <= 5 and words[0].lower() not in _NO_LABEL:
        return re.sub(r"^(the|a|an)\s+", "", head, flags=re.IGNORECASE).lower()
    words = snake(name)
    if match := re.fullmatch(r"(start|end)s_at", words):
        return f"{match[1]} time"
    if match := re.fullmatch(r"(\w+(?:ed|en|nt))_at", words):
        return f"time it was {match[1].replace('_', ' ')}"
    return words.replace("_", " ")


def reads_by_name(name: str) -> bool:
    """True when a tool's name says that it only looks: a guess for servers that annotate nothing."""
    words = snake(name).split("_")[:2]
    return words[0] not in _CHANGES and any(word in _LOOKS for word in words)


def is_once(name: str) -> bool:
    """True when a tool's name says that it does what cannot be done twice to the same thing: a guess."""
    return not _ONCE.isdisjoint(snake(name).split("_"))


def is_identifier(name: str) -> bool:
    """True when a value of this name points at something that must exist or be told, so it cannot be made up."""
    return bool(_IDENTIFIER.search(snake(name)))


def kind_of(name: str, schema: JsonObject) -> Kind:
    """How a value of this name and schema is filled and compared."""
    if schema.get("enum") or "const" in schema:
        return "enum"
    declared = schema_type(schema)
    if declared in ("integer", "number"):
        return "number"
    if declared == "boolean":
        return "boolean"
    if declared == "array":
        return "list"
    if declared == "object":
        return "object"
    if "contentMediaType" in schema:  # a whole document: source code, say
        return "free text"
    if is_identifier(name):
        return "identifier"
    if schema.get("format") in ("date-time", "date", "time"):
        return "datetime"
    tokens = snake(name).split("_")
    if tokens[-1] in _FREE_TEXT:
        return "free text"
    if tokens[-1] in ("at", "date", "datetime", "start", "end", "starts", "ends", "since", "until", "timestamp"):
        return "datetime"
    return "text"


def schema_type(schema: JsonObject) -> str:
    """The JSON type, `null` alternatives left out; `string` when nothing is said."""
    declared = schema.get("type")
    if isinstance(declared, list):
        declared = next((t for t in declared if t != "null"), "string")
    if declared is None:
        for branch in schema.get("anyOf") or schema.get("oneOf") or ():
            if branch.get("type") not in (None, "null"):
                return str(branch["type"])
        return "object" if "properties" in schema else "string"
    return str(declared)


def params(input_schema: JsonObject) -> tuple[Param, ...]:
    """The top-level parameters of a tool, in schema order."""
    required = set(input_schema.get("required") or ())
    return tuple(
        Param(name, label_of(name, schema), kind_of(name, schema), name in required, schema)
        for name, schema in (input_schema.get("properties") or {}).items()
        if isinstance(schema, dict)
    )


def leaves(output_schema: JsonObject | None) -> tuple[Leaf, ...]:
    """The scalar leaves of a reply, in schema order, depth first; empty when no output is declared."""
    return tuple(_walk(output_schema, "", "")) if output_schema else ()


def _walk(schema: JsonObject, path: str, name: str) -> Iterator[Leaf]:
    match schema_type(schema):
        case "object":
            for key, inner in (schema.get("properties") or {}).items():
                if isinstance(inner, dict):
                    yield from _walk(inner, f"{path}.{key}" if path else key, key)
        case "array":
            items = schema.get("items")
            if isinstance(items, dict):
                yield from _walk(items, f"{path}.*" if path else "*", name)
        case _:
            if name:
                yield Leaf(path, name, label_of(name, schema), kind_of(name, schema), schema)


def leaf_values(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Every scalar of a JSON value with its dotted path, list elements by number."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaf_values(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from leaf_values(inner, f"{path}.{number}" if path else str(number))
    else:
        yield path, value


@lru_cache(maxsize=65_536)
def normalise(text: str) -> str:
    """A value as compared across messages: lower case, one space, no surrounding quotes or punctuation."""
    return " ".join(text.lower().split()).strip("\"'`.,;:!?()[]{}")
