"""What is missing or forbidden is told before anything runs, in one line that says what to do."""

from __future__ import annotations

import concurrent.futures.thread  # noqa: F401 -- what is loaded late could not be read as another user
import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from tdscaling.runtime.errors import ConfigError, InfrastructureFault
from tdscaling.sandbox.code import bundle
from tdscaling.sandbox.code.backends import make_backend
from tdscaling.sandbox.code.base import CellResult, CodeSession, Language
from tdscaling.sandbox.code.bubblewrap import BubblewrapBackend
from tdscaling.sandbox.code.container import config_of, inside_of
from tdscaling.sandbox.code.docker import DockerBackend
from tdscaling.sandbox.code.engine import connected
from tdscaling.sandbox.code.jail import find_programs
from tdscaling.sandbox.code.limits import Limits
from tdscaling.sandbox.code.selftest import check_containment
from tdscaling.tests.cli.shell import Shell
from tdscaling.tests.sandbox.code.control import lifted

pytestmark = pytest.mark.anyio
NOBODY = 65534


def test_macos_is_pointed_to_docker() -> None:
    """Bubblewrap is Linux's."""
    with pytest.raises(ConfigError, match=r"needs Linux.*--backend docker"):
        find_programs("darwin")


def test_a_missing_bubblewrap_says_what_to_install(tmp_path: Path) -> None:
    """Nothing runs without it."""
    with pytest.raises(ConfigError, match="apt-get install bubblewrap"):
        find_programs("linux", path=str(tmp_path))


def test_an_old_bubblewrap_is_not_used(tmp_path: Path) -> None:
    """It could not forbid user namespaces."""
    (tmp_path / "bwrap").write_text("#!/bin/sh\necho bubblewrap 0.4.1\n")
    (tmp_path / "bwrap").chmod(0o755)
    with pytest.raises(ConfigError, match="too old"):
        find_programs("linux", path=str(tmp_path))


@pytest.mark.bubblewrap
async def test_a_bubblewrap_that_cannot_make_namespaces_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own last words, and where to look."""
    with tempfile.TemporaryDirectory() as folder:  # other users may not enter pytest's
        refuse(Path(folder))
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
        with pytest.raises(ConfigError, match="cannot be used here: No permissions"):
            async with BubblewrapBackend():
                pass


def refuse(folder: Path) -> None:
    """A bubblewrap that is new enough and may do nothing."""
    script = "#!/bin/sh\n[ \"$1\" = --version ] && echo bubblewrap 0.9.0 || { echo 'No permissions' >&2; exit 1; }\n"
    (folder / "bwrap").write_text(script)
    for path in (folder / "bwrap", folder):
        path.chmod(0o755)


class Unwalled:
    """A session whose cells run in a bounded container without the sandbox's walls."""

    async def run(self, language: Language, source: str, **named: object) -> CellResult:
        """Run one cell; its last lines."""
        shown = (await lifted([("cell", source, 20)]))["cell"]
        return CellResult("ok", 0, shown.output.encode(), b"", 0, 0)


@pytest.mark.docker
async def test_a_sandbox_that_does_not_contain_is_refused(engine: None) -> None:
    """The self-test where there are no walls: it names what succeeded."""
    session = cast("CodeSession", Unwalled())
    with pytest.raises(
        InfrastructureFault, match=r"does not contain: .*NoNewPrivs.*Seccomp.*write to /usr.*user namespace.*forks"
    ):
        await check_containment(session, Limits(processes=4))


async def test_no_engine_is_told_with_its_address(tmp_path: Path) -> None:
    """A socket that is not there, and one behind which nobody listens."""
    stale = tmp_path / "stale.sock"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(stale))
    listener.close()
    for path in (tmp_path / "missing.sock", stale):
        with pytest.raises(ConfigError, match=f"no Docker engine answers at unix://{path}"):
            async with DockerBackend(url=f"unix://{path}"):
                pass


@pytest.fixture
def forbidden() -> Iterator[str]:
    """A socket that we may not use, with its address. As root we are another user meanwhile, since root may use all."""
    folder, ourselves = Path(tempfile.mkdtemp(prefix="tds-")), os.geteuid()  # other users may not enter pytest's
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(folder / "engine.sock"))
        listener.listen()
        (folder / "engine.sock").chmod(0)
        folder.chmod(0o755)
        if ourselves == 0:
            os.seteuid(NOBODY)
        try:
            yield f"unix://{folder}/engine.sock"
        finally:
            if ourselves == 0:
                os.seteuid(ourselves)
    shutil.rmtree(folder)


async def test_a_socket_that_we_may_not_use_says_what_to_do(forbidden: str) -> None:
    """The group, or root."""
    with pytest.raises(ConfigError, match=f"no permission on {forbidden}: join the group docker"):
        async with connected(forbidden):
            pass


def test_a_run_that_cannot_contain_code_ends_in_one_line(tmp_path: Path) -> None:
    """Exit code 2, for a run and for the second run of its rows; nothing is run unsandboxed."""
    shell = Shell(tmp_path)
    shell.write("rows.jsonl", "{}\n")
    nowhere = {"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    for command in (["run", "--code", "--count", "1"], ["verify", "rows.jsonl", "--code"]):
        result = shell.run(*command, "--backend", "docker", env=nowhere)
        assert result.code == 2
        (line,) = [line for line in result.complaint if "code tool" in line]
        assert "no Docker engine answers" in line


@pytest.mark.docker
async def test_a_missing_image_says_how_to_make_it(engine: None) -> None:
    """The engine is there, the image is not."""
    with pytest.raises(ConfigError, match="no image tdscaling-none:1: run tdscaling sandbox build"):
        async with DockerBackend(image="tdscaling-none:1"):
            pass


@pytest.mark.docker
async def test_an_unknown_runtime_is_refused_before_anything_runs(engine: None) -> None:
    """gVisor where it is not registered."""
    with pytest.raises(ConfigError, match=r"no runtime 'gvisor-none'; it has .*runc"):
        async with DockerBackend(runtime="gvisor-none"):
            pass


def test_bubblewrap_has_neither_tiers_nor_runtimes() -> None:
    """A setting that would be ignored is an error."""
    with pytest.raises(ConfigError, match="--backend docker"):
        make_backend("bubblewrap", dense=True)


def test_every_limit_of_a_container_is_on() -> None:
    """In both tiers, without being asked for."""
    for dense in (False, True):
        inside = inside_of(Limits(), 0, "0" * 32, dense=dense, local=True)
        config = config_of("image", Limits(), inside, Path("/sockets"))
        host = config["HostConfig"]
        assert config["NetworkDisabled"] is True
        assert host["NetworkMode"] == "none"
        assert host["CapDrop"] == ["ALL"]
        assert set(host["CapAdd"]) <= {"SETUID", "SETGID", "KILL", "CHOWN"}
        assert host["SecurityOpt"] == ["no-new-privileges"]
        assert host["ReadonlyRootfs"] is True
        assert host["AutoRemove"] is True
        assert host["LogConfig"]["Type"] == "none"
        assert host["Memory"] == host["MemorySwap"] > 0
        assert host["PidsLimit"] > 0
        assert all("size=" in options and "nosuid" in options for options in host["Tmpfs"].values())
        assert host["Binds"] == ["/sockets:/run/tdscaling:ro"]
        assert not host.get("Privileged")


def test_what_runs_inside_fits_on_a_command_line() -> None:
    """One argument may have 128 KiB."""
    inside = inside_of(Limits(), 0, "0" * 32, dense=False, local=True)
    assert max(len(word) for word in bundle.command("python3", inside)) < 100_000
