"""Settings: precedence, what is refused and in which words, and what the digest covers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime.config import RunConfig
from tdscaling.runtime.config_sources import read_settings
from tdscaling.runtime.errors import ConfigError


@pytest.fixture(autouse=True)
def _no_settings_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """The person's own variables must not decide a test."""
    for field in RunConfig.model_fields:
        monkeypatch.delenv(f"TDSCALING_{field.upper()}", raising=False)


def file(folder: Path, text: str) -> Path:
    """A settings file."""
    path = folder / "run.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def complaint(**flags: object) -> str:
    """The line that these flags earn."""
    with pytest.raises(ConfigError) as caught:
        RunConfig(**flags)
    return str(caught.value)


def test_the_command_line_wins_over_the_file_the_environment_and_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source decides what no source before it says."""
    monkeypatch.setenv("TDSCALING_COUNT", "1")
    monkeypatch.setenv("TDSCALING_SEED", "1")
    monkeypatch.setenv("TDSCALING_LAG", "600")
    path = file(tmp_path, "count: 2\nseed: 2\n")
    config = RunConfig(count=3, config=path)
    assert (config.count, config.seed, config.lag, config.concurrency) == (3, 2, 600, 64)


def test_the_environment_can_name_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """TDSCALING_CONFIG stands for --config."""
    monkeypatch.setenv("TDSCALING_CONFIG", str(file(tmp_path, "count: 5")))
    assert RunConfig().count == 5


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    """Nothing in a file is no error."""
    assert RunConfig(config=file(tmp_path, "# later\n")).count == 100


def test_a_key_may_be_written_as_the_flag_is(tmp_path: Path) -> None:
    """`max-servers` and `max_servers` are one key."""
    assert RunConfig(config=file(tmp_path, "max-servers: 4")).max_servers == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cuont: 3", "unknown key 'cuont', did you mean 'count'?"),
        ("config: other.yaml", "unknown key 'config'"),
        ("count: many", "count must be a whole number, not 'many'"),
        ("count: [1]", "count must be a whole number, not [1]"),
        ("count: yes", "count must be a number, not True"),
        ("count: 0", "count must be at least 1, not 0"),
        ("mistakes: 11", "mistakes must be at most 10, not 11"),
        ("max_servers: 0", "max_servers must be at least 1, not 0"),
        ("services: 3", "services must be a list, not 3"),
        ("out: 5", "out must be a text, not 5"),
        ("loop: trio", "loop must be 'uvloop' or 'asyncio', not 'trio'"),
        ("overwrite: perhaps", "overwrite must be true or false, not 'perhaps'"),
        ("count: 0\nseed: x", "count must be at least 1, not 0 (and 1 more)"),
        ("seed: 2026-99-99", "broken YAML: month must be in 1..12"),
        ("- count", "a settings file is a mapping"),
    ],
)
def test_a_bad_value_in_a_file_is_named_with_file_and_key(tmp_path: Path, text: str, expected: str) -> None:
    """One line: the file, the key, the rule, the value."""
    path = file(tmp_path, text)
    line = complaint(config=path)
    assert line.startswith(f"{path}: ")
    assert expected in line
    assert "\n" not in line


def test_broken_yaml_is_named_with_line_and_column(tmp_path: Path) -> None:
    """FILE:LINE:COLUMN, where an editor can jump to."""
    path = file(tmp_path, "count: 3\nseed: 1: 2\n")
    assert complaint(config=path).startswith(f"{path}:2:8: broken YAML: ")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """The path stands in the line."""
    assert (
        complaint(config=tmp_path / "gone.yaml") == f"{tmp_path}/gone.yaml: cannot be read: No such file or directory"
    )


def test_a_file_that_is_not_text_is_named(tmp_path: Path) -> None:
    """Bytes that are no UTF-8 are no settings."""
    path = tmp_path / "run.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    assert complaint(config=path) == f"{path}: is not UTF-8 text"


def test_a_bad_flag_is_named_as_a_flag() -> None:
    """Two dashes, as it was typed."""
    assert complaint(max_servers="x") == "--max-servers must be a whole number, not 'x'"


def test_a_bad_variable_is_named_as_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole name, so that it can be found in a profile."""
    monkeypatch.setenv("TDSCALING_COUNT", "-4")
    assert complaint() == "TDSCALING_COUNT must be at least 1, not -4"


def test_an_unknown_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A typing error in the environment is found as one in a file is."""
    monkeypatch.setenv("TDSCALING_SEEED", "4")
    assert complaint() == "environment: unknown variable TDSCALING_SEEED, did you mean 'TDSCALING_SEED'?"


def test_lists_may_be_comma_separated(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment, and within one flag."""
    monkeypatch.setenv("TDSCALING_MCP", "a.yaml, b.yaml")
    config = RunConfig(services=["orders,calendar", "tickets"])
    assert config.services == ("orders", "calendar", "tickets")
    assert config.mcp == (Path("a.yaml"), Path("b.yaml"))


def test_manifests_alone_mean_their_tools_alone() -> None:
    """Built-in services join only when they are asked for."""
    assert RunConfig(mcp=["a.yaml"]).services == ()
    assert RunConfig(mcp=["a.yaml"], services="all").services == ("all",)


def test_no_tools_at_all_is_refused() -> None:
    """An empty list of services without a manifest leaves nothing to call."""
    assert "there are no tools to use" in complaint(services="")


def test_more_episodes_than_half_the_lag_are_refused_with_the_lag_to_set() -> None:
    """The person learns the number, not only the rule."""
    with pytest.raises(ConfigError, match="set lag to 600"):
        RunConfig(concurrency=300).limits()


@pytest.mark.parametrize("change", [{"lag": 600}, {"mistakes": 0}, {"model": "other"}])
def test_the_digest_changes_with_what_changes_the_rows(change: dict[str, object]) -> None:
    """A row's id must not stand for two different rows."""
    assert RunConfig(**change).digest() != RunConfig().digest()


@pytest.mark.parametrize(
    "change",
    [{"count": 5}, {"concurrency": 2}, {"out": "x"}, {"run": "r"}, {"loop": "asyncio"}, {"seed": 4}, {"deadline": 9}],
)
def test_the_digest_ignores_what_does_not_change_a_row(change: dict[str, object]) -> None:
    """The same row has the same id however it was made."""
    assert RunConfig(**change).digest() == RunConfig().digest()


def test_the_digest_covers_the_parts_given() -> None:
    """Catalogue and prompts enter by their names and versions."""
    config = RunConfig()
    assert config.digest(prompts="1") != config.digest(prompts="2")
    assert len(config.digest()) == 16


@given(
    count=st.integers(1, 10**6),
    seed=st.integers(-(2**40), 2**40),
    services=st.lists(st.sampled_from("abc"), min_size=1),
)
def test_what_is_shown_can_be_read_back(count: int, seed: int, services: list[str]) -> None:
    """The public form, written as a file, gives the same settings."""
    config = RunConfig(count=count, seed=seed, services=services)
    shown = {key: value for key, value in config.public().items() if key != "config"}
    assert RunConfig(**shown) == config


@given(text=st.text(max_size=60))
def test_whatever_stands_in_a_file_gives_settings_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    """No text ends in a traceback."""
    path = tmp_path_factory.mktemp("any") / "run.yaml"
    path.write_text(text, encoding="utf-8", errors="surrogatepass")
    line = ""
    try:
        read_settings(path, RunConfig.model_fields)
    except ConfigError as error:
        line = str(error)
    assert "\n" not in line
