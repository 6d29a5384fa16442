"""`tdscaling tools check`: what a server does that a run would stumble over, one line per check."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from ..runtime.errors import ToolServerError
from ..sandbox.diagnosis import Check, diagnose
from ..sandbox.manifest import Manifest, load_manifest
from .safe import one_line
from .tools_box import perform


def check_tools(
    source: Annotated[Path, Parameter(name="MANIFEST")],
    /,
    *,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    source
        A manifest's file.
    json
        One JSON object per check: name, status, detail.
    """
    checks = perform(_checks, load_manifest(source), json)
    return ToolServerError.exit_code if any(check.status == "fail" for check in checks) else 0


async def _checks(manifest: Manifest, as_json: bool) -> list[Check]:
    """Every check, written as soon as it is done."""
    done: list[Check] = []
    async for check in diagnose(manifest, time.monotonic):
        done.append(check)
        mark = "FAIL" if check.status == "fail" else check.status
        line = msgspec.json.encode(check).decode() if as_json else one_line(f"{mark:4}  {check.name}: {check.detail}")
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
    return done
