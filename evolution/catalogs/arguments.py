"""All that a call takes, put together into one object schema: path, query, header and body parameters."""

from __future__ import annotations

from collections.abc import Collection

from ...sandbox.tools import JsonObject, JsonValue
from .credentials import is_secret, is_transport
from .refs import DEPTH, Expander

MOST_ARGUMENTS = 120
"""Arguments of one operation that are kept; required ones come first."""


class Arguments:
    """Collects the parameters of one operation."""

    def __init__(self, expander: Expander, schemes: Collection[str] = ()) -> None:
        """`schemes` holds the names of parameters that the document's security schemes use."""
        self._expander = expander
        self._schemes = schemes
        self._found: dict[str, JsonObject] = {}
        self._required: list[str] = []
        self.credentials: list[str] = []
        """Names of parameters left out because they carry a secret."""

    def add(self, name: str, place: str, node: JsonValue, *, required: bool) -> None:
        """One parameter. `place` is path, query, header, cookie or body; it tells two of one name apart."""
        if place == "cookie" or is_secret(name, self._schemes):
            self._note_secret(name)
            return
        if place == "header" and is_transport(name):
            return
        self._take(name, place, self._expander.expand(node, DEPTH - 1), required=required)

    def _take(self, name: str, place: str, schema: JsonObject, *, required: bool) -> None:
        if name in self._found:
            if place == "body" and self._found[name].get("type") == schema.get("type"):
                return  # the same thing said in the path and in the body
            name = f"{place}_{name}"
            if name in self._found:
                return
        self._found[name] = schema
        if required:
            self._required.append(name)

    def add_body(self, node: JsonValue, *, required: bool) -> None:
        """A body: the fields of an object one by one, anything else as the argument `body`."""
        flat = self._expander.flatten(node)
        fields = flat.get("properties")
        if not isinstance(fields, dict) or not fields:
            if flat.get("type") != "object" or flat.get("additionalProperties"):
                self.add("body", "body", node, required=required)
            return
        self.add_fields(self._expander.expand(node), required=required)

    def add_fields(self, whole: JsonObject, *, required: bool = True) -> None:
        """The fields of a finished object schema."""
        needed = whole.get("required", ()) if required else ()
        for name, schema in whole.get("properties", {}).items():
            if is_secret(name):
                self._note_secret(name)
            else:
                self._take(name, "body", schema, required=name in needed)

    def _note_secret(self, name: str) -> None:
        if name not in self.credentials:
            self.credentials.append(name)

    def schema(self) -> JsonObject:
        """The object schema of what was added."""
        order = [*self._required, *(name for name in self._found if name not in self._required)]
        kept = set(order[: max(MOST_ARGUMENTS, len(self._required))])
        into: JsonObject = {
            "type": "object",
            "properties": {name: schema for name, schema in self._found.items() if name in kept},
        }
        if self._required:
            into["required"] = list(self._required)
        return into


def object_schema(expander: Expander, node: JsonValue) -> tuple[JsonObject, tuple[str, ...]]:
    """A tool's own input schema made self-contained, and the names of the secrets that were in it."""
    arguments = Arguments(expander)
    whole = expander.expand(node)
    arguments.add_fields(whole)
    into = arguments.schema()
    if "additionalProperties" in whole:
        into["additionalProperties"] = whole["additionalProperties"]
    return into, tuple(arguments.credentials)
