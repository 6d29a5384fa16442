"""File descriptors are asked for before a run begins. In processes of their own: limits cannot be given back."""

from __future__ import annotations

import subprocess
import sys

ASK = """
import resource, sys
from tdscaling.runtime.descriptors import allow, descriptors
from tdscaling.runtime.errors import ConfigError
soft, hard, connections = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
try:
    print(allow(descriptors(connections=connections, servers=2), hint="lower --concurrency"))
except ConfigError as error:
    print(error)
"""


def ask(soft: int, hard: int, connections: int) -> str:
    """What a process with these limits is told."""
    command = [sys.executable, "-c", ASK, str(soft), str(hard), str(connections)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_limit_that_is_high_enough_is_left_alone() -> None:
    """Nothing to do."""
    assert ask(1024, 4096, 64) == "1024"


def test_a_soft_limit_is_raised_to_what_is_needed() -> None:
    """40 + 300 + 2 x 6 at 80 %."""
    assert ask(256, 4096, 300) == "440"


def test_a_hard_limit_that_is_too_low_is_named() -> None:
    """With what is needed, what is allowed, and what to do."""
    told = ask(64, 256, 1000)
    assert told == (
        "this needs about 1315 file descriptors and 256 are allowed: lower --concurrency, or allow more (ulimit -n)"
    )
