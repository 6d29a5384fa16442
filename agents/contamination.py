"""Contamination: what a row shares with benchmarks that the user points to, by stretches of words and by tools.

A text counts as taken over when it shares thirteen words in a row with a benchmark's text, or half of its stretches of
eight. A tool counts when name, parameters and their types are a benchmark's. Only hashes are kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec

from ..runtime.chat import ToolDefinition
from ..runtime.errors import InputError
from ..sandbox.tools import JsonObject, JsonValue
from .gates.problem import Problem
from .talk import Talk

LONG, SHORT = 13, 8
"""Words of the two kinds of stretches."""
SHARED = 0.5
"""Share of a text's short stretches from which it counts as taken over."""
LEAST = 6
"""Short stretches that a text needs for its share to say anything."""
_WORD = re.compile(r"[^\W_]+")
_SCHEMAS = ("parameters", "input_schema", "inputSchema")


class Contamination:
    """Hashes of benchmarks, and the gate that looks rows up in them."""

    def __init__(self) -> None:
        self._long: set[int] = set()
        self._short: set[int] = set()
        self._tools: set[int] = set()
        self._digest = hashlib.sha256()

    @classmethod
    def of_files(cls, paths: Iterable[Path]) -> Contamination:
        """From files of JSON, JSON lines or plain text. Raises InputError for one that cannot be read."""
        made = cls()
        for path in paths:
            try:
                data = path.read_bytes()
            except OSError as error:
                raise InputError(f"{path}: {error.strerror or error}") from None
            for value in _values(data):
                made.add(value)
            made._digest.update(hashlib.sha256(data).digest())
        return made

    @property
    def digest(self) -> str:
        """16 hex digits over the files' bytes."""
        return self._digest.hexdigest()[:16]

    @property
    def size(self) -> tuple[int, int]:
        """How many long stretches and how many tools are known."""
        return len(self._long), len(self._tools)

    def add(self, value: JsonValue) -> None:
        """Take in every text and every tool inside a JSON value."""
        if isinstance(value, str):
            words = _words(value)
            self._long.update(_stretches(words, LONG))
            self._short.update(_stretches(words, SHORT))
        elif isinstance(value, list):
            for inner in value:
                self.add(inner)
        elif isinstance(value, dict):
            schema = next((value[key] for key in _SCHEMAS if isinstance(value.get(key), dict)), None)
            if schema is not None and isinstance(value.get("name"), str):
                self._tools.add(tool_hash(value["name"], schema))
            for inner in value.values():
                self.add(inner)

    def no_benchmark(self, talk: Talk) -> Iterator[Problem]:
        """Nothing that was said and no tool that was given is a benchmark's."""
        for tool in talk.tools:
            if self._tools and _hash_of(tool, talk) in self._tools:
                yield Problem("contamination.tool", tool.function.name)
        for position, text in talk.said:
            words = _words(text)
            if not self._long.isdisjoint(_stretches(words, LONG)):
                yield Problem("contamination.text", f"{LONG} words in a row of a benchmark", position)
                continue
            short = list(_stretches(words, SHORT))
            if len(short) >= LEAST and sum(one in self._short for one in short) >= SHARED * len(short):
                yield Problem("contamination.text", "most of its stretches are a benchmark's", position)


def tool_hash(name: str, schema: JsonObject) -> int:
    """Of a tool: its name without case and signs, its parameters with their types, whatever their order."""
    properties = schema.get("properties")
    params = sorted(
        f"{_plain(key)}:{declared.get('type') if isinstance(declared, dict) else ''}"
        for key, declared in (properties.items() if isinstance(properties, dict) else ())
    )
    return _number(f"{_plain(name)}({','.join(params)})")


def _hash_of(tool: ToolDefinition, talk: Talk) -> int:
    return tool_hash(tool.function.name, talk.schemas[tool.function.name])


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "", name).lower()


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _stretches(words: list[str], length: int) -> Iterator[int]:
    for start in range(len(words) - length + 1):
        yield _number(" ".join(words[start : start + length]))


def _number(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest())


def _values(data: bytes) -> Iterator[JsonValue]:
    """One JSON value, or one per line, or each line as text."""
    try:
        yield msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        for line in data.splitlines():
            try:
                yield msgspec.json.decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                yield line.decode("utf-8", "replace")
