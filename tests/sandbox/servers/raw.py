"""A server in plain JSON lines that misbehaves as its first argument says; no SDK, so it starts at once."""

import itertools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

KIND = sys.argv[1]
COUNTER = itertools.count(1)
CALLS: list[int] = []
"""One entry per call, for those that change."""
OBJECT = {"type": "object", "properties": {}}
READ_ONLY = {"readOnlyHint": True, "openWorldHint": False}


def tool(name: str, **more: object) -> dict[str, object]:
    """A tool as it is listed."""
    return {"name": name, "description": f"Does {name}.", "inputSchema": OBJECT, **more}


LISTS: dict[str, list[dict[str, object]]] = {
    "invalid_schema": [tool("fine"), tool("crooked", inputSchema={"type": "object", "properties": {"a": {"type": 7}}})],
    "invalid_output_schema": [tool("crooked", outputSchema={"type": "object", "required": "all"})],
    "foreign_reference": [tool("far", inputSchema={"type": "object", "properties": {"a": {"$ref": "file:///x.json"}}})],
    "not_an_object": [tool("listy", inputSchema={"type": "array"})],
    "bad_name": [tool("no spaces, please")],
    "twice": [tool("same"), tool("same")],
    "no_tools": [],
    "keeps_notes": [tool("write"), tool("read", annotations=READ_ONLY)],
    "violates_output": [
        tool(
            "weather",
            annotations=READ_ONLY,
            outputSchema={"type": "object", "properties": {"degrees": {"type": "number"}}, "required": ["degrees"]},
        )
    ],
    "violates_output_later": [
        tool("weather", outputSchema={"type": "object", "properties": {}, "required": ["degrees"]}),
    ],
}

AFTER: dict[str, list[dict[str, object]]] = {
    "changes_list_to_more": [tool("ping"), tool("count"), tool("added")],
    "changes_list_to_less": [tool("ping")],
    "changes_list_to_others": [tool("ping"), tool("count", inputSchema={**OBJECT, "required": ["a"]})],
}
"""What is listed after the first call, which a notification announces."""


def answer(message: dict[str, object]) -> dict[str, object]:
    """The result of a request."""
    params = message.get("params") or {}
    assert isinstance(params, dict)
    match message["method"]:
        case "initialize":
            version = params.get("protocolVersion")
            info = {"name": "raw", "version": "0.1"}
            return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}
        case "tools/list" if KIND == "hangs_at_list":
            time.sleep(3600)
        case "tools/list" if KIND.startswith("changes_list"):
            return {"tools": AFTER[KIND] if CALLS else [tool("ping"), tool("count")]}
        case "tools/call" if KIND.startswith("changes_list"):
            CALLS.append(1)
            sys.stdout.write('{"jsonrpc": "2.0", "method": "notifications/tools/list_changed"}\n')
        case "tools/list" if KIND == "paged":
            page = int(params.get("cursor") or 0)
            more = {"nextCursor": str(page + 1)} if page < 2 else {}
            return {"tools": [tool(f"tool_{page}_{index}") for index in range(2)], **more}
        case "tools/list":
            return {
                "tools": LISTS.get(KIND, [tool(name) for name in ("ping", "media", "count", "wait_for_ever", "die")])
            }
        case "tools/call" if KIND == "keeps_notes":
            arguments, folder = params.get("arguments") or {}, Path(sys.argv[2])
            if params.get("name") == "write":
                (folder / f"{arguments['title']}.txt").touch()
            return {"content": [{"type": "text", "text": " ".join(sorted(note.stem for note in folder.glob("*.txt")))}]}
        case "tools/call" if KIND.startswith("violates_output"):
            return {
                "content": [{"type": "text", "text": "warm"}],
                "structuredContent": {"degrees": "warm"} if KIND == "violates_output" else {},
            }
        case "tools/call" if KIND == "floods_stderr":
            for _ in range(400):
                sys.stderr.write("x" * 99_999 + "\n")
            sys.stderr.flush()
        case "tools/call" if params.get("name") == "count":
            return {"content": [{"type": "text", "text": str(next(COUNTER))}]}
        case "tools/call" if params.get("name") == "wait_for_ever":
            Path("waiting").touch()
            time.sleep(3600)
        case "tools/call" if params.get("name") == "die":
            sys.stderr.write("fatal: the disk is on fire\n")
            sys.exit(3)
        case "tools/call" if params.get("name") == "media":
            image = {"type": "image", "data": "AAAAAAAAAAA=", "mimeType": "image/png"}
            return {"content": [{"type": "text", "text": "a picture"}, image]}
    return {"content": [{"type": "text", "text": "pong"}]}


def requests() -> Iterator[dict[str, object]]:
    """The requests as they come in."""
    for line in sys.stdin:
        message = json.loads(line)
        if "id" in message:
            yield message


def main() -> None:
    """Serve until standard input ends."""
    if KIND == "crashes_at_start":
        raise RuntimeError("no database at /nowhere")
    if KIND == "hangs_at_start":
        time.sleep(3600)
    if KIND == "leaves_child":
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
        Path(sys.argv[2]).write_text(str(child.pid))
    if KIND == "ignores_end":
        import signal

        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.stdout.write("Welcome to the raw server!\n")
    sys.stdout.flush()
    for message in requests():
        reply: dict[str, object] = {"jsonrpc": "2.0", "id": message["id"]}
        if message["method"] in ("initialize", "tools/list", "tools/call"):
            reply["result"] = answer(message)
        else:
            reply["error"] = {"code": -32601, "message": "Method not found"}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()
    if KIND == "ignores_end":
        time.sleep(3600)


if __name__ == "__main__":
    main()
