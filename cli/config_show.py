"""`tdscaling config show`: the settings a run would have, from all sources, as a settings file."""

from __future__ import annotations

import sys
from typing import Annotated

import yaml
from cyclopts import Parameter

from ..runtime.config import RunConfig


def show(*, settings: Annotated[RunConfig | None, Parameter(name="*")] = None) -> int:
    """See the help text in `app.py`."""
    values = (settings or RunConfig()).public()
    del values["config"]  # a settings file names no other
    sys.stdout.write(yaml.safe_dump(values, sort_keys=False, allow_unicode=True))
    sys.stdout.flush()
    return 0
