"""How large a report may be: 100,000 rows, how long their page takes to make and to open, what the browser then holds.

    tdscaling run --count 1000 --out rows.jsonl
    python bench/report.py rows.jsonl [--rows 100000] [--html report.html]

Rows are repeated with fresh ids; what a piece of 64 rows compresses to does not see the repetition. Needs Linux (for
the figures of processes) and a browser: bash examples/browser/install.sh. Seconds are of the wall, from the order to
open the file, so they depend on what else the machine does; the seconds of CPU do not, and the load is said. Memory is
what Chromium's processes have for themselves alone (Private of smaps_rollup).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tdscaling.tests.cli.browser import INSTALLED, WHY_NOT, Browser

MB = 1 << 20


def main() -> None:
    """Make the rows and the page, open it, and say what was measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a file of rows")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--html", type=Path, help="keep the page there")
    parser.add_argument("--times", type=int, default=3, help="how often it is opened")
    asked = parser.parse_args()
    if not INSTALLED:
        sys.exit(f"bench/report.py: {WHY_NOT}")
    with tempfile.TemporaryDirectory() as folder:
        page = asked.html or Path(folder) / "report.html"
        make(asked.source, asked.rows, page)
        for _ in range(asked.times):
            look(page, asked.rows)


def make(source: Path, wanted: int, page: Path) -> None:
    """The page of so many rows, by the command itself, which reads them from a pipe."""
    command = [sys.executable, "-m", "tdscaling", "report", "-", "--out", str(page), "--overwrite"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    size = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdin
        for line in repeated(source, wanted):
            size += len(line)
            process.stdin.write(line)
        process.stdin.close()
    assert process.returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(
        f"{wanted:,} rows, {size / MB:,.0f} MB of JSON: page of {page.stat().st_size / MB:,.1f} MB, "
        f"{cpu:.1f} s of CPU ({1e6 * cpu / wanted:,.0f} µs per row), {after.ru_maxrss / 1024:,.0f} MB at most"
    )


def repeated(source: Path, wanted: int) -> Iterator[bytes]:
    """So many lines, with ids of their own."""
    lines = source.read_bytes().splitlines(keepends=True)
    for number in range(wanted):
        line = lines[number % len(lines)]
        old = line.split(b'"id":"', 1)[1].split(b'"', 1)[0]
        yield line.replace(old, hashlib.sha256(f"{number}".encode()).hexdigest()[:16].encode())


def look(page: Path, rows: int) -> None:
    """Open it, look around, and say how long each thing took and what the browser holds."""
    with Browser() as browser:
        browser.do(open="about:blank")  # the browser has begun
        before = processor(browser.process.pid)
        browser.open(page.resolve().as_uri())
        marks = json.loads(browser.do(evaluate=MARKS))
        spent = processor(browser.process.pid) - before
        opened = memory(browser.process.pid)
        listed = timed(browser, "location.hash = '#rows'", "document.querySelectorAll('.line[data-at]').length > 5")
        last = timed(browser, LAST, f"document.querySelector('.reader-bar')?.innerText.includes('{rows:,} of')")
        chosen = timed(browser, "location.hash = '#rows?mode=chain'", f"/ of /.test({STATE})")
        searched = timed(
            browser,
            "location.hash = '#rows?search=zzz+nowhere'",
            f"/^0 of/.test({STATE}) && !/searching/.test({STATE})",
        )
        used = memory(browser.process.pid)
        assert browser.complaints == []
        assert browser.requests == [page.resolve().as_uri()]
    everything = sum(opened.values())
    print(
        f"drawn after {marks['ready'] / 1000:.2f} s, read after {marks['loaded'] / 1000:.2f} s ({spent:.1f} s of CPU, "
        f"load {os.getloadavg()[0]:.1f}); page's process {opened['renderer']:.0f} MB, all of them {everything:.0f}; "
        f"list {listed:.2f} s, last row {last:.2f} s, one mode {chosen:.2f} s, words in all rows {searched:.1f} s; "
        f"then {used['renderer']:.0f} MB"
    )


STATE = "document.querySelector('.list-state').innerText"
LAST = "document.getElementById('list').dispatchEvent(new KeyboardEvent('keydown', {key: 'End', bubbles: true}))"
MARKS = """(async () => {
  while (document.readyState !== "complete") await new Promise((go) => setTimeout(go, 20));
  await new Promise((go) => setTimeout(go, 200));
  const [page] = performance.getEntriesByType("navigation");
  return JSON.stringify({ready: performance.getEntriesByName("ready")[0].startTime, loaded: page.loadEventEnd});
})()"""


def timed(browser: Browser, act: str, until: str) -> float:
    """Seconds from doing something to what it leads to, to 50 ms."""
    began = time.perf_counter()
    browser.do(evaluate=f"{{ {act}; 0 }}")
    browser.do(wait=until)
    return time.perf_counter() - began


def memory(driver: int) -> dict[str, float]:
    """`{kind of process: megabytes}` of the browser that a driver started."""
    found: dict[str, float] = {}
    for pid, kind in chromium(driver):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        alone = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
        found[kind] = found.get(kind, 0.0) + alone / 1024
    return found


def processor(driver: int) -> float:
    """Seconds of CPU that the browser's processes have taken."""
    ticks = 0
    for pid, _ in chromium(driver):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def chromium(driver: int) -> Iterator[tuple[int, str]]:
    """The browser's processes: number and kind."""
    for pid in below(driver):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").split()
        if command and b"chrom" in command[0]:
            yield pid, next((word[7:].decode() for word in command if word.startswith(b"--type=")), "browser")


def below(pid: int) -> Iterator[int]:
    """The processes that a process started, and those that they did."""
    for thread in Path(f"/proc/{pid}/task").iterdir():
        for child in (thread / "children").read_text(encoding="ascii").split():
            yield int(child)
            yield from below(int(child))


if __name__ == "__main__":
    main()
