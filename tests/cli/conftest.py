"""A shell in a folder of its own for every test, and real rows made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import Shell


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Runs `tdscaling` in an empty folder, without settings from the environment."""
    return Shell(tmp_path)


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one real run: rows.jsonl with 12 rows, and its run directory `kept`."""
    folder = tmp_path_factory.mktemp("made")
    result = Shell(folder).run("run", "--count", "12", "--seed", "3", "--run", "kept", "--out", "rows.jsonl")
    assert result.code == 0, result.err
    return folder
