"""The code tool as a toolbox: a world is a session, opened at its first call, with the files that the seed gives it.

    async with make_backend("bubblewrap") as backend:
        box = CodeToolbox(backend, files=lambda seed: {"data.csv": b"..."})
        world = await box.open(seed=7)
        reply = await world.call("python", {"code": "open('data.csv').read()"})

Replies are JSON and, as far as that is ours, the same for the same calls in the same order: hash seeds and the
`random` module are fixed, addresses of objects are masked. A cell that prints a clock, a process id or `uuid4` says
something else each time; such a row does not stand its second run and is rejected, which is right.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import jsonschema_rs
import msgspec

from ...runtime.errors import InfrastructureFault
from ..services.errors import error_reply, unknown_tool
from ..tools import JsonObject, Snapshot, ToolReply, ToolSpec
from .base import CLOSED, Backend, CellResult, CodeSession, FileRefused, Language, Oversized
from .specs import SERVICE, SPECS

Files: TypeAlias = Callable[[int], Mapping[str, bytes]]
"""The workspace that a seed begins with: `{path: content}`."""

SHOWN = 100_000
"""Bytes of a file that a model is shown."""
WIDE = 2**20
"""Bytes of output where the output is JSON, which cannot be cut."""
NOTES = {
    "interrupted": "The time limit was reached and the cell was interrupted; variables and files are kept.",
    "killed": "The time limit was reached and the process was ended; variables are lost, files are kept.",
    "died": "The process ended; variables are lost, files are kept.",
}
_ADDRESS = re.compile(r"\bat 0x[0-9a-f]{6,16}\b")
_TESTRUN = Path(__file__).parent / "inside" / "testrun.py"


class _Tests(msgspec.Struct, omit_defaults=True):
    """What `testrun` prints."""

    passed: int
    failed: int
    error: int
    skipped: int
    tests: list[_Test]


class _Test(msgspec.Struct, omit_defaults=True):
    test: str
    outcome: str
    message: str = ""


class CodeToolbox:
    """A `Toolbox` over a backend that somebody else enters and leaves."""

    name = SERVICE
    domain = "software development"
    sector = "engineering"
    provenance = "built in, Apache-2.0"
    volatile: tuple[str, ...] = ()

    def __init__(self, backend: Backend, files: Files | None = None) -> None:
        """`files` gives what the workspace of a seed holds; without it every workspace is empty."""
        self._backend = backend
        self._files = files
        self.seeded = files is not None

    @property
    def version(self) -> str:
        """The backend's: what computes, and within which limits. After the backend was entered only."""
        return self._backend.version

    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools."""
        return SPECS

    async def open(self, seed: int) -> CodeWorld:
        """A fresh world. No sandbox is taken before the first call: most worlds of a mixed run need none."""
        return CodeWorld(self._backend, self._files(seed) if self._files is not None else {})


class CodeWorld:
    """One episode's session. A `World`."""

    def __init__(self, backend: Backend, files: Mapping[str, bytes]) -> None:
        self._backend = backend
        self._files = files
        self._session: CodeSession | None = None
        self._closed = False
        self._tools: dict[str, Callable[[CodeSession, JsonObject], Awaitable[ToolReply]]] = {
            "python": self._python,
            "shell": self._shell,
            "sql": self._sql,
            "read_file": self._read,
            "write_file": self._write,
            "run_tests": self._run_tests,
        }

    async def session(self) -> CodeSession:
        """The session, opened and filled when there is none yet. Raises InfrastructureFault."""
        if self._closed:
            raise InfrastructureFault(CLOSED, "the world is closed")
        if self._session is None:
            session = await self._backend.open()
            try:
                for path, data in self._files.items():
                    await session.write(path, data)
            except BaseException:
                await session.aclose()
                raise
            self._session = session
        return self._session

    async def put(self, path: str, data: bytes) -> None:
        """Lay a file into the workspace: what another tool of the episode exported.

        Raises:
            FileRefused, Oversized: it cannot be written.
            InfrastructureFault: as `call`.
        """
        await (await self.session()).write(path, data)

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """See World. What a cell does is a reply; `is_error` when it raised, or did not end by itself.

        Raises:
            InfrastructureFault: `sandbox_lost`, `sandbox_start`, `sandbox_closed`.
        """
        tool = self._tools.get(name)
        if tool is None:
            return unknown_tool(name)
        problem = next(iter(_VALIDATORS[name].iter_errors(arguments)), None)
        if problem is not None:
            return error_reply("invalid_argument", problem.message[:300])
        try:
            return await tool(await self.session(), arguments)
        except (FileRefused, Oversized) as refusal:
            missing = "No such file" in str(refusal)
            return error_reply("not_found" if missing else "invalid_argument", str(refusal))

    async def snapshot(self) -> dict[str, Snapshot]:
        """`{"code": {"files": {path: sha256}}}`; variables are no state that outlives the episode.

        Raises:
            InfrastructureFault: as `call`; also when the workspace holds too much to be listed.
        """
        files: dict[str, str] = {}
        if self._session is not None or self._files:
            try:
                files = await (await self.session()).files()
            except FileRefused as refusal:
                raise InfrastructureFault("sandbox_listing", str(refusal)) from refusal
        return {SERVICE: {"files": dict(files)}}

    async def aclose(self) -> None:
        """See World."""
        self._closed = True
        session, self._session = self._session, None
        if session is not None:
            await session.aclose()

    async def _python(self, session: CodeSession, arguments: JsonObject) -> ToolReply:
        result = await session.run("python", arguments["code"], deadline_s=arguments.get("timeout_s"))
        return _ran(result, failed=result.reason != "ok")

    async def _shell(self, session: CodeSession, arguments: JsonObject) -> ToolReply:
        result = await session.run("shell", arguments["command"], deadline_s=arguments.get("timeout_s"))
        # A command that finds nothing exits with 1, and has done what it was asked.
        return _ran(result, failed=result.reason not in ("ok", "error"))

    async def _sql(self, session: CodeSession, arguments: JsonObject) -> ToolReply:
        result = await session.run("sql", arguments["query"], name=arguments.get("database", "data.db"))
        if result.reason == "ok":
            return ToolReply(result.value.decode())
        if result.reason == "error" and result.value:
            return error_reply("invalid_argument", msgspec.json.decode(result.value, type=dict[str, str])["error"])
        return _ran(result, failed=True)

    async def _read(self, session: CodeSession, arguments: JsonObject) -> ToolReply:
        data = await session.read(arguments["path"])
        reply: JsonObject = {"path": arguments["path"], "content": _text(data[:SHOWN]), "size": len(data)}
        if len(data) > SHOWN:
            reply["truncated"] = True
        return _json(reply)

    async def _write(self, session: CodeSession, arguments: JsonObject) -> ToolReply:
        data = str(arguments["content"]).encode("utf-8", "replace")
        await session.write(arguments["path"], data)
        return _json({"path": arguments["path"], "size": len(data)})

    async def _run_tests(self, session: CodeSession, arguments: JsonObject) -> ToolReply:
        script: Language = "script"
        source = _TESTRUN.read_text(encoding="utf-8")
        path = arguments.get("path", "")
        result = await session.run(script, source, name=path, deadline_s=arguments.get("timeout_s"), output=WIDE)
        try:
            tests = msgspec.json.decode(result.stdout, type=_Tests)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return _ran(msgspec.structs.replace(result, stdout=b""), failed=True)
        for test in tests.tests:
            test.message = _masked(test.message)
        return ToolReply(msgspec.json.encode(tests).decode())


_VALIDATORS = {spec.name: jsonschema_rs.validator_for(spec.input_schema) for spec in SPECS}


def _ran(result: CellResult, *, failed: bool) -> ToolReply:
    reply: JsonObject = {
        "status": result.reason,
        "exit_code": result.exit_code,
        "stdout": _text(result.stdout),
        "stderr": _text(result.stderr),
    }
    if result.reason in NOTES:
        reply["note"] = NOTES[result.reason]
    return _json(reply, is_error=failed)


def _json(reply: JsonObject, *, is_error: bool = False) -> ToolReply:
    return ToolReply(msgspec.json.encode(reply).decode(), is_error=is_error)


def _text(data: bytes) -> str:
    """Any bytes as text that every reader of rows can take."""
    return _masked(data.decode("utf-8", "backslashreplace").replace("\0", "\\x00"))


def _masked(text: str) -> str:
    """Without the addresses of objects, which differ from run to run."""
    return _ADDRESS.sub("at 0x7f0000000000", text)
