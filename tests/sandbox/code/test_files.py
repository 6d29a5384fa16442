"""Files of a session: in, out, listed; and paths that lead elsewhere."""

from __future__ import annotations

import pytest

from tdscaling.sandbox.code.base import CodeSession, FileRefused, Oversized
from tdscaling.tests.sandbox.code.conftest import SMALL

pytestmark = pytest.mark.anyio


async def test_bytes_go_in_and_come_out(session: CodeSession) -> None:
    """Folders on the way are made; absolute and relative paths name the same file."""
    data = bytes(range(256)) * 1000
    await session.write("a/b/c.bin", data)
    assert await session.read("/workspace/a/b/c.bin") == data
    assert (await session.run("shell", "wc -c < a/b/c.bin")).stdout == b"256000\n"


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "/tmp/x", "", "a\0b", "link", "loop/x"])  # noqa: S108
async def test_paths_that_lead_out_of_the_workspace_are_refused(session: CodeSession, path: str) -> None:
    """By dots, from the root, and through links; for reading and for writing."""
    await session.run("shell", "ln -s /etc/passwd link; ln -s .. loop")
    with pytest.raises(FileRefused):
        await session.read(path)
    with pytest.raises(FileRefused):
        await session.write(path, b"x")


@pytest.mark.parametrize("path", ["missing", "pipe", "folder", "unreadable"])
async def test_what_is_no_readable_file_is_refused_at_once(session: CodeSession, path: str) -> None:
    """A named pipe would be waited for."""
    await session.run("shell", "mkfifo pipe; mkdir folder; touch unreadable; chmod 0 unreadable")
    with pytest.raises(FileRefused, match=path):
        await session.read(path)


async def test_sizes_are_bounded_both_ways(session: CodeSession) -> None:
    """Before anything is sent, and before anything is read."""
    with pytest.raises(Oversized):
        await session.write("big", b"x" * (SMALL.transfer + 1))
    with pytest.raises(FileRefused, match=r"File too large|No space"):
        await session.write("big", b"x" * (SMALL.file_size + 1))


async def test_a_listing_tells_contents_apart(session: CodeSession) -> None:
    """Equal contents have equal hashes; links are told as links; what tools leave behind is left out."""
    await session.write("a", b"1")
    await session.write("b", b"1")
    await session.write("c", b"2")
    await session.run("shell", "ln -s a d; mkdir __pycache__; touch __pycache__/x")
    files = await session.files()
    assert files.keys() == {"a", "b", "c", "d"}
    assert files["a"] == files["b"] != files["c"]
    assert files["d"] == "-> a"


async def test_a_database_is_listed_by_what_it_says(session: CodeSession) -> None:
    """Two roads to the same rows give the same hash."""
    await session.run("sql", "create table t(a); insert into t values (1), (2)", name="one.db")
    source = "create table t(a); insert into t values (0), (1), (2), (3); delete from t where a in (0, 3)"
    await session.run("sql", source, name="two.db")
    files = await session.files()
    assert await session.read("one.db") != await session.read("two.db")
    rows = (await session.run("sql", "select rowid, a from t", name="one.db")).value
    assert b"[1, 1]" in rows
    assert files["one.db"] == files["two.db"]


async def test_an_archive_that_climbs_stays_inside(session: CodeSession) -> None:
    """Zip-slip: the names in an archive are the archive's wish only."""
    source = (
        "import zipfile\n"
        "with zipfile.ZipFile('slip.zip', 'w') as z:\n"
        "    z.writestr('../../escaped', 'x')\n"
        "    z.writestr('/etc/escaped', 'x')\n"
        "zipfile.ZipFile('slip.zip').extractall('out')\n"
    )
    assert (await session.run("python", source)).reason == "ok"
    assert set(await session.files()) == {"slip.zip", "out/escaped", "out/etc/escaped"}


async def test_a_workspace_with_too_many_files_is_refused_not_hashed(session: CodeSession) -> None:
    """Ten thousand are enough."""
    result = await session.run("python", "for n in range(10_001): open(f'f{n}', 'w').close()", deadline_s=60)
    assert result.reason == "ok"
    with pytest.raises(FileRefused, match="more than 10000 files"):
        await session.files()
