"""The composition: what settings become, and that servers end with the run that started them."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest
import yaml

from tdscaling.cli.composition import check, compose
from tdscaling.runtime.config import RunConfig
from tdscaling.runtime.errors import ConfigError
from tdscaling.runtime.sinks import MemorySink
from tdscaling.runtime.storage import MemoryStorage
from tdscaling.sandbox.services import BUILTIN
from tdscaling.tests.cli.shell import SECONDS, Shell
from tdscaling.tests.cli.test_run import until

HANGING = """
import os, pathlib, sys, time
pathlib.Path(sys.argv[1]).write_text(str(os.getpid()))
time.sleep(600)
"""


@pytest.fixture
def hanging(shell: Shell) -> Path:
    """Makes hanging.yaml, a server that never answers; returns where it will write its process id."""
    pid = shell.folder / "pid"
    shell.write("hanging.py", HANGING)
    command = [sys.executable, "{manifest}/hanging.py", str(pid)]
    shell.write("hanging.yaml", yaml.safe_dump({"command": command, "timeouts": {"start": 30}}))
    return pid


def digest(**settings: object) -> str:
    """The digest of a run with these settings."""
    config = RunConfig(**settings)
    plan, storage = check(config), MemoryStorage()
    compose(config, plan, plan.services, storage, [MemorySink()])
    identity = msgspec.json.decode(bytes(storage.files["identity.json"]), type=dict[str, object])
    return str(identity["digest"])


def test_all_services_are_those_there_are() -> None:
    """`all` is a word for the names, not another catalogue."""
    assert digest() == digest(services=list(BUILTIN))


def test_other_tools_give_another_digest() -> None:
    """The catalogue is part of what a row's id stands for."""
    assert digest(services="orders") != digest(services="calendar")


def test_no_more_episodes_than_servers_are_in_flight(hanging: Path, shell: Shell) -> None:
    """An episode holds one server of a manifest at a time; more episodes would only wait for theirs."""
    config = RunConfig(mcp=[shell.folder / "hanging.yaml"], max_servers=7, concurrency=64)
    assert check(config).limits.concurrency == 7
    assert check(RunConfig(concurrency=64)).limits.concurrency == 64


def test_two_servers_of_one_name_are_refused(hanging: Path, shell: Shell) -> None:
    """Their states could not be told apart in a row."""
    manifest = str(shell.folder / "hanging.yaml")
    with pytest.raises(ConfigError, match=r"hanging\.yaml: name: 'hanging' is taken by .*hanging\.yaml"):
        check(RunConfig(mcp=[manifest, manifest]))


def test_a_server_with_a_service_s_name_is_refused(hanging: Path, shell: Shell) -> None:
    """Built-in services have their names first."""
    shell.write("orders.yaml", (shell.folder / "hanging.yaml").read_text())
    with pytest.raises(ConfigError, match="'orders' is taken by a built-in service"):
        check(RunConfig(mcp=[shell.folder / "orders.yaml"], services="all"))


def test_two_tools_of_one_name_are_refused() -> None:
    """A call names its tool and nothing else."""
    config = RunConfig(services="orders")
    plan = check(config)
    with pytest.raises(ConfigError, match="is in orders and in orders"):
        compose(config, plan, (*plan.services, *plan.services), MemoryStorage(), [MemorySink()])


def test_a_signal_while_servers_start_ends_them_and_the_run(hanging: Path, shell: Shell) -> None:
    """Nothing was made, nobody is left behind."""
    process = shell.start("run", "--mcp", "hanging.yaml", "--run", "kept")
    until(lambda: hanging.exists() and hanging.read_text() != "", process)
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=SECONDS)
    assert process.returncode == 130
    assert complaint.decode().splitlines() == [
        "tdscaling: stopped by SIGINT: nothing was synthesised; run directory: kept"
    ]
    with pytest.raises(ProcessLookupError):
        os.kill(int(hanging.read_text()), 0)


def test_a_server_that_hangs_at_its_start_is_exit_4(hanging: Path, shell: Shell) -> None:
    """After its own time limit, with the manifest named, and without leaving it behind."""
    text = (shell.folder / "hanging.yaml").read_text().replace("start: 30", "start: 0.5")
    result = shell.run("run", "--mcp", shell.write("hanging.yaml", text), "--run", "kept")
    assert result.code == 4
    assert len(result.complaint) <= 3
    assert "hanging.yaml" in result.complaint[-1]
    with pytest.raises(ProcessLookupError):
        os.kill(int(hanging.read_text()), 0)
