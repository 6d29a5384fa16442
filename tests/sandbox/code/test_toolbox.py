"""The code tool as agents see it: schemas, replies, refusals, state."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from tdscaling.sandbox.code.base import Backend
from tdscaling.sandbox.code.specs import SPECS
from tdscaling.sandbox.code.toolbox import CodeToolbox, CodeWorld
from tdscaling.sandbox.tools import JsonObject, ToolReply

pytestmark = pytest.mark.anyio
GOOD = "def add(a, b):\n    return a + b\n"
TESTS = (
    "import unittest\nfrom calc import add\n"
    "def test_add():\n    assert add(1, 2) == 3\n"
    "class Sums(unittest.TestCase):\n    def test_zero(self):\n        print('noise')\n"
    "        self.assertEqual(add(0, 0), 0)\n"
)


async def said(world: CodeWorld, name: str, **arguments: object) -> JsonObject:
    """A reply's JSON, which fits the tool's schema when it is no error."""
    reply = await world.call(name, arguments)
    decoded: JsonObject = json.loads(reply.content)
    if not reply.is_error:
        schema = next(spec.output_schema for spec in SPECS if spec.name == name)
        jsonschema_rs.validate(schema or {}, decoded)
    return decoded


async def test_every_tool_answers_as_its_schema_says(backend: Backend) -> None:
    """One call of each, on one workspace."""
    world = await CodeToolbox(backend).open(1)
    assert await said(world, "write_file", path="calc.py", content=GOOD) == {"path": "calc.py", "size": len(GOOD)}
    assert (await said(world, "read_file", path="calc.py"))["content"] == GOOD
    assert (await said(world, "python", code="from calc import add\nadd(2, 3)"))["stdout"] == "5\n"
    assert (await said(world, "shell", command="grep -c nothing calc.py"))["exit_code"] == 1
    assert (await said(world, "sql", query="select 1 as one"))["rows"] == [[1]]
    await said(world, "write_file", path="test_calc.py", content=TESTS)
    tests = await said(world, "run_tests")
    assert (tests["passed"], tests["failed"], tests["error"]) == (2, 0, 0)
    await world.aclose()


async def test_a_failing_test_tells_which_and_why(backend: Backend) -> None:
    """The reply is the same each time: no durations, no addresses."""
    world = await CodeToolbox(backend).open(1)
    await said(world, "write_file", path="calc.py", content=GOOD.replace("+", "-"))
    await said(world, "write_file", path="test_calc.py", content=TESTS)
    await said(world, "write_file", path="test_broken.py", content="import missing\n")
    first, second = await said(world, "run_tests"), await said(world, "run_tests")
    assert first == second
    assert (first["passed"], first["failed"], first["error"]) == (1, 1, 1)
    by_name = {test["test"]: test for test in first["tests"]}
    assert "AssertionError" in by_name["test_calc.py::test_add"]["message"]
    assert "No module named 'missing'" in by_name["test_broken.py"]["message"]
    assert (await said(world, "run_tests", path="nowhere"))["tests"] == []
    await world.aclose()


async def test_equal_calls_give_equal_replies_and_states(backend: Backend) -> None:
    """Two worlds of one seed, told the same: what a second run of a row rests on."""
    box = CodeToolbox(backend, files=lambda seed: {"data.csv": f"a,b\n{seed},2\n".encode()})
    calls: list[tuple[str, JsonObject]] = [
        ("python", {"code": "import random, csv\nrows = list(csv.reader(open('data.csv')))\nrows, random.random()"}),
        ("python", {"code": "object(), {'x', 'y', 'z'}, print"}),
        ("python", {"code": "def f():\n    raise ValueError(object())\nf()"}),
        ("shell", {"command": "pwd; ls; echo $HOME; python3 --version"}),
        ("sql", {"query": "create table t(a); insert into t values (1), (2); select sum(a) from t"}),
        ("python", {"code": "open('out.txt', 'w').write(__import__('os').getcwd())"}),
        ("python", {"code": "import time\nwhile True: time.sleep(0.01)", "timeout_s": 1}),
    ]
    seen: list[tuple[list[ToolReply], object]] = []
    for _ in range(2):
        world = await box.open(7)
        seen.append(([await world.call(name, arguments) for name, arguments in calls], await world.snapshot()))
        await world.aclose()
    assert seen[0] == seen[1]
    assert "'7', '2'" in seen[0][0][0].content


async def test_bad_arguments_and_bad_paths_are_replies(backend: Backend) -> None:
    """Never exceptions."""
    world = await CodeToolbox(backend).open(1)
    for name, arguments in (
        ("python", {}),
        ("python", {"code": "x", "timeout_s": 900}),
        ("python", {"code": "#" * 3_000_000}),
        ("read_file", {"path": "../../etc/passwd"}),
        ("write_file", {"path": "/etc/x", "content": ""}),
        ("sql", {"query": "select", "database": "../x.db"}),
        ("sql", {"query": "selec"}),
        ("sql", {"query": " ; "}),
        ("no_such_tool", {}),
    ):
        reply = await world.call(name, arguments)
        assert reply.is_error, (name, reply)
        assert "error" in json.loads(reply.content)
    assert json.loads((await world.call("read_file", {"path": "none"})).content)["error"]["code"] == "not_found"
    await world.aclose()


async def test_a_cell_that_raised_or_ran_over_is_an_error_with_its_output(backend: Backend) -> None:
    """What it printed before is told; a note says what is left."""
    world = await CodeToolbox(backend).open(1)
    reply = await world.call("python", {"code": "print('before')\n1 / 0"})
    assert reply.is_error
    assert "before" in reply.content
    assert "ZeroDivisionError" in reply.content
    over = json.loads((await world.call("python", {"code": "print(1)\nwhile True: pass", "timeout_s": 1})).content)
    assert (over["status"], over["stdout"]) == ("interrupted", "1\n")
    assert "kept" in over["note"]
    await world.aclose()


async def test_replies_hold_nothing_that_a_terminal_or_a_reader_would_act_on(backend: Backend) -> None:
    """Escapes are escaped by JSON; NUL and bytes that are no text are written out."""
    world = await CodeToolbox(backend).open(1)
    reply = await world.call("python", {"code": "import os\nx = os.write(1, b'\\x1b[2J\\x00\\xff\\n')"})
    assert reply.content.isprintable()
    assert json.loads(reply.content)["stdout"] == "\x1b[2J\\x00\\xff\n"
    await world.aclose()


async def test_a_world_takes_a_sandbox_at_its_first_call(backend: Backend) -> None:
    """Most worlds of a mixed run need none; the snapshot of an untouched one is empty."""
    world = await CodeToolbox(backend).open(1)
    assert await world.snapshot() == {"code": {"files": {}}}
    await world.put("export.json", b"[]")
    assert (await world.snapshot())["code"]["files"].keys() == {"export.json"}
    await world.aclose()
    await world.aclose()
