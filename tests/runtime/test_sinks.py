"""Sinks: real pipes and files, readers that are slow, stalled or gone."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.errors import OutputError
from tdscaling.runtime.sinks import FileSink, MemorySink, StdoutSink, StorageSink
from tdscaling.runtime.storage import DirectoryStorage, MemoryStorage
from tdscaling.tests.runtime.play import Runner

LINE = b"x" * 20_000 + b"\n"


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def real(request: pytest.FixtureRequest) -> Runner:
    """A real loop: pipes know no virtual time."""
    return partial(loop.run, use_uvloop=request.param)


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """The two ends of a pipe, closed afterwards if they still are open."""
    ends = os.pipe()
    yield ends
    for fd in ends:
        try:
            os.close(fd)
        except OSError:
            continue


def read_all(fd: int) -> bytes:
    """Everything up to the end."""
    chunks = []
    while chunk := os.read(fd, 65536):
        chunks.append(chunk)
    return b"".join(chunks)


def test_lines_pass_a_pipe_whole_and_in_order(real: Runner, pipe: tuple[int, int]) -> None:
    """Also when each is larger than what the pipe takes at a time."""
    reader, writer = pipe
    lines = [b"%d " % n + LINE for n in range(20)]

    async def main() -> bytes:
        received: list[bytes] = []

        async def read() -> None:
            received.append(await anyio.to_thread.run_sync(read_all, reader))

        async with anyio.create_task_group() as group:
            group.start_soon(read)
            sink = StdoutSink(writer)
            for line in lines:
                await sink.write(line)
            await sink.aclose()
            os.close(writer)
        return received[0]

    assert real(main) == b"".join(lines)


def test_a_stalled_reader_does_not_block_the_loop(real: Runner, pipe: tuple[int, int]) -> None:
    """Others run on while a write waits; the write ends when the reader goes on."""
    reader, writer = pipe

    async def main() -> int:
        sink, turns = StdoutSink(writer), 0

        async def fill() -> None:
            while sink.rows < 10:
                await sink.write(LINE)

        async with anyio.create_task_group() as group:
            group.start_soon(fill)
            while select.select([], [writer], [], 0)[1]:
                await anyio.lowlevel.checkpoint()
            stalled_at = sink.rows
            while turns < 1000:
                await anyio.lowlevel.checkpoint()
                turns += 1
            assert sink.rows == stalled_at < 10
            while sink.rows < 10:
                if select.select([reader], [], [], 0)[0]:
                    os.read(reader, 65536)
                await anyio.sleep(0.001)
        return sink.rows

    assert real(main) == 10


def test_a_reader_that_is_gone_is_named_with_the_rows_it_took(real: Runner, pipe: tuple[int, int]) -> None:
    """As with `| head`: an error of the output, not a traceback."""
    reader, writer = pipe

    async def main() -> None:
        sink = StdoutSink(writer)
        await sink.write(b"one\n")
        await sink.write(b"two\n")
        os.close(reader)
        await sink.write(b"three\n")

    with pytest.raises(OutputError, match="stdout was closed by its reader after 2 rows"):
        real(main)


def test_the_descriptor_is_left_as_it_was(real: Runner, pipe: tuple[int, int]) -> None:
    """Blocking, and open: the shell's terminal is not ours."""
    _reader, writer = pipe

    async def main() -> None:
        sink = StdoutSink(writer)
        await sink.write(b"one\n")
        await sink.aclose()

    real(main)
    assert os.get_blocking(writer)


def test_a_cancelled_write_leaves_no_torn_line(real: Runner, pipe: tuple[int, int]) -> None:
    """Its first part was out, so it is finished; then the cancellation goes on."""
    reader, writer = pipe

    async def main() -> tuple[int, bytes]:
        sink = StdoutSink(writer)
        async with anyio.create_task_group() as group:

            async def fill() -> None:
                while True:
                    await sink.write(LINE)

            group.start_soon(fill)
            while select.select([], [writer], [], 0)[1]:
                await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
            with anyio.CancelScope(shield=True):
                received = b""
                while not received.endswith(b"\n") or select.select([reader], [], [], 0)[0]:
                    if select.select([reader], [], [], 0)[0]:
                        received += os.read(reader, 65536)
                    await anyio.sleep(0.001)
        return sink.rows, received

    _rows, received = real(main)
    assert set(received.splitlines(keepends=True)) == {LINE}


def test_a_file_is_appended_to_and_synced(real: Runner, tmp_path: Path) -> None:
    """What was there stays."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b"old\n")

    async def main() -> None:
        sink = FileSink(path)
        await sink.write(LINE)
        await sink.aclose()
        await sink.aclose()

    real(main)
    assert path.read_bytes() == b"old\n" + LINE


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    """Before anything is synthesised."""
    with pytest.raises(OutputError, match=r"cannot write rows to .*missing/rows.jsonl: No such file"):
        FileSink(tmp_path / "missing" / "rows.jsonl")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_named(real: Runner) -> None:
    """With the system's words."""

    async def main() -> None:
        await FileSink(Path("/dev/full")).write(LINE)

    with pytest.raises(OutputError, match="cannot write rows to /dev/full: No space left"):
        real(main)


def test_a_memory_sink_stalls_and_breaks_as_told(run: Runner) -> None:
    """The fake behaves like what it stands for."""

    async def main() -> list[bytes]:
        sink = MemorySink()
        sink.stall()
        with anyio.move_on_after(0):
            await sink.write(b"lost\n")
        sink.resume()
        await sink.write(b"kept\n")
        sink.broken = True
        with pytest.raises(OutputError, match="after 1 rows"):
            await sink.write(b"refused\n")
        return sink.lines

    assert run(main) == [b"kept\n"]


@pytest.mark.parametrize("kind", ["disk", "memory"])
def test_both_storages_keep_what_they_are_given(run: Runner, kind: str, tmp_path: Path) -> None:
    """Appended lines survive reopening; texts are replaced whole."""
    storage = DirectoryStorage(tmp_path / "a" / "run") if kind == "disk" else MemoryStorage()

    async def main() -> None:
        for _ in range(2):
            sink = StorageSink(storage.open_append("log"))
            await sink.write(b"line\n")
            await sink.aclose()
            await sink.aclose()

    run(main)
    storage.write_text("summary", "long text")
    storage.write_text("summary", "short")
    if isinstance(storage, MemoryStorage):
        files = {name: bytes(data) for name, data in storage.files.items()}
    else:
        files = {path.name: path.read_bytes() for path in storage.path.iterdir()}
    assert files == {"log": b"line\nline\n", "summary": b"short"}
    assert storage.exists("log")
    assert not storage.exists("other")


def test_a_run_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands in its place."""
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"cannot make the run directory .*file/run: Not a directory"):
        DirectoryStorage(tmp_path / "file" / "run")


def test_a_file_that_cannot_be_written_in_the_run_directory_is_named(tmp_path: Path) -> None:
    """A directory stands in its place, for both ways of writing."""
    storage = DirectoryStorage(tmp_path)
    (tmp_path / "name").mkdir()
    with pytest.raises(OutputError, match=r"cannot open .*name: Is a directory"):
        storage.open_append("name")
    with pytest.raises(OutputError, match=r"cannot write .*name: Is a directory"):
        storage.write_text("name", "text")
