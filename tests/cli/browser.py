"""A headless browser for tests, driven over two pipes; see examples/browser/drive.py for what it understands."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent.parent
PLACE = ROOT / ".servers/browser"
PYTHON = PLACE / "bin/python"
AXE = PLACE / "node_modules/axe-core/axe.min.js"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
INSTALLED = CHROMIUM is not None and PYTHON.exists() and AXE.exists()
WHY_NOT = "needs a browser: bash examples/browser/install.sh"


class Browser:
    """One page. Everything it complains of and every request it makes is kept."""

    def __init__(self, width: int = 1280, height: int = 860) -> None:
        self.complaints: list[str] = []
        """Errors and warnings of the console, uncaught errors, dialogs."""
        self.requests: list[str] = []
        """Every address that was asked for."""
        command = [str(PYTHON), str(ROOT / "examples/browser/drive.py"), str(CHROMIUM), str(width), str(height)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __enter__(self) -> Browser:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def do(self, **command: object) -> Any:
        """One command, by its name; raises AssertionError when it cannot be carried out."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(command).encode() + b"\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        self.complaints += answer["complaints"]
        self.requests += answer["requests"]
        assert "error" not in answer, answer["error"]
        return answer["value"]

    def open(self, url: str) -> None:
        """Open a page of ours anew and wait until it is drawn."""
        self.do(open="about:blank")  # else another place in the same page would be no new page
        self.requests.clear()
        self.do(open=url)
        self.do(wait="document.documentElement.dataset.ready === 'true'")

    def text(self, selector: str = "body") -> str:
        """What stands in an element, as it is seen."""
        return str(self.do(evaluate=f"document.querySelector({json.dumps(selector)}).innerText"))
