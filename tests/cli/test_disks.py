"""Disks that are full or cannot be written, on a file system of their own: one line, and nothing is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tdscaling.tests.cli.shell import SECONDS, Shell

PROGRAM = """\
mkdir disk && mount -t tmpfs -o size=600k tmpfs disk || exit 77
run() { "$PYTHON" -m tdscaling run --count 24 --seed 5 --lag 32 --concurrency 8 --quiet --min-free 0 "$@" 2>&1; }
run --run disk/kept --out disk/rows.jsonl; echo "full $?"
mount -o remount,size=200M disk
run --run disk/kept --out disk/rows.jsonl --resume always; echo "resumed $?"
cp disk/rows.jsonl disk/kept/rejected.jsonl .
mount -o remount,ro disk
run --run disk/kept --out disk/rows.jsonl --resume always; echo "read only $?"
run --run disk/other --out other.jsonl; echo "new $?"
"$PYTHON" -m tdscaling recover disk/kept --to saved 2>&1; echo "saved $?"
"""


def namespaces() -> bool:
    """Whether file systems can be mounted in a namespace of our own."""
    if shutil.which("unshare") is None:
        return False
    return subprocess.run(["unshare", "-rm", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not namespaces(), reason="needs unshare -rm, to mount a small disk")
def test_a_run_outlives_its_disk(shell: Shell, tmp_path: Path) -> None:
    """Full: it ends with a line; with room again it comes to the same rows. Read-only: refused, and saved elsewhere."""
    straight = shell.run(*"run --count 24 --seed 5 --lag 32 --concurrency 8 --quiet --run kept --out all.jsonl".split())
    assert straight.code == 0, straight.err
    (tmp_path / "on").mkdir()
    done = subprocess.run(
        ["unshare", "-rm", "sh", "-c", PROGRAM],
        cwd=tmp_path / "on",
        env={**Shell.environment(None), "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=2 * SECONDS,
        check=False,
    )
    said = done.stdout
    if done.returncode == 77:
        pytest.skip("this machine mounts no tmpfs in a namespace")
    assert "Traceback" not in said
    assert "No space left on device" in said.partition("full 5")[0]
    assert "resumed 0" in said
    assert "cannot open disk/kept/lock: Read-only file system\nread only 5" in said
    assert "cannot make the run directory disk/other: Read-only file system\nnew 5" in said
    assert "rows saved" in said.partition("saved 0")[0]
    for found, wanted in (("rows.jsonl", "all.jsonl"), ("rejected.jsonl", "kept/rejected.jsonl")):
        assert (tmp_path / "on" / found).read_bytes() == (shell.folder / wanted).read_bytes()
