"""Rows that repeat a benchmark's texts or tools are told, whatever form the benchmark's file has."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tdscaling.agents.contamination import Contamination
from tdscaling.agents.talk import Talk
from tdscaling.runtime.chat import AssistantMessage, FunctionSpec, ToolDefinition, UserMessage
from tdscaling.runtime.errors import InputError

QUESTION = "You are asked to exchange the two items of order seven for a larger size and to pay the difference by card."
TOOL = {"name": "exchange_items", "parameters": {"type": "object", "properties": {"order": {"type": "string"}}}}


def codes(benchmark: Contamination, said: str, tool: ToolDefinition | None = None) -> list[str]:
    """What the gate says of a short conversation."""
    talk = Talk((UserMessage(said), AssistantMessage("Gladly.")), (tool,) if tool else ())
    return [problem.code for problem in benchmark.no_benchmark(talk)]


def definition(name: str, schema: object) -> ToolDefinition:
    """A tool as a row holds it."""
    return ToolDefinition(FunctionSpec(name, "", msgspec.Raw(msgspec.json.encode(schema))))


@pytest.mark.parametrize("form", ["json", "lines", "text"])
def test_a_text_of_a_benchmark_is_told_in_every_form_of_file(tmp_path: Path, form: str) -> None:
    """Punctuation and case do not matter; a few words in common do not count."""
    record = {"id": 1, "turns": [{"content": QUESTION}]}
    texts = {"json": json.dumps([record]), "lines": json.dumps(record) + "\n" + json.dumps({"a": 1}), "text": QUESTION}
    path = tmp_path / f"benchmark.{form}"
    path.write_text(texts[form], encoding="utf-8")
    benchmark = Contamination.of_files([path])
    assert codes(benchmark, f"Hello! {QUESTION.upper()}") == ["contamination.text"]
    assert codes(benchmark, "Please exchange the two items of order seven for me.") == []


def test_half_of_the_short_stretches_are_enough() -> None:
    """A text changed every ten words shares no long stretch and is told all the same."""
    words = QUESTION.split() * 2
    benchmark = Contamination()
    benchmark.add(" ".join(words))
    changed = [f"x{n}" if n % 12 == 11 else word for n, word in enumerate(words)]
    assert codes(benchmark, " ".join(changed)) == []
    almost = " ".join([*words[:12], "instead", *words[12:24], "again"])
    assert codes(benchmark, almost) == ["contamination.text"]


def test_a_tool_of_a_benchmark_is_told_under_another_spelling() -> None:
    """Name and parameters count, order, case and descriptions do not."""
    benchmark = Contamination()
    benchmark.add({"tools": [{"type": "function", "function": TOOL}]})
    same = {"type": "object", "properties": {"Order": {"type": "string", "description": "its number"}}}
    assert codes(benchmark, "Hello.", definition("exchangeItems", same)) == ["contamination.tool"]
    other = {"type": "object", "properties": {"order": {"type": "integer"}}}
    assert codes(benchmark, "Hello.", definition("exchange_items", other)) == []


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """One line, with the path."""
    with pytest.raises(InputError, match=r"missing\.json: No such file"):
        Contamination.of_files([tmp_path / "missing.json"])


def test_the_digest_follows_the_files(tmp_path: Path) -> None:
    """So that a run's rows say what they were held against."""
    path = tmp_path / "a.txt"
    path.write_text("one", encoding="utf-8")
    first = Contamination.of_files([path]).digest
    path.write_text("two", encoding="utf-8")
    assert Contamination.of_files([path]).digest != first
