"""What a person at a shell sees of the program: exit code, stdout, stderr."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

SECONDS = 60.0
"""No command in these tests may take longer."""
PROGRAM = (sys.executable, "-m", "tdscaling")


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def complaint(self) -> list[str]:
        """The lines on stderr."""
        return self.err.splitlines()


class Shell:
    """Runs the program in one folder, as a process, with a clean environment."""

    def __init__(self, folder: Path, seconds: float = SECONDS) -> None:
        self.folder = folder
        self._seconds = seconds

    def run(self, *arguments: str, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Result:
        """Run one command to its end."""
        return self._run([*PROGRAM, *arguments], stdin, env)

    def python(self, program: str, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """Run a few lines of Python in a process of their own."""
        return self._run([sys.executable, "-c", program, *arguments], b"", env)

    def _run(self, command: list[str], stdin: bytes, env: Mapping[str, str] | None) -> Result:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=self.environment(env),
            input=stdin,
            capture_output=True,
            timeout=self._seconds,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())

    def start(
        self, *arguments: str, stdout: int = subprocess.DEVNULL, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start one command; the caller waits for it."""
        return subprocess.Popen(
            [*PROGRAM, *arguments],
            cwd=self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
        )

    def write(self, name: str, text: str) -> str:
        """Make a file in the folder; returns its name."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    @staticmethod
    def environment(more: Mapping[str, str] | None) -> dict[str, str]:
        """Ours without the program's own variables, plus `more`."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("TDSCALING_")}
        return own | {"NO_COLOR": "1"} | dict(more or {})
