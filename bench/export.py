"""Formats: rows per second of CPU, round trips, and what loaders and chat templates make of the same rows.

    python bench/export.py [ROWS.jsonl] [--python .servers/loaders/bin/python]

Without a file, 1,000 rows of the simulated model are made first. With --python, every loader that is installed there
counts what survives, and chat templates from TRL's wheel render the first 1,000 rows.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tdscaling.runtime.formats import FORMATS
from tdscaling.runtime.formats.checking import Findings, for_template, inspected
from tdscaling.runtime.formats.exporting import Counts, Options, records
from tdscaling.runtime.formats.importing import read_samples
from tdscaling.runtime.formats.outside import LOADERS, Job, Template, ask
from tdscaling.runtime.formats.sample import row_line

REPEATS = 3
TEMPLATES = "qwen2_5 qwen3 qwen3_vl glm4moe gemma4 lfm2 nemotron_3_nano gptoss llama3_1 deepseekv3".split()
TEXT_TEMPLATES = ("deepseekv3",)
"""Templates that join `arguments` to a text: they want OpenAI's form."""


def main() -> None:
    """Everything, in the order of the docstring."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="?", type=Path)
    parser.add_argument("--python")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = (wanted.rows or made(folder)).read_bytes().splitlines()
        placed = [(f"row {number}", line) for number, line in enumerate(lines, start=1)]
        sizes = sum(map(len, lines)) / len(lines)
        lists = len({line[line.find(b'"tools"') : line.find(b'"assignment"')] for line in lines})
        print(f"{len(lines):,} rows of {sizes:,.0f} bytes, {lists:,} different lists of tools")
        for form in FORMATS:
            measure(form, placed, folder)
            if wanted.python:
                count(form, folder, len(lines), wanted.python)
        if wanted.python:
            render(folder, wanted.python)


def made(folder: Path) -> Path:
    """Rows of the simulated model."""
    rows = folder / "rows.jsonl"
    command = ["run", "--count", "1000", "--seed", "1", "--quiet", "--run", str(folder / "run"), "--out", str(rows)]
    subprocess.run([sys.executable, "-m", "tdscaling", *command], check=True)
    return rows


def measure(form: str, placed: list[tuple[str, bytes]], folder: Path) -> None:
    """Out, with plans left out as by default; then out and back with plans, byte for byte."""
    best = 0.0
    for _ in range(REPEATS):
        began = time.process_time()
        counts = Counts()
        with (folder / f"{form}.jsonl").open("wb") as stream:
            stream.writelines(record + b"\n" for record in records(placed, Options(form, allow_simulated=True), counts))
        best = max(best, len(placed) / (time.process_time() - began))
    counts.check()
    whole = Counts()
    out = list(records(placed, Options(form, allow_simulated=True, blueprints=True), whole))
    back = [row_line(sample) for sample in read_samples(((f"record {n}", r) for n, r in enumerate(out)), form)]
    equal = sum(one == line for one, (_, line) in zip(back, placed, strict=False)) if not whole.left else "-"
    print(f"{form:14} {best:8,.0f} rows/s of CPU; {counts.exported:,} exported; back equal: {equal}", flush=True)


def count(form: str, folder: Path, rows: int, python: str) -> None:
    """What the loaders keep."""
    job = Job((), str(folder / "none.jsonl"), (str(folder / f"{form}.jsonl"),), LOADERS.get(form, ("datasets",)))
    for name, loaded in ask(job, folder, python).loaders.items():
        trouble = loaded.absent or loaded.failed
        print(f"  loader {name}: {trouble or f'{loaded.rows:,} of {rows:,}, {loaded.changed:,} changed'}", flush=True)


def render(folder: Path, python: str) -> None:
    """Chat templates on the first 1,000 rows, with arguments as each of them wants them."""
    where = "import importlib.util as u; print(u.find_spec('trl').submodule_search_locations[0])"
    root = Path(subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip())
    lines = (folder / "openai.jsonl").read_bytes().splitlines()[:1000]
    for objects in (True, False):
        names = [name for name in TEMPLATES if (name in TEXT_TEMPLATES) is not objects]
        talks = folder / "talks.jsonl"
        placed = ((f"record {n}", line) for n, line in enumerate(lines))
        samples = inspected(placed, "openai", Findings())
        talks.write_bytes(b"".join(for_template(sample, objects=objects) + b"\n" for sample in samples))
        templates = tuple(
            Template(name, (root / "chat_templates" / f"{name}.jinja").read_text(encoding="utf-8"), None)
            for name in names
        )
        for name, seen in ask(Job(templates, str(talks), (), ()), folder, python).templates.items():
            problems = "; ".join(f"{p.reason} ×{p.n} ({p.rows[0]} …)" for p in seen.problems)
            print(f"template {name}: {seen.rendered:,} of {seen.rows:,}, {seen.lost_messages} lost. {problems}")


if __name__ == "__main__":
    main()
