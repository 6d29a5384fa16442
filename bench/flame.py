"""Where a command's CPU time goes: stacks sampled by CPU time, as a table and as folded stacks for a flame graph.

    .venv/bin/python bench/flame.py [--folded stacks.txt] [--top 30] -- run --count 500 --out /dev/null --quiet

Everything after `--` is a command line of tdscaling, or a Python file with its arguments (bench/whole.py …). The
kernel's profiling timer counts CPU time of the process, so waiting and a busy machine do not show; what C code does
counts for the Python line that called it. Any flame graph tool reads the folded stacks.
"""

from __future__ import annotations

import argparse
import runpy
import signal
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from tdscaling.__main__ import main as tdscaling

Stack = tuple[str, ...]
"""Places from the outermost to the innermost."""


class Sampler:
    """Counts the stacks that the main thread is in."""

    def __init__(self) -> None:
        self.stacks: Counter[Stack] = Counter()

    def start(self, per_second: int) -> None:
        """From now on, until `stop`."""
        signal.signal(signal.SIGPROF, self._sample)
        signal.setitimer(signal.ITIMER_PROF, 1 / per_second, 1 / per_second)

    def stop(self) -> None:
        """No more samples."""
        signal.setitimer(signal.ITIMER_PROF, 0)

    def _sample(self, _: int, frame: FrameType | None) -> None:
        places: list[str] = []
        while frame is not None:
            code = frame.f_code
            places.append(f"{_module(code.co_filename)}:{code.co_qualname}")
            frame = frame.f_back
        self.stacks[tuple(reversed(places))] += 1


def _module(path: str) -> str:
    """The end of a file's path: enough to know it."""
    return "/".join(Path(path).parts[-2:]).removesuffix(".py")


def table(stacks: Counter[Stack], top: int) -> list[str]:
    """Shares of the samples: in the place itself, and in it or what it called; the largest of each."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for stack, count in stacks.items():
        own[stack[-1]] += count
        for place in {*stack}:
            whole[place] += count
    total = sum(stacks.values()) or 1
    lines = [f"{total} samples", f"{'own':>6} {'whole':>6}  by own time"]
    lines += [
        f"{100 * n / total:5.1f}% {100 * whole[place] / total:5.1f}%  {place}" for place, n in own.most_common(top)
    ]
    lines += [f"{'own':>6} {'whole':>6}  by time with what it calls"]
    lines += [
        f"{100 * own[place] / total:5.1f}% {100 * n / total:5.1f}%  {place}" for place, n in whole.most_common(top)
    ]
    return lines


def main(arguments: Sequence[str]) -> int:
    """Run the command under the sampler; its exit code."""
    own, _, command = (list(part) for part in _cut(arguments))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folded", type=Path)
    parser.add_argument("--top", type=int, default=30)
    parser.add_argument("--per-second", type=int, default=500)
    options = parser.parse_args(own)
    sampler = Sampler()
    script = command[0] if command and command[0].endswith(".py") else ""
    sys.argv = command if script else ["tdscaling", *command]
    sampler.start(options.per_second)
    code: int | None = 0
    try:
        if script:
            runpy.run_path(script, run_name="__main__")
        else:
            code = tdscaling()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    finally:
        sampler.stop()
    if options.folded is not None:
        lines = sorted(f"{';'.join(stack)} {count}\n" for stack, count in sampler.stacks.items())
        options.folded.write_text("".join(lines), encoding="utf-8")
    sys.stderr.write("\n".join(table(sampler.stacks, options.top)) + "\n")
    return code or 0


def _cut(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str], Sequence[str]]:
    """Before and after the first `--`."""
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at : at + 1], arguments[at + 1 :]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
