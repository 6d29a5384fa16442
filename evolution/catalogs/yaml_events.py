"""YAML read event by event: the scalars of YAML's JSON schema, with bounds on depth, aliases and expanded size.

PyYAML's own loaders build whatever a document asks for; a few hundred bytes of aliases or merge keys can ask for more
than memory holds. Here an alias is the object it names, its expanded size is counted, and a merge adds keys once.
"""

from __future__ import annotations

import re
from typing import TypeAlias

import yaml

from ...sandbox.tools import JsonObject, JsonValue

MAX_DEPTH = 200
"""Lists and mappings inside each other."""
MAX_NODES = 5_000_000
"""Values in the document, counting an alias as everything it stands for."""

_NULLS = frozenset(("", "~", "null", "Null", "NULL"))
_TRUES = frozenset(("true", "True", "TRUE"))
_FALSES = frozenset(("false", "False", "FALSE"))
_INTEGER = re.compile(r"[-+]?[0-9]{1,300}")
_NUMBER = re.compile(r"[-+]?(?:[0-9]{1,300}(?:\.[0-9]{0,300})?|\.[0-9]{1,300})(?:[eE][-+]?[0-9]{1,4})?")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Frame: TypeAlias = "tuple[JsonValue, str | None, int]"
"""An open list or mapping, its anchor, and the size of the document before it."""


class YamlError(Exception):
    """The text is no YAML, or passes a bound. Its text is one line."""


def parse_yaml(text: str) -> JsonValue:
    """The value of the text's first document; keys are texts.

    Raises:
        YamlError: the text is no YAML, is nested too deep, refers to itself, or expands past the bound.
    """
    builder = _Builder()
    try:
        for event in yaml.parse(text, Loader=_Loader):
            if builder.take(event):
                break
    except yaml.YAMLError as error:
        raise YamlError(" ".join(str(error).split())[:160]) from None
    return builder.value


class _Builder:
    """Puts events together; `value` is the document when `take` has said that it is complete."""

    def __init__(self) -> None:
        self.value: JsonValue = None
        self._open: list[_Frame] = []
        self._keys: list[str | None] = []  # of each open mapping, the key that waits for its value
        self._anchors: dict[str, tuple[JsonValue, int]] = {}  # {name: (value, expanded size)}
        self._size = 0

    def take(self, event: yaml.Event) -> bool:
        """Add one event; True at the document's end."""
        match event:
            case yaml.ScalarEvent():
                value = _scalar(event)
                self._note(event.anchor, value, 1)
                self._place(value, 1)
            case yaml.AliasEvent():
                known = self._anchors.get(event.anchor or "")
                if known is None:
                    raise YamlError(f"alias *{str(event.anchor)[:40]} names nothing, or what it stands in")
                self._place(*known)
            case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                if len(self._open) >= MAX_DEPTH:
                    raise YamlError(f"is nested deeper than {MAX_DEPTH}")
                empty: JsonValue = {} if isinstance(event, yaml.MappingStartEvent) else []
                self._open.append((empty, event.anchor, self._size))
                self._keys.append(None)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                value, anchor, before = self._open.pop()
                self._keys.pop()
                size = self._size - before + 1
                self._size = before
                self._note(anchor, value, size)
                self._place(value, size)
            case _:
                return isinstance(event, yaml.DocumentEndEvent)
        return False

    def _note(self, anchor: str | None, value: JsonValue, size: int) -> None:
        if anchor is not None:
            self._anchors[anchor] = (value, size)

    def _place(self, value: JsonValue, size: int) -> None:
        """Into the innermost open list or mapping."""
        self._size += size
        if self._size > MAX_NODES:
            raise YamlError(f"its aliases stand for more than {MAX_NODES} values")
        if not self._open:
            self.value = value
            return
        holder = self._open[-1][0]
        if isinstance(holder, list):
            holder.append(value)
            return
        key = self._keys[-1]
        if key is None:
            self._keys[-1] = _key(value)
            return
        self._keys[-1] = None
        if key == "<<":
            _merge(holder, value)
        else:
            holder[key] = value


def _merge(holder: JsonObject, value: JsonValue) -> None:
    """YAML's merge key: what the mapping itself says first, then earlier ones before later ones."""
    for other in value if isinstance(value, list) else [value]:
        if isinstance(other, dict):
            for key, part in other.items():
                holder.setdefault(key, part)


def _key(value: JsonValue) -> str:
    """Keys of JSON are texts: a response's code is written as a number, a switch as a truth value."""
    if isinstance(value, str):
        return value
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int | float):
        return str(value)
    raise YamlError("a key is a list or a mapping")


def _scalar(event: yaml.ScalarEvent) -> JsonValue:
    """A plain scalar by its looks, as YAML 1.2 reads it: `no` and `2024-01-01` are texts; a quoted one is text."""
    text: str = event.value
    if not event.implicit[0] or event.style in ("'", '"', "|", ">"):
        return text
    if text in _NULLS:
        return None
    if text in _TRUES or text in _FALSES:
        return text in _TRUES
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) else text
