"""A good, stateful server: notes in files of its working folder, one counter in memory."""

import asyncio
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer
from mcp.types import ToolAnnotations
from pydantic import BaseModel

server = MCPServer("notes", version="1.2.3")
folder = Path(sys.argv[1])
calls = 0


class Note(BaseModel):
    """One note."""

    title: str
    length: int


@server.tool()
def write_note(title: str, text: str) -> Note:
    """Write a note."""
    (folder / f"{title}.txt").write_text(text)
    return Note(title=title, length=len(text))


@server.tool(annotations=ToolAnnotations(read_only_hint=True), structured_output=False)
def read_note(path: str) -> str:
    """Read a note by its path."""
    return Path(path).read_text()


@server.tool(annotations=ToolAnnotations(read_only_hint=True))
def list_notes() -> list[str]:
    """Titles of all notes."""
    return sorted(path.stem for path in folder.glob("*.txt"))


@server.tool(structured_output=False)
def count() -> str:
    """Count calls of this tool since the server started."""
    global calls  # noqa: PLW0603 -- the state in memory is what the tests look at
    calls += 1
    return str(calls)


@server.tool(structured_output=False)
def where() -> str:
    """Say every path the server knows."""
    return f"{folder} {Path.cwd()} {folder / 'a.txt'} {__file__} {sys.executable}"


@server.tool(structured_output=False)
def repeat(text: str, times: int) -> str:
    """Repeat a text."""
    return text * times


@server.tool(structured_output=False)
async def wait_for_ever() -> str:
    """Never answer."""
    (folder / "waiting").touch()
    await asyncio.Event().wait()
    return "never"


if __name__ == "__main__":
    server.run()
