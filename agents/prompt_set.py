"""A set of prompt texts: the built-in ones, or those with a folder's texts in their places, with version and hash."""

from __future__ import annotations

import difflib
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec

from ..runtime.errors import ConfigError
from .prompt_texts import TEXTS, VERSION

SUFFIX = ".txt"
VERSION_FILE = "VERSION"
"""Beside exported texts: the version they came from."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


class PromptSet(msgspec.Struct, frozen=True):
    """The texts that the agents of a run speak from."""

    texts: dict[str, str]
    """Every text by name."""
    changed: tuple[str, ...] = ()
    """Names of those that are not the built-in ones, sorted."""

    def fill(self, name: str, **values: str) -> str:
        """A text with its placeholders filled in. Raises KeyError for a name or a placeholder that nothing fills."""
        return _PLACEHOLDER.sub(lambda match: values[match[1]], self.texts[name])

    def digest(self, code: str) -> str:
        """`version-hash`, with `-custom` behind it where texts were changed. `code`: what fills the texts in."""
        meaning = msgspec.json.encode([code, sorted(self.texts.items())])
        custom = "-custom" if self.changed else ""
        return f"{VERSION}-{hashlib.sha256(meaning).hexdigest()[:12]}{custom}"


BUILT_IN = PromptSet(TEXTS)


def placeholders(text: str) -> tuple[str, ...]:
    """The names of a template's placeholders, in the order of their first places."""
    return tuple(dict.fromkeys(_PLACEHOLDER.findall(text)))


def load_prompts(folder: Path) -> PromptSet:
    """The built-in set with the texts that stand in `folder` (`user_system.txt`, …) in their places.

    Raises:
        ConfigError: the folder cannot be read or holds no text, a file is named after no prompt, is empty or no UTF-8,
            lacks a placeholder or has an unknown one, or was exported from another version.
    """
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix == SUFFIX)
        _check_version(folder / VERSION_FILE)
        given = {file.stem: _read(file) for file in files}
    except OSError as error:
        raise ConfigError(f"{error.filename or folder}: cannot be read: {error.strerror}") from None
    if not given:
        raise ConfigError(f"{folder}: holds no prompts; `tdscaling prompts export {folder}` writes the built-in ones")
    changed = tuple(name for name, text in given.items() if text != TEXTS[name])
    return PromptSet({**TEXTS, **given}, changed)


def files_of(prompts: PromptSet) -> Iterator[tuple[str, str]]:
    """`(file name, content)` of a set as `load_prompts` reads it."""
    yield VERSION_FILE, VERSION + "\n"
    for name, text in prompts.texts.items():
        yield name + SUFFIX, text + "\n"


def _check_version(file: Path) -> None:
    if file.is_file() and (found := file.read_text(encoding="utf-8", errors="replace").strip()) != VERSION:
        raise ConfigError(
            f"{file}: these prompts came from version {found[:20]!r}, this is version {VERSION!r}: compare them "
            f"(`tdscaling prompts show --prompts`), then set the file to {VERSION}"
        )


def _read(file: Path) -> str:
    """A text without its last line end. Raises ConfigError and OSError."""
    if file.stem not in TEXTS:
        near = difflib.get_close_matches(file.stem, TEXTS, n=1)
        hint = f"did you mean {near[0]}{SUFFIX}?" if near else "`tdscaling prompts show` lists them"
        raise ConfigError(f"{file}: there is no prompt of this name; {hint}")
    try:
        text = file.read_text(encoding="utf-8").removesuffix("\n")
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: is not UTF-8 text") from None
    if not text.strip():
        raise ConfigError(f"{file}: is empty")
    wanted, found = placeholders(TEXTS[file.stem]), placeholders(text)
    for name in wanted:
        if name not in found:
            raise ConfigError(f"{file}: the placeholder {{{name}}} is missing")
    for name in found:
        if name not in wanted:
            known = ", ".join(f"{{{known}}}" for known in wanted) or "none"
            raise ConfigError(f"{file}: unknown placeholder {{{name}}}; this text has {known}")
    return text
