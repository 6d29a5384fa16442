"""The command line as a whole: help, version, doctor, config show, and how little is loaded for the quick ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tdscaling.cli.checkup import Check, external_server, machine
from tdscaling.cli.logs import open_log
from tdscaling.runtime.config import RunConfig
from tdscaling.tests.cli.shell import Shell

SLOW = ("mcp", "aiohttp", "tdscaling.agents", "tdscaling.evolution", "tdscaling.sandbox.services")


def test_the_version_is_the_distribution_s(shell: Shell) -> None:
    """One line, on stdout."""
    assert shell.run("--version").out == "0.1.0\n"


def test_the_help_names_every_command_and_exit_code(shell: Shell) -> None:
    """A stranger finds the way from here."""
    text = shell.run("--help").out
    for words in ("run ", "show ", "doctor ", "config ", "3  --count was not reached", "130 interrupted"):
        assert words in text


def test_the_help_of_run_has_every_setting_with_its_explanation(shell: Shell) -> None:
    """Flags come from the fields; none can be forgotten, but those that are too deep for a flag."""
    text = " ".join(shell.run("run", "--help", env={"COLUMNS": "400"}).out.split())
    for name, field in RunConfig.model_fields.items():
        if any(getattr(mark, "parse", None) is False for mark in field.metadata):
            assert f"--{name}" not in text
            continue
        assert f"--{name.replace('_', '-')}" in text
        assert field.description
        assert " ".join(field.description.split()) in text


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["show", "{rows}"], ["config", "show"], ["doctor"]])
def test_quick_commands_do_not_load_the_slow_parts(made: Path, shell: Shell, arguments: list[str]) -> None:
    """Start-up is felt at every call."""
    filled = [argument.format(rows=made / "rows.jsonl") for argument in arguments]
    program = (
        "import sys\n"
        "from tdscaling.__main__ import main\n"
        "code = main(sys.argv[1:])\n"
        f"slow = [name for name in {SLOW!r} if name in sys.modules]\n"
        "sys.exit(f'loaded: {slow}' if slow else code)\n"
    )
    result = shell.python(program, *filled)
    assert result.code == 0, result.err


def test_config_show_prints_settings_that_config_takes(shell: Shell) -> None:
    """What is shown is a settings file."""
    shown = shell.run("config", "show", "--count", "7", "--mcp", "a.yaml", "b.yaml", "--mcp", "c.yaml")
    settings = yaml.safe_load(shown.out)
    assert (settings["count"], settings["mcp"], settings["services"]) == (7, ["a.yaml", "b.yaml", "c.yaml"], [])
    again = shell.run("config", "show", "--config", shell.write("run.yaml", shown.out))
    assert again.out == shown.out


def test_doctor_says_what_it_found_in_json(shell: Shell) -> None:
    """Name, status, detail, advice; a warning is no failure."""
    result = shell.run("doctor", "--json")
    checks = {check["name"]: check for check in json.loads(result.out)}
    assert result.code == 0
    assert {"python", "libraries", "uvloop", "memory", "open files", "disk", "docker"} <= set(checks)
    assert checks["runs folder"]["status"] == "ok"
    assert all(check["advice"] for check in checks.values() if check["status"] != "ok")


def test_doctor_fails_for_a_manifest_that_cannot_be_used(shell: Shell) -> None:
    """Exit code 1, and the line that a run would give."""
    shell.write("broken.yaml", "command: [no-such-program-anywhere]\n")
    result = shell.run("doctor", "--mcp", "broken.yaml")
    assert result.code == 1
    assert "FAIL" in result.out
    assert "no-such-program-anywhere" in result.out


def test_doctor_starts_the_servers_of_a_manifest(tmp_path: Path) -> None:
    """A manifest that reads well may still name a server that does not start."""
    manifest = tmp_path / "crash.yaml"
    manifest.write_text("command: ['false']\n")
    assert external_server(manifest).status == "fail"


def test_doctor_finds_a_folder_that_cannot_be_written() -> None:
    """By trying: permissions are not the only reason."""
    checks: dict[str, Check] = {check.name: check for check in machine(Path("/proc/runs"))}
    assert checks["runs folder"].status == "fail"
    assert checks["runs folder"].advice


def test_the_log_is_json_and_repeats_warnings_on_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events below a warning stay in the file."""
    path = tmp_path / "run.log"
    with open_log(path, "info") as log:
        log.debug("too small")
        log.info("run started", tools=3)
        log.warning("odd", text="two\nlines \x1b[31m")
    events = [json.loads(text) for text in path.read_text().splitlines()]
    assert [(event["event"], event["level"]) for event in events] == [("run started", "info"), ("odd", "warning")]
    assert capsys.readouterr().err == "tdscaling: warning: odd text=two lines \\x1b[31m\n"


def test_what_libraries_log_goes_to_the_file_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A chatty client does not fill the terminal, and is silent again after the run."""
    import logging

    path = tmp_path / "run.log"
    with open_log(path, "info"):
        logging.getLogger("some.client").warning("reconnecting %d", 3)
        logging.getLogger("some.client").debug("a whole request")
    logging.getLogger("some.client").info("after the run")
    (event,) = [json.loads(text) for text in path.read_text().splitlines()]
    assert (event["event"], event["source"]) == ("reconnecting 3", "some.client")
    assert capsys.readouterr().err == ""
