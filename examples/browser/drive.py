"""Drives headless Chromium for tests and benchmarks: a JSON command per line in, a JSON answer per line out.

Runs in the environment that install.sh makes, because Playwright is no dependency of ours. Its arguments are the path
of the browser and a width and height. Commands are objects with one key: `{"open": url}`, `{"evaluate": javascript}`,
`{"wait": javascript that becomes true}`, `{"click": selector}`, `{"fill": [selector, text]}`, `{"press": key}`,
`{"shoot": path}`, `{"size": [width, height]}`, `{"scheme": "light" or "dark"}`, `{"axe": path of its script}`.
Every answer has what the page complained of meanwhile: messages of the console, uncaught errors, requests it made.
"""

import json
import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import ConsoleMessage, Dialog, Page, sync_playwright

SECONDS = 60
AXE = """axe.run().then((found) => found.violations.map((one) =>
    ({id: one.id, help: one.help, nodes: one.nodes.map((node) => node.html.slice(0, 200))})))"""


def main() -> None:
    """Serve commands until stdin ends."""
    chromium, width, height = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium)
        page = browser.new_page(viewport={"width": width, "height": height})
        page.set_default_timeout(1000 * SECONDS)
        heard: dict[str, list[str]] = {"complaints": [], "requests": []}
        listen(page, heard)
        for line in sys.stdin:
            ((name, value),) = json.loads(line).items()
            try:
                answer: dict[str, Any] = {"value": obey(page, name, value)}
            except Exception as error:  # noqa: BLE001 -- whatever it is, the other side raises it
                answer = {"error": f"{name}: {error}"}
            print(json.dumps(answer | heard), flush=True)
            for said in heard.values():
                said.clear()
        browser.close()


def listen(page: Page, heard: dict[str, list[str]]) -> None:
    """Keep what the page complains of, and what it asks for."""

    def told(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            heard["complaints"].append(message.text)

    def dismiss(dialog: Dialog) -> None:
        heard["complaints"].append(f"dialog: {dialog.message}")
        dialog.dismiss()

    page.on("console", told)
    page.on("pageerror", lambda error: heard["complaints"].append(str(error)))
    page.on("dialog", dismiss)
    page.on("request", lambda request: heard["requests"].append(request.url))


def obey(page: Page, name: str, value: Any) -> Any:
    """Carry out one command."""
    match name:
        case "open":
            page.goto(value, wait_until="commit")
        case "evaluate":
            return page.evaluate(value)
        case "wait":
            wait(page, value)
        case "click":
            page.click(value)
        case "fill":
            page.fill(*value)
        case "press":
            page.keyboard.press(value)
        case "shoot":
            page.screenshot(path=value)
        case "size":
            page.set_viewport_size({"width": value[0], "height": value[1]})
        case "scheme":
            page.emulate_media(color_scheme=value)
        case "axe":
            page.evaluate(Path(value).read_text(encoding="utf-8"))
            return page.evaluate(AXE)
        case _:
            raise ValueError("unknown command")
    return None


def wait(page: Page, wanted: str) -> None:
    """Until an expression is true. Playwright's own waiting evaluates texts, which the policy of a page may forbid."""
    for _ in range(20 * SECONDS):
        if page.evaluate(wanted):
            return
        page.wait_for_timeout(50)
    raise TimeoutError(f"not true after {SECONDS} s: {wanted}")


if __name__ == "__main__":
    main()
