"""The journal: durable before it is said so, repaired at its end, refused when its middle is damaged."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import anyio
import msgspec
import pytest

from tdscaling.runtime.errors import InputError
from tdscaling.runtime.journal import Committed, decode_event, open_inline, open_journal
from tdscaling.runtime.journal.index import INDEX, Index, wal_note
from tdscaling.runtime.journal.past import MAX_BATCH, Past
from tdscaling.runtime.journal.reader import journal_lines, read_rows
from tdscaling.runtime.journal.salvage import salvage
from tdscaling.runtime.storage import DirectoryStorage
from tdscaling.tests.runtime.play import Runner, abandoned, completed, identity, row

FIRST = "journal-000000.jsonl"


def write(path: Path, *finished: int, commit: int = 0, limit: int = 10**6) -> None:
    """A journal with these episodes finished and so many committed."""

    async def main() -> None:
        journal = open_journal(DirectoryStorage(path), limit=limit)
        for index in finished:
            await journal.finished(completed(index))
        for index in range(commit):
            await journal.committed([Committed(index, identity(index), True)])
        await journal.aclose()

    anyio.run(main)


def reopened(path: Path) -> Past:
    """What is in it."""
    index = Index(str(path / INDEX))
    try:
        past = Past(DirectoryStorage(path), index)
    finally:
        index.close()
    past.close()  # rows can still be read
    return past


def test_a_journal_is_read_back_as_it_was_written(run: Runner, tmp_path: Path) -> None:
    """Finished, abandoned, committed, in flight; on every loop that can have threads or without one."""

    async def main() -> Past:
        storage = DirectoryStorage(tmp_path)
        journal = open_inline(storage)
        for index in range(4):
            journal.assigned(index, identity(index))
        await journal.finished(completed(1, "plan.bad"))
        await journal.finished(abandoned(0))
        await journal.finished(completed(2))
        await journal.committed(
            [Committed(0, identity(0), False), Committed(1, identity(1), False, ("set.duplicate: of row 0",))]
        )
        await journal.aclose()
        return reopened(tmp_path)

    past = run(main)
    assert (past.committed, past.in_flight) == (2, 1)
    assert past.outcome(0) == abandoned(0)
    assert past.decision(1) == (False, ("set.duplicate: of row 0",), False)
    assert past.outcome(2) == completed(2)
    assert past.outcome(3) is None


def test_an_abandoned_episode_that_was_not_committed_is_played_again(tmp_path: Path) -> None:
    """The endpoint may be back; a later end replaces the earlier one."""

    async def main() -> None:
        journal = open_journal(DirectoryStorage(tmp_path))
        await journal.finished(abandoned(0))
        await journal.aclose()
        journal = open_journal(DirectoryStorage(tmp_path))
        assert journal.past.outcome(0) is None
        await journal.finished(completed(0))
        await journal.aclose()

    anyio.run(main)
    assert reopened(tmp_path).outcome(0) == completed(0)


def test_an_episode_in_quarantine_is_not_played_again(tmp_path: Path) -> None:
    """It ended a run with a bug: the next session goes past it."""

    async def main() -> None:
        journal = open_journal(DirectoryStorage(tmp_path))
        journal.quarantine(3, identity(3), "ZeroDivisionError")
        await journal.aclose()

    anyio.run(main)
    assert reopened(tmp_path).outcome(3) == abandoned(3, "bug.ZeroDivisionError")


@pytest.mark.parametrize("rest", [b'{"event":"fin', b"\0" * 700, b'{"event":"x"}\n', b"\xff\xfe\n" * 10])
def test_a_torn_end_is_cut_off(tmp_path: Path, rest: bytes) -> None:
    """Half a line, zeroes, garbage of a batch: nobody was told that they are safe."""
    write(tmp_path, 0, 1, 2)
    before = (tmp_path / FIRST).read_bytes()
    (tmp_path / FIRST).write_bytes(before + rest)
    past = reopened(tmp_path)
    assert past.repaired == len(rest)
    assert (tmp_path / FIRST).read_bytes() == before
    assert [past.outcome(index) for index in range(3)] == [completed(index) for index in range(3)]


def test_an_index_that_is_gone_or_broken_is_made_again(tmp_path: Path) -> None:
    """Its rows are found in the segments."""
    write(tmp_path, 0, 1, 2, commit=1)
    index = Index(str(tmp_path / INDEX))
    wanted = [index.find(identity(number)) for number in range(3)]
    index.close()
    for spoilt in (None, b"not a database" * 100):
        (tmp_path / INDEX).unlink()
        if spoilt is not None:
            (tmp_path / INDEX).write_bytes(spoilt)
        assert reopened(tmp_path).committed == 1
        index = Index(str(tmp_path / INDEX))
        assert [index.find(identity(number)) for number in range(3)] == wanted
        index.close()


def damage_line(path: Path) -> int:
    """Break the syntax of the second line; its first byte."""
    data = bytearray(path.read_bytes())
    at = data.index(b"\n") + 1
    data[at : at + 5] = b"XXXXX"
    path.write_bytes(data)
    return at


def damage_text(path: Path) -> int:
    """Change a letter inside of a text of the second line: still JSON."""
    data = bytearray(path.read_bytes())
    at = data.index(b"hello 1")
    data[at : at + 5] = b"jello"
    path.write_bytes(data)
    return data.index(b"\n") + 1


def damage_end(path: Path) -> int:
    """Lose the last line, which was durable."""
    data = path.read_bytes()
    at = data.rindex(b"\n", 0, -1) + 1
    path.write_bytes(data[:at])
    return at


@pytest.mark.parametrize("damage", [damage_line, damage_text, damage_end])
def test_damage_to_what_was_durable_is_refused_and_named(tmp_path: Path, damage: Callable[[Path], int]) -> None:
    """By file and byte, with what to do; nothing is changed."""
    write(tmp_path, 0, 1, 2)
    at = damage(tmp_path / FIRST)
    before = (tmp_path / FIRST).read_bytes()
    with pytest.raises(InputError, match=rf"{FIRST} is damaged at byte {at}: .*`tdscaling recover"):
        reopened(tmp_path)
    assert (tmp_path / FIRST).read_bytes() == before


def test_damage_with_many_lines_behind_it_is_refused_without_an_index(tmp_path: Path) -> None:
    """More than a batch follows: this is no torn end."""
    write(tmp_path, *range(MAX_BATCH + 2))
    damage_line(tmp_path / FIRST)
    (tmp_path / INDEX).unlink()
    with pytest.raises(InputError, match=f"{MAX_BATCH} lines follow"):
        reopened(tmp_path)


def test_a_missing_segment_is_refused(tmp_path: Path) -> None:
    """In the middle by its number, at the end because the index knows of it."""
    write(tmp_path, *range(20), limit=3000)
    names = sorted(path.name for path in tmp_path.glob("journal-*.jsonl"))
    assert len(names) > 3
    for name in (names[1], names[-1]):
        content = (tmp_path / name).read_bytes()
        (tmp_path / name).unlink()
        with pytest.raises(InputError, match=re.escape(f"{name} is missing")):
            reopened(tmp_path)
        (tmp_path / name).write_bytes(content)
    assert reopened(tmp_path).outcome(13) == completed(13)


def test_segments_keep_to_their_limit_and_hold_whole_batches(tmp_path: Path) -> None:
    """Except for a single line that is larger."""
    write(tmp_path, *range(20), limit=3000)
    for path in tmp_path.glob("journal-*.jsonl"):
        data = path.read_bytes()
        assert data.endswith(b"\n")
        assert len(data) <= 3000 or data.count(b"\n") == 1
        assert all(decode_event(line) for line in data.splitlines())


def test_recovery_saves_every_row_that_is_as_it_was_written(tmp_path: Path) -> None:
    """A broken line, and one whose text was changed, are left out; nothing is changed in the damaged run."""
    old, new = tmp_path / "old", tmp_path / "new"
    write(old, *range(10), commit=4)
    damage_text(old / FIRST)
    data = (old / FIRST).read_bytes()
    (old / FIRST).write_bytes(data.replace(b'{"event":"finished","index":5', b'{"event":"finished";"index":5'))
    before = {path.name: path.read_bytes() for path in old.iterdir()}
    found = salvage(old, DirectoryStorage(new))
    assert (found.rows, found.lost_lines) == (8, 2)
    past = reopened(new)
    assert [index for index in range(10) if past.outcome(index) is None] == [1, 5]
    assert past.committed == 0
    assert {path.name: path.read_bytes() for path in old.iterdir()} == before


def test_rows_are_read_from_outside_with_their_final_verdicts(tmp_path: Path) -> None:
    """Committed ones in order, accepted or all; a line that is being written is left out."""

    async def main() -> None:
        journal = open_journal(DirectoryStorage(tmp_path))
        for index in (2, 1, 0):
            await journal.finished(completed(index))
        late = ("set.duplicate: of row 0",)
        await journal.committed([Committed(0, identity(0), True), Committed(1, identity(1), False, late)])
        await journal.aclose()

    anyio.run(main)
    with (tmp_path / FIRST).open("ab") as file:
        file.write(b'{"event":"commi')
    assert list(read_rows(tmp_path)) == [row(0)]
    assert [(r.id, r.verdict.reasons) for r in read_rows(tmp_path, rejected=True)] == [
        (identity(0), ()),
        (identity(1), ("set.duplicate: of row 0",)),
    ]
    assert len(list(journal_lines(tmp_path))) == 5


def test_consumers_follow_the_accepted_rows_at_their_own_pace(tmp_path: Path) -> None:
    """From any row on, waiting for what is not there yet; the bytes are those that sinks get."""

    async def main() -> None:
        journal = open_journal(DirectoryStorage(tmp_path))
        seen: list[bytes] = []

        async def follow() -> None:
            seq = 1
            while await journal.feed.until(seq):
                seen.append(journal.feed.read(seq))
                seq += 1

        async with anyio.create_task_group() as group:
            group.start_soon(follow)
            for index in range(3):
                await journal.finished(completed(index))
                await journal.committed([Committed(index, identity(index), index != 1)])
            journal.note_cursor("tail", 2)
            await journal.aclose()
        assert seen == [msgspec.json.encode(row(index)) + b"\n" for index in (0, 2)]

    anyio.run(main)
    assert reopened(tmp_path).cursors == {"tail": 2}


def test_versions_of_sqlite_with_the_wal_bug_are_named() -> None:
    """Those between 3.7.0 and 3.51.2 but for the two that were mended."""
    assert wal_note((3, 40, 1)) is not None
    assert wal_note((3, 50, 6)) is not None
    assert wal_note((3, 44, 6)) is None
    assert wal_note((3, 51, 3)) is None
