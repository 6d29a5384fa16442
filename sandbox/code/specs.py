"""The tools by which agents use a session: names, descriptions, schemas of arguments and replies."""

from __future__ import annotations

from ..tools import JsonObject, ToolSpec

SERVICE = "code"
LONGEST_S = 60
"""Seconds that a call may ask for."""


def _object(properties: JsonObject, required: tuple[str, ...]) -> JsonObject:
    return {"type": "object", "properties": properties, "required": list(required), "additionalProperties": False}


_TIMEOUT: JsonObject = {
    "type": "integer",
    "minimum": 1,
    "maximum": LONGEST_S,
    "description": "Time limit: seconds after which it is interrupted, 10 unless told.",
}
_PATH: JsonObject = {
    "type": "string",
    "minLength": 1,
    "maxLength": 500,
    "description": "File path: relative to /workspace.",
}
_RAN = _object(
    {
        "status": {"type": "string", "enum": ["ok", "error", "interrupted", "killed", "died"]},
        "exit_code": {"type": "integer"},
        "stdout": {"type": "string"},
        "stderr": {"type": "string"},
        "note": {"type": "string"},
    },
    ("status", "exit_code", "stdout", "stderr"),
)
_VALUE: JsonObject = {"type": ["string", "number", "integer", "null"]}

SPECS: tuple[ToolSpec, ...] = (
    ToolSpec(
        "python",
        "Run Python code in a session that keeps variables, imports and files between calls. The value of the last "
        "expression is printed. The working directory is /workspace; there is no network.",
        SERVICE,
        _object(
            {
                "code": {
                    "type": "string",
                    "contentMediaType": "text/x-python",
                    "minLength": 1,
                    "description": "Python code: the source of the cell.",
                },
                "timeout_s": _TIMEOUT,
            },
            ("code",),
        ),
        _RAN,
        read_only=False,
    ),
    ToolSpec(
        "shell",
        "Run a bash command line in /workspace. The current folder and exported variables are kept between calls.",
        SERVICE,
        _object(
            {
                "command": {"type": "string", "minLength": 1, "description": "Command line: one or several lines."},
                "timeout_s": _TIMEOUT,
            },
            ("command",),
        ),
        _RAN,
        read_only=False,
    ),
    ToolSpec(
        "sql",
        "Run SQL statements on a SQLite database of the workspace; it is made when it does not exist. The rows of the "
        "last query are returned.",
        SERVICE,
        _object(
            {
                "query": {"type": "string", "minLength": 1, "description": "SQL query: statements separated by ;."},
                "database": {**_PATH, "description": "Database file: data.db unless told.", "default": "data.db"},
            },
            ("query",),
        ),
        _object(
            {
                "columns": {"type": "array", "items": {"type": "string"}},
                "rows": {"type": "array", "items": {"type": "array", "items": _VALUE}},
                "row_count": {"type": "integer"},
                "truncated": {"type": "boolean"},
                "changes": {"type": "integer"},
            },
            (),
        ),
        read_only=False,
    ),
    ToolSpec(
        "read_file",
        "Read a text file of the workspace.",
        SERVICE,
        _object({"path": _PATH}, ("path",)),
        _object(
            {
                "path": {"type": "string"},
                "content": {"type": "string"},
                "size": {"type": "integer", "description": "Bytes."},
                "truncated": {"type": "boolean"},
            },
            ("path", "content", "size"),
        ),
        read_only=True,
    ),
    ToolSpec(
        "write_file",
        "Write a text file of the workspace; it is replaced when it exists, and folders are made.",
        SERVICE,
        _object(
            {"path": _PATH, "content": {"type": "string", "description": "File content: the whole text."}},
            ("path", "content"),
        ),
        _object(
            {"path": {"type": "string"}, "size": {"type": "integer", "description": "Bytes."}},
            ("path", "size"),
        ),
        read_only=False,
    ),
    ToolSpec(
        "run_tests",
        "Run the tests of the workspace in a fresh Python: unittest classes and functions named test_, in files named "
        "test_*.py or *_test.py.",
        SERVICE,
        _object(
            {
                "path": {**_PATH, "description": "Test path: a file or folder, everything unless told."},
                "timeout_s": _TIMEOUT,
            },
            (),
        ),
        _object(
            {
                **{name: {"type": "integer"} for name in ("passed", "failed", "error", "skipped")},
                "tests": {
                    "type": "array",
                    "items": _object(
                        {
                            "test": {"type": "string"},
                            "outcome": {"type": "string", "enum": ["passed", "failed", "error", "skipped"]},
                            "message": {"type": "string"},
                        },
                        ("test", "outcome"),
                    ),
                },
            },
            ("passed", "failed", "error", "skipped", "tests"),
        ),
        read_only=False,
    ),
)
"""In the order in which they are listed."""
