"""Runs the tests of a folder in a fresh process and prints JSON about them, equal for equal outcomes.

Not loaded with the other modules: it is the source of a script cell. `unittest` classes and plain functions named
`test_…` are run, in the order of files and of names; neither durations nor addresses are told.
"""

from __future__ import annotations

import contextlib
import importlib.machinery
import inspect
import json
import os
import sys
import traceback
import types
import unittest
from collections.abc import Iterator

LONGEST = 1500
"""Characters of one failure's message."""
MOST = 200
"""Tests that are told one by one."""


def files(target: str) -> Iterator[str]:
    """Test files below a folder, or the file itself, sorted."""
    if os.path.isfile(target):
        yield target
    for folder, names, found in os.walk(target):
        names[:] = sorted(name for name in names if not name.startswith((".", "__")))
        for name in sorted(found):
            if name.endswith(".py") and (name.startswith("test_") or name.endswith("_test.py")):
                yield os.path.join(folder, name)


def outcomes(path: str) -> Iterator[tuple[str, str, str]]:
    """Name, outcome and message of every test of a file; a file that cannot be loaded is one error."""
    shown = os.path.relpath(path)
    name = "tests_" + "".join(letter if letter.isalnum() else "_" for letter in shown)
    try:
        loader = importlib.machinery.SourceFileLoader(name, os.path.abspath(path))
        module = types.ModuleType(name)
        module.__file__ = loader.path
        sys.modules[name] = module
        sys.path.insert(0, os.path.dirname(loader.path))
        loader.exec_module(module)
    except BaseException:  # noqa: BLE001 -- whatever the file does while it is loaded is told
        yield shown, "error", message()
        return
    for label, item in list(vars(module).items()):
        if isinstance(item, type) and issubclass(item, unittest.TestCase) and item is not unittest.TestCase:
            yield from cases(f"{shown}::{label}", item)
        elif label.startswith("test_") and inspect.isfunction(item):
            yield f"{shown}::{label}", *one(item)


def cases(prefix: str, kind: type[unittest.TestCase]) -> Iterator[tuple[str, str, str]]:
    """The tests of a class."""
    for test in unittest.defaultTestLoader.loadTestsFromTestCase(kind):
        result = unittest.TestResult()
        test.run(result)
        name = f"{prefix}::{getattr(test, '_testMethodName', test)}"
        for label, found in (("error", result.errors), ("failed", result.failures)):
            if found:
                yield name, label, found[0][1][-LONGEST:]
                break
        else:
            yield name, "skipped" if result.skipped else "passed", ""


def one(function: object) -> tuple[str, str]:
    """Outcome and message of a plain function."""
    try:
        if not callable(function) or inspect.signature(function).parameters:
            return "error", "a test function takes no parameters here"
        function()
    except AssertionError:
        return "failed", message()
    except BaseException:  # noqa: BLE001 -- whatever a test raises is told
        return "error", message()
    return "passed", ""


def message() -> str:
    """The traceback of what is being handled, without this file's frames."""
    kind, error, trace = sys.exc_info()
    while trace is not None and trace.tb_frame.f_code.co_filename in ("<string>", __file__):
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, error, trace))[-LONGEST:]


def main(targets: list[str]) -> int:
    """Run everything; 1 when something did not pass, 5 when there was nothing."""
    answer = os.dup(1)
    os.dup2(2, 1)  # what tests print is no part of the answer
    sys.path.insert(0, os.getcwd())
    counts = {"passed": 0, "failed": 0, "error": 0, "skipped": 0}
    told: list[dict[str, str]] = []
    for target in targets or ["."]:
        for path in files(target):
            for name, outcome, text in outcomes(path):
                counts[outcome] += 1
                if len(told) < MOST:
                    told.append({"test": name, "outcome": outcome, **({"message": text} if text else {})})
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    os.write(answer, json.dumps({**counts, "tests": told}).encode("utf-8", "backslashreplace"))
    return 5 if not sum(counts.values()) else int(bool(counts["failed"] or counts["error"]))


if __name__ == "__main__":
    __file__ = "<string>"
    os._exit(main(sys.argv[1:]))
