"""Prompts from a folder: what is taken, what is refused, and that rows say which texts they came from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdscaling.agents import prompts
from tdscaling.agents.prompt_set import BUILT_IN, PromptSet, files_of, load_prompts, placeholders
from tdscaling.agents.prompt_texts import TEXTS
from tdscaling.runtime.assignment import MODES
from tdscaling.runtime.blueprint import Fact, Goal
from tdscaling.runtime.errors import ConfigError


def folder_of(folder: Path, **texts: str) -> Path:
    """A folder of prompts."""
    for name, text in texts.items():
        (folder / f"{name}.txt").write_text(text, encoding="utf-8")
    return folder


def test_an_export_read_back_is_the_built_in_set(tmp_path: Path) -> None:
    """Nothing counts as changed, and the digest is the same."""
    for name, text in files_of(BUILT_IN):
        (tmp_path / name).write_text(text, encoding="utf-8")
    found = load_prompts(tmp_path)
    assert found == BUILT_IN
    assert prompts.digest(found) == prompts.digest()


def test_texts_that_are_missing_stay_built_in(tmp_path: Path) -> None:
    """Only the given ones change, and the set says which."""
    found = load_prompts(folder_of(tmp_path, user_opening="Begin."))
    assert found.changed == ("user_opening",)
    assert prompts.user_opening(found) == "Begin."
    assert prompts.blueprint_system(found) == prompts.blueprint_system()


def test_a_changed_text_changes_the_digest(tmp_path: Path) -> None:
    """And the digest says that it is none of the built-in ones."""
    found = load_prompts(folder_of(tmp_path, user_opening="Begin."))
    assert prompts.digest(found) != prompts.digest()
    assert prompts.digest(found).endswith("-custom")


def test_every_mode_has_its_structure() -> None:
    """The task of the blueprint agent's model asks for it by name."""
    assert {f"structure_{mode}" for mode in MODES} <= TEXTS.keys()


def test_what_is_filled_in_is_not_filled_in_again() -> None:
    """A person or a world may hold braces."""
    goal = Goal("find {stop}", facts=(Fact("code", '"{goals}"'),))
    text = prompts.user_system("{style}", "terse", [goal])
    assert "You are {style}." in text
    assert "find {stop}" in text
    assert '"{goals}"' in text


def test_braces_around_anything_but_a_word_stand_for_themselves() -> None:
    """JSON in a prompt needs no escaping."""
    text = 'Reply like {"a": {}} about {mode}.'
    assert placeholders(text) == ("mode",)
    assert PromptSet({"x": text}).fill("x", mode="chain") == 'Reply like {"a": {}} about chain.'


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({}, "holds no prompts; `tdscaling prompts export"),
        ({"user_sytem": "x"}, "user_sytem.txt: there is no prompt of this name; did you mean user_system.txt"),
        ({"user_opening": " \n"}, "user_opening.txt: is empty"),
        ({"user_opening": "Begin, {persona}"}, r"unknown placeholder \{persona\}; this text has none"),
        ({"blueprint_repair": "Again."}, r"blueprint_repair.txt: the placeholder \{problem\} is missing"),
        ({"blueprint_repair": "{problem} {plan}"}, r"unknown placeholder \{plan\}; this text has \{problem\}"),
    ],
)
def test_a_folder_that_cannot_be_used_is_one_line(tmp_path: Path, texts: dict[str, str], message: str) -> None:
    """It names the file and what is wrong with it."""
    with pytest.raises(ConfigError, match=message) as caught:
        load_prompts(folder_of(tmp_path, **texts))
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_one_line(tmp_path: Path) -> None:
    """Saved in another encoding."""
    (tmp_path / "user_opening.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"user_opening.txt: is not UTF-8"):
        load_prompts(tmp_path)


def test_prompts_of_another_version_are_not_taken_unseen(tmp_path: Path) -> None:
    """What was built in may have become better since."""
    folder_of(tmp_path, user_opening="Begin.")
    (tmp_path / "VERSION").write_text("0\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="came from version '0'"):
        load_prompts(tmp_path)


def test_a_folder_that_is_none_is_one_line(tmp_path: Path) -> None:
    """Missing, or a file."""
    for path in (tmp_path / "gone", Path(__file__)):
        with pytest.raises(ConfigError, match="cannot be read"):
            load_prompts(path)
