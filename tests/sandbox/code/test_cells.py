"""What a cell may rely on, and what becomes of one that misbehaves; the same in every kind of sandbox."""

from __future__ import annotations

import anyio
import pytest

from tdscaling.runtime.errors import InfrastructureFault
from tdscaling.sandbox.code.base import Backend, CellResult, CodeSession, Oversized
from tdscaling.tests.sandbox.code.conftest import SMALL

pytestmark = pytest.mark.anyio


async def python(session: CodeSession, source: str, deadline_s: float | None = None) -> CellResult:
    """Run a Python cell."""
    return await session.run("python", source, deadline_s=deadline_s)


async def test_variables_imports_and_definitions_live_on(session: CodeSession) -> None:
    """As in a notebook: the value of a last expression is printed."""
    await python(session, "import math\ndef f(x):\n    return x + y\ny = 40")
    result = await python(session, "f(2), math.pi > 3")
    assert (result.reason, result.stdout) == ("ok", b"(42, True)\n")


async def test_an_exception_shows_the_cell_and_nothing_of_ours(session: CodeSession) -> None:
    """File, line and source of the cell; earlier variables are kept."""
    result = await python(session, "a = 1\nb = a / 0")
    assert (result.reason, result.exit_code) == ("error", 1)
    assert b'File "<cell 1>", line 2, in <module>\n    b = a / 0' in result.stderr
    assert b"ZeroDivisionError" in result.stderr
    assert b"sandbox" not in result.stderr
    assert (await python(session, "a")).stdout == b"1\n"


async def test_a_syntax_error_names_its_line(session: CodeSession) -> None:
    """It is the cell's error."""
    result = await python(session, "x = (1,\nfor")
    assert result.reason == "error"
    assert b"SyntaxError" in result.stderr


async def test_bytes_that_are_no_text_come_through(session: CodeSession) -> None:
    """Streams are bytes; NUL is one of them."""
    result = await python(session, "import os\nos.write(1, b'\\xff\\x00\\xfe')")
    assert result.stdout == b"\xff\x00\xfe3\n"


async def test_what_subprocesses_write_stands_in_order(session: CodeSession) -> None:
    """Lines of the cell and of its children share the stream."""
    result = await python(session, "import os\nprint('a')\nos.system('echo b')\nprint('c')")
    assert result.stdout == b"a\nb\nc\n"


async def test_long_output_shows_its_beginning_and_its_end(session: CodeSession) -> None:
    """With a line that says how much is missing."""
    result = await session.run("python", "print('a' * 5000 + 'b' * 5000)", output=1000)
    assert result.stdout_total == 10_001
    assert result.stdout.startswith(b"a" * 500 + b"\n... 9001 bytes left out ...\n")
    assert result.stdout.endswith(b"b" * 499 + b"\n")


async def test_a_cell_that_closes_stdout_harms_only_itself(session: CodeSession) -> None:
    """The next one has a stdout again."""
    await python(session, "import os, sys\nos.close(1)\nsys.stdout = None")
    assert (await python(session, "print(1)")).stdout == b"1\n"


async def test_replaced_builtins_last_one_cell(session: CodeSession) -> None:
    """The session itself does not depend on them, and puts them back."""
    source = "import builtins\nfor name in ('len', 'print', 'isinstance', 'open'):\n    setattr(builtins, name, None)"
    assert (await python(session, source)).reason == "ok"
    assert (await python(session, "print(len('abc'))")).stdout == b"3\n"


async def test_exit_is_an_exit_code_and_the_session_goes_on(session: CodeSession) -> None:
    """`sys.exit` leaves the cell, not the session."""
    await python(session, "a = 5")
    result = await python(session, "import sys\nsys.exit(3)")
    assert (result.reason, result.exit_code) == ("error", 3)
    assert (await python(session, "a")).stdout == b"5\n"


async def test_a_process_that_leaves_is_replaced_beside_its_files(session: CodeSession) -> None:
    """Variables are lost, files are kept, and the result says so."""
    await python(session, "open('kept', 'w').write('x')\na = 1")
    result = await python(session, "import os\nos._exit(7)")
    assert (result.reason, result.exit_code, result.state_kept) == ("died", 7, False)
    assert (await python(session, "open('kept').read(), 'a' in globals()")).stdout == b"('x', False)\n"


async def test_a_crash_names_its_signal(session: CodeSession) -> None:
    """128 and the number of the signal."""
    result = await python(session, "import ctypes\nctypes.string_at(0)")
    assert (result.reason, result.exit_code) == ("died", 139)


async def test_a_deadline_interrupts_and_keeps_state(session: CodeSession) -> None:
    """Before the time at which it would be killed."""
    await python(session, "a = 1")
    result = await python(session, "a = 2\nwhile True: pass", deadline_s=0.3)
    assert (result.reason, result.exit_code, result.state_kept) == ("interrupted", 130, True)
    assert (await python(session, "a")).stdout == b"2\n"


async def test_a_deadline_interrupts_shell_and_query_too(session: CodeSession) -> None:
    """A sleeping child is ended; a query stops where it is."""
    assert (await session.run("shell", "sleep 60", deadline_s=0.2)).reason == "interrupted"
    endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    assert (await session.run("sql", endless, name="a.db", deadline_s=0.2)).reason == "interrupted"
    assert (await python(session, "1")).stdout == b"1\n"


async def test_what_swallows_the_interrupt_is_killed(session: CodeSession) -> None:
    """A little later; a fresh interpreter follows."""
    source = "import signal\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: pass"
    result = await python(session, source, deadline_s=2)
    assert (result.reason, result.exit_code) == ("killed", 137)
    assert (await python(session, "'signal' in globals()")).stdout == b"False\n"


async def test_a_forked_child_does_not_answer_for_its_parent(session: CodeSession) -> None:
    """It runs to the end of the cell and ends there."""
    result = await python(session, "import os\npid = os.fork()\nif pid: os.waitpid(pid, 0)\nprint(pid > 0)")
    assert result.stdout.count(b"True") == 1
    assert (await python(session, "2")).stdout == b"2\n"


async def test_folder_and_exported_variables_of_the_shell_live_on(session: CodeSession) -> None:
    """Functions and plain variables do not."""
    await session.run("shell", "mkdir -p sub; cd sub; export A='x y'; B=1")
    result = await session.run("shell", 'pwd; echo "$A" "[$B]"; exit 4')
    assert (result.stdout, result.exit_code) == (b"/workspace/sub\nx y []\n", 4)


async def test_a_query_gives_rows_as_json(session: CodeSession) -> None:
    """The last statement that has rows."""
    source = "create table t(a, b); insert into t values (1, 'x;y'), (2, null); select * from t order by a;"
    result = await session.run("sql", source, name="data.db")
    assert result.value == b'{"columns": ["a", "b"], "rows": [[1, "x;y"], [2, null]], "row_count": 2}'
    wrong = await session.run("sql", "select * from missing", name="data.db")
    assert (wrong.reason, wrong.value) == ("error", b'{"error": "no such table: missing"}')


async def test_random_numbers_and_set_order_are_the_same_in_every_session(backend: Backend) -> None:
    """The generator is seeded and hashes are fixed, so that a row can be run again."""
    seen: list[bytes] = []
    for _ in range(2):
        session = await backend.open()
        seen.append((await python(session, "import random\nrandom.random(), {'b', 'a', 'c'}, hash('x')")).stdout)
        await session.aclose()
    assert seen[0] == seen[1]


async def test_too_much_source_is_refused_before_it_is_sent(session: CodeSession) -> None:
    """64 MB of it."""
    with pytest.raises(Oversized, match="at most"):
        await python(session, "#" * 64 * 2**20)
    assert (await python(session, "1")).stdout == b"1\n"


async def test_a_full_disk_is_the_cell_s_error(session: CodeSession, kind: str) -> None:
    """And clearing it up helps. Where the disk is shared, who takes more than a share of it is ended."""
    files = 100 if kind == "dense" else 9
    result = await python(session, f"for n in range({files}):\n    open(str(n), 'wb').write(b'x' * {SMALL.file_size})")
    assert result.reason == "died" or b"No space left on device" in result.stderr
    assert (await session.run("shell", "rm -f [0-9]*; echo free > small && cat small")).stdout == b"free\n"


async def test_cells_of_one_session_run_one_after_the_other(session: CodeSession) -> None:
    """In the order in which they came."""
    await python(session, "seen = []")
    async with anyio.create_task_group() as group:
        for number in range(20):
            group.start_soon(python, session, f"seen.append({number})")
    assert (await python(session, "seen == list(range(20))")).stdout == b"True\n"


async def test_a_cancelled_cell_does_not_answer_the_next(session: CodeSession) -> None:
    """The process it ran in is not trusted any more."""
    with anyio.move_on_after(0.1):
        await python(session, "import time\ntime.sleep(30)\nprint('late')")
    assert (await python(session, "print('next')")).stdout == b"next\n"


async def test_a_closed_session_refuses(backend: Backend) -> None:
    """With the fault's own reason; closing twice is fine."""
    session = await backend.open()
    await session.aclose()
    await session.aclose()
    with pytest.raises(InfrastructureFault, match="sandbox_closed"):
        await python(session, "1")


async def test_many_sessions_do_not_see_each_other(backend: Backend) -> None:
    """Neither variables nor files."""
    sessions = [await backend.open() for _ in range(3)]
    for number, session in enumerate(sessions):
        await python(session, f"mine = {number}\nopen('mine', 'w').write(str(mine))")
    for number, session in enumerate(sessions):
        assert (await python(session, "mine, open('mine').read()")).stdout == f"({number}, '{number}')\n".encode()
        assert (await session.files()).keys() == {"mine"}
        await session.aclose()
