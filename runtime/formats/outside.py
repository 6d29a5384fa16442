"""The probe in another Python: what a job asks of it, and what it answered."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from ..errors import ConfigError

SECONDS = 3_600.0
"""For a whole file."""
PROBE = Path(__file__).with_name("probe.py")

LOADERS: dict[str, tuple[str, ...]] = {
    "openai": ("datasets", "openai"),
    "llama-factory": ("datasets", "llama-factory"),
    "atif": ("datasets", "atif"),
    "sts": (),
}
"""Which loaders can read a format; `datasets` alone reads every other."""


class Template(msgspec.Struct, frozen=True):
    """A chat template to render with."""

    name: str
    template: str | None
    """Jinja text; None for the tokenizer's own."""
    tokenizer: str | None
    """A folder or a name of the Hub; None counts characters only."""


class Problem(msgspec.Struct, frozen=True):
    """What went wrong in some rows."""

    reason: str
    n: int
    rows: tuple[str, ...]
    """Ids of the first of them."""


class Spread(msgspec.Struct, frozen=True):
    """Lengths of the rendered conversations."""

    total: int
    mean: float
    median: int
    p95: int
    longest: int


class Rendered(msgspec.Struct, frozen=True):
    """What a template made of a file."""

    rows: int = 0
    rendered: int = 0
    lost_messages: int = 0
    """Texts, calls and replies of which nothing stands in the rendered text."""
    problems: tuple[Problem, ...] = ()
    characters: Spread | None = None
    tokens: Spread | None = None
    unusable: str = ""
    """Why there is nothing to report: transformers or the tokenizer is missing, the template is no template."""


class Loaded(msgspec.Struct, frozen=True):
    """What a loader made of a file."""

    rows: int = 0
    """Records that survive."""
    changed: int = 0
    """Records that come back with other values than they went in with."""
    problems: tuple[str, ...] = ()
    absent: str = ""
    """Why it could not be asked; it is not installed there."""
    failed: str = ""
    """What it raised."""


class Answer(msgspec.Struct, frozen=True):
    """What the probe found."""

    templates: dict[str, Rendered]
    loaders: dict[str, Loaded]


class Job(msgspec.Struct, frozen=True):
    """What the probe is asked; `probe.py` says what each key means."""

    render: tuple[Template, ...]
    conversations: str
    data: tuple[str, ...]
    loaders: tuple[str, ...]
    slowest: int = 20
    """Seconds that a template may take for one conversation; after three slower ones it is given up."""


def ask(job: Job, folder: Path, python: str | None = None) -> Answer:
    """Run the probe; `folder` is for its files.

    Raises:
        ConfigError: that Python cannot be started, or ends without an answer.
    """
    place = folder / "job.json"
    place.write_bytes(msgspec.json.encode(job))
    program = python or sys.executable
    # -I: the folder of the probe stays off the path, where `openai.py` would pass for the package of that name.
    try:
        done = subprocess.run(  # noqa: S603 -- the person names the interpreter, its one argument is ours
            [program, "-I", str(PROBE), str(place)], capture_output=True, timeout=SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"--python {program}: cannot be asked: {' '.join(str(error).split())}") from None
    try:
        return msgspec.json.decode(done.stdout, type=Answer)
    except msgspec.DecodeError:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise ConfigError(f"--python {program}: gave no answer: {last[0]}") from None
