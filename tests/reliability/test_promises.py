"""What was acknowledged is never lost, and a run that goes on comes to what it would have come to. Small doses.

`bench/reliability.py` gives the large ones.
"""

from __future__ import annotations

import subprocess
import sys
from collections import Counter

import pytest

from tdscaling.tests.reliability.seeds import check_seed


@pytest.mark.parametrize("first", range(0, 1000, 125))
def test_a_simulated_run_survives_kills_power_losses_stops_and_aborts(first: int) -> None:
    """125 seeds: no deadlock, no task left, nothing acknowledged lost, rows and state as undisturbed."""
    happened: Counter[str] = Counter()
    for seed in range(first, first + 125):
        happened += check_seed(seed)
    assert min(happened[blow] for blow in ("kill", "power", "stop", "abort")) > 20
    assert happened["partial journals"] > 50
    assert happened["torn tails"] > 0


def test_what_was_synced_survives_every_loss_of_power() -> None:
    """A hundred images of a disk: sectors that were not synced are there, missing or zeroed."""
    happened: Counter[str] = Counter()
    seed = 5000
    while happened["power"] < 100:
        happened += check_seed(seed, ("power",))
        seed += 1
    assert happened["torn tails"] > 0


def test_a_run_killed_thirty_times_loses_nothing() -> None:
    """Real processes, at random moments and at named points; in a process of its own because it forks."""
    program = (
        "import tempfile, sys; from pathlib import Path\n"
        "from tdscaling.tests.reliability.kills import kill\n"
        "with tempfile.TemporaryDirectory() as folder:\n"
        "    seen = kill(Path(folder), 30)\n"
        "assert seen['kills'] == 30 and seen['partial journals'] >= 25, seen\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
