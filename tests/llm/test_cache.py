"""The request cache: nothing is asked twice, and what differs in anything is asked again."""

from __future__ import annotations

from pathlib import Path

import anyio
import msgspec
import pytest

from tdscaling.runtime.chat import AssistantMessage
from tdscaling.runtime.errors import OutputError
from tdscaling.runtime.llm.cache import CachedModel
from tdscaling.runtime.model import ModelReply, ModelRequest, Usage
from tdscaling.tests.llm.server import REQUEST


class Counting:
    """A model that counts, and says the number of the request."""

    simulated = False

    def __init__(self) -> None:
        self.asked = 0

    async def complete(self, request: ModelRequest) -> ModelReply:
        """The next number."""
        del request
        self.asked += 1
        return ModelReply(AssistantMessage(f"{self.asked}"), "stop", Usage(3, 2), "some-model")


def ask(folder: Path, *requests: ModelRequest, own: str = "") -> tuple[list[str], int]:
    """What a fresh model in front of the folder answers, and how often the one inside was asked."""
    inside = Counting()
    cached = CachedModel(inside, folder, {REQUEST.model: own})

    async def main() -> list[str]:
        return [(await cached.complete(request)).message.content for request in requests]

    return anyio.run(main), inside.asked


def test_what_was_asked_before_is_not_asked_again(tmp_path: Path) -> None:
    """Not in the same run, and not in a later one."""
    assert ask(tmp_path, REQUEST, REQUEST) == (["1", "1"], 1)
    assert ask(tmp_path, REQUEST) == (["1"], 0)


def test_every_part_of_a_request_counts(tmp_path: Path) -> None:
    """Another seed, temperature, model, or setting of the model is another question."""
    others = [
        msgspec.structs.replace(REQUEST, seed=REQUEST.seed + 1),
        msgspec.structs.replace(REQUEST, temperature=0.5),
        msgspec.structs.replace(REQUEST, model="another"),
    ]
    assert ask(tmp_path, REQUEST, *others)[1] == 4
    assert ask(tmp_path, REQUEST, own='{"reasoning": "high"}')[1] == 1


def test_a_broken_file_is_asked_for_again(tmp_path: Path) -> None:
    """And replaced."""
    ask(tmp_path, REQUEST)
    (file,) = tmp_path.rglob("*.json")
    file.write_bytes(b'{"mess')
    assert ask(tmp_path, REQUEST)[1] == 1
    assert ask(tmp_path, REQUEST)[1] == 0


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """Before anything is asked."""
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot make the request cache"):
        CachedModel(Counting(), tmp_path / "file" / "cache")
