"""How external servers end: closed, cancelled, dead, killed. Every server here is a real process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import anyio
import pytest

from tdscaling.runtime.errors import EnvironmentFault, InfrastructureFault, ToolServerError
from tdscaling.sandbox.mcp import McpToolbox, McpWorld
from tdscaling.sandbox.mcp_health import FAULTS_IN_A_ROW
from tdscaling.tests.sandbox.mcp_play import folders, notes, processes_below, raw, running, until

pytestmark = pytest.mark.anyio


BOTH_LOOPS = pytest.mark.parametrize("anyio_backend", [False, True], ids=["asyncio", "uvloop"], indirect=True)


@pytest.fixture
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """The loop that production uses; those tests that end processes run on both."""
    return "asyncio", {"use_uvloop": getattr(request, "param", True)}


@BOTH_LOOPS
async def test_a_closed_world_has_neither_process_nor_folder(tmp_path: Path) -> None:
    """Closing twice is fine; a call afterwards is an infrastructure fault."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    async with McpToolbox(raw(tmp_path, "plain", "{scratch}"), root=scratch, prestart=0) as box:
        world = await box.open(seed=1)
        assert running(world.pid)
        await world.aclose()
        await world.aclose()
        assert not running(world.pid)
        assert [folders(scratch / root) for root in folders(scratch)] == [[]]
        with pytest.raises(InfrastructureFault, match="mcp_closed"):
            await world.call("count", {})
        with pytest.raises(InfrastructureFault, match="mcp_closed"):
            await world.snapshot()
    assert folders(scratch) == []


@BOTH_LOOPS
async def test_leaving_the_toolbox_ends_open_worlds_and_those_kept_ready(tmp_path: Path) -> None:
    """Nothing that names the folder runs any more."""
    async with McpToolbox(raw(tmp_path, "plain", "{scratch}"), root=tmp_path, prestart=2) as box:
        world = await box.open(seed=1)
        await world.call("count", {})
        assert processes_below(tmp_path)
    assert processes_below(tmp_path) == []
    assert folders(tmp_path) == []


@BOTH_LOOPS
async def test_cancelling_everything_in_the_middle_of_a_call_leaves_no_process(tmp_path: Path) -> None:
    """The clean-up is shielded: the cancelled scope is left only when the servers are gone."""
    with anyio.CancelScope() as scope:
        async with (
            McpToolbox(raw(tmp_path, "plain", "{scratch}"), root=tmp_path, prestart=1) as box,
            anyio.create_task_group() as group,
        ):
            world = await box.open(seed=1)
            group.start_soon(world.call, "wait_for_ever", {})
            await until((world._session.scratch / "waiting").exists)
            scope.cancel()
    assert processes_below(tmp_path) == []
    assert folders(tmp_path) == []


@BOTH_LOOPS
async def test_a_cancelled_call_does_not_spoil_the_session(tmp_path: Path) -> None:
    """The next call is answered, and with its own answer."""
    async with McpToolbox(notes(tmp_path), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        async with anyio.create_task_group() as group:
            group.start_soon(world.call, "wait_for_ever", {})
            await until((world._session.scratch / "waiting").exists)
            group.cancel_scope.cancel()
        assert (await world.call("count", {})).content == "1"
        await world.aclose()


async def test_closing_in_the_middle_of_a_call_ends_the_call(tmp_path: Path) -> None:
    """The caller gets a fault at once, not a time-out."""
    async with McpToolbox(raw(tmp_path, "plain", "{scratch}"), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        faults: list[InfrastructureFault] = []

        async def wait() -> None:
            try:
                await world.call("wait_for_ever", {})
            except InfrastructureFault as fault:
                faults.append(fault)

        with anyio.fail_after(5):
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                await until((world._session.scratch / "waiting").exists)
                await world.aclose()
        assert [fault.reason for fault in faults] == ["mcp_closed"]


@BOTH_LOOPS
async def test_a_server_that_dies_in_a_call_is_an_infrastructure_fault(tmp_path: Path) -> None:
    """The line says how it ended and what it said last; later calls fail at once; the next world is a new one."""
    async with McpToolbox(raw(tmp_path, "plain", "{scratch}"), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        with pytest.raises(InfrastructureFault) as caught:
            await world.call("die", {})
        assert caught.value.reason == "mcp_died"
        assert caught.value.detail.endswith("exit code 3 (fatal: the disk is on fire)")
        with pytest.raises(InfrastructureFault, match="mcp_died"):
            await world.call("count", {})
        with pytest.raises(InfrastructureFault):
            await world.snapshot()
        await world.aclose()
        other = await box.open(seed=1)
        assert (await other.call("count", {})).content == "1"
        await other.aclose()


async def test_a_server_killed_while_it_is_kept_ready_is_not_handed_out(tmp_path: Path) -> None:
    """The opener gets one that lives."""
    async with McpToolbox(raw(tmp_path, "plain"), root=tmp_path, prestart=1) as box:
        pool = box._pool
        assert pool is not None
        await until(lambda: pool.ready == 1)
        doomed = pool._ready[0]
        assert doomed.pid is not None
        os.kill(doomed.pid, signal.SIGKILL)
        await until(lambda: doomed.broken)
        world = await box.open(seed=1)
        assert (await world.call("ping", {})).content == "pong"
        await world.aclose()


async def test_a_call_that_hangs_is_a_timeout(tmp_path: Path) -> None:
    """After the manifest's `timeouts.call`."""
    async with McpToolbox(
        raw(tmp_path, "plain", "{scratch}", timeouts={"call": 0.3}), root=tmp_path, prestart=0
    ) as box:
        world = await box.open(seed=1)
        with pytest.raises(InfrastructureFault, match=r"mcp_timeout: .*tool wait_for_ever: no answer in 0\.3 s"):
            await world.call("wait_for_ever", {})
        await world.aclose()
        assert not running(world.pid)


async def test_a_reply_that_violates_its_output_schema_is_an_environment_fault(tmp_path: Path) -> None:
    """The line names tool and field."""
    async with McpToolbox(raw(tmp_path, "violates_output_later"), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        with pytest.raises(EnvironmentFault, match=r'output_schema: raw: tool weather: .*"degrees" is a required'):
            await world.call("weather", {})
        await world.aclose()


async def test_a_flood_on_standard_error_neither_blocks_nor_fills_the_disk(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """40 MB are read and dropped, the log keeps the first MiB, our own standard error nothing."""
    log = tmp_path / "servers.log"
    async with McpToolbox(raw(tmp_path, "floods_stderr"), root=tmp_path, stderr_log=log, prestart=0) as box:
        world = await box.open(seed=1)
        assert (await world.call("ping", {})).content == "pong"
        await world.aclose()
    assert log.stat().st_size == 2**20
    assert capfd.readouterr().err == ""


async def test_what_a_server_leaves_behind_is_ended_with_it(tmp_path: Path) -> None:
    """A server that exits at the end of its input, as asked, but started a child that does not."""
    pid_file = tmp_path / "child.pid"
    async with McpToolbox(raw(tmp_path, "leaves_child", str(pid_file)), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        child = int(pid_file.read_text())
        assert running(child)
        await world.aclose()
        await until(lambda: not running(child))


@BOTH_LOOPS
async def test_a_server_that_ignores_every_request_to_end_is_killed(tmp_path: Path) -> None:
    """Within three seconds."""
    async with McpToolbox(raw(tmp_path, "ignores_end"), root=tmp_path, prestart=0) as box:
        world = await box.open(seed=1)
        with anyio.fail_after(3):
            await world.aclose()
        assert not running(world.pid)


async def test_a_stateless_server_serves_one_world_after_another(tmp_path: Path) -> None:
    """The process stays; a new one is started only after it broke."""
    async with McpToolbox(raw(tmp_path, "plain", "{scratch}", stateful=False), root=tmp_path, prestart=0) as box:
        first = await box.open(seed=1)
        await first.aclose()
        second = await box.open(seed=2)
        assert second.pid == first.pid
        with pytest.raises(InfrastructureFault):
            await first.call("count", {})
        with pytest.raises(InfrastructureFault):
            await second.call("die", {})
        await second.aclose()
        third = await box.open(seed=3)
        assert third.pid != first.pid
        await third.aclose()


async def test_a_world_is_opened_used_and_closed_by_different_tasks(tmp_path: Path) -> None:
    """As an episode's handlers are."""
    async with McpToolbox(raw(tmp_path, "plain", "{scratch}"), root=tmp_path, prestart=0) as box:
        worlds: list[McpWorld] = []
        replies: list[str] = []

        async def open_one() -> None:
            worlds.append(await box.open(seed=1))

        async def call() -> None:
            replies.append((await worlds[0].call("count", {})).content)

        async def close() -> None:
            await worlds[0].aclose()

        for step in (open_one, call, call, close):
            async with anyio.create_task_group() as group:
                group.start_soon(step)
        assert replies == ["1", "2"]


async def test_an_error_in_the_body_leaves_the_toolbox_as_it_is(tmp_path: Path) -> None:
    """Not wrapped in a group: a command's own error keeps its exit code."""
    with pytest.raises(KeyError, match="mine"):
        async with McpToolbox(raw(tmp_path, "plain"), root=tmp_path):
            raise KeyError("mine")


PROGRAM = """
import anyio, sys
from pathlib import Path
from tdscaling.sandbox.manifest import load_manifest
from tdscaling.sandbox.mcp import McpToolbox

async def main():
    async with McpToolbox(load_manifest(Path(sys.argv[1])), prestart=1) as box:
        world = await box.open(0)
        print(world.pid, flush=True)
        await anyio.sleep_forever()

anyio.run(main)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_or_interrupted_program_leaves_no_server(tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C unwinds; after SIGKILL the servers find their input closed and go."""
    manifest = raw(tmp_path, "plain", "{scratch}")
    command = [sys.executable, "-c", PROGRAM, str(manifest.source)]
    environ = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environ
    ) as program:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        program.send_signal(number)
        program.wait(20)
    deadline = time.monotonic() + 10
    while running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not running(pid)


async def test_a_server_that_never_answers_ends_the_run(tmp_path: Path) -> None:
    """After so many faults in a row, over all worlds, the error is the user's; an answer in between sets it back."""

    async def die(box: McpToolbox) -> None:
        world = await box.open(0)
        try:
            await world.call("die", {})
        finally:
            await world.aclose()

    async with McpToolbox(raw(tmp_path, "plain"), root=tmp_path) as box:
        for _ in range(FAULTS_IN_A_ROW - 1):
            with pytest.raises(InfrastructureFault):
                await die(box)
        healthy = await box.open(0)
        await healthy.call("ping", {})
        await healthy.aclose()
        for _ in range(FAULTS_IN_A_ROW - 1):
            with pytest.raises(InfrastructureFault):
                await die(box)
        with pytest.raises(ToolServerError, match=r"raw.yaml: tool die: .*failed calls in a row"):
            await die(box)
