"""`tdscaling run`: synthesise trajectories until there are enough of them."""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter
from structlog.typing import FilteringBoundLogger

from ..runtime.config import RunConfig
from ..runtime.descriptors import allow, descriptors
from ..runtime.errors import OutputError, UserError
from ..runtime.redaction import Redactor, secrets_of
from ..runtime.supervisor import Summary
from .closing import closing_lines, cut_short
from .logs import open_log
from .rundir import open_outputs
from .safe import one_line


def run(*, settings: Annotated[RunConfig | None, Parameter(name="*")] = None) -> int:
    """See the help text in `app.py`: that one is shown without loading this module."""
    # Here and not above: `--help` and wrong flags need neither the agents nor the MCP client.
    from ..runtime.streaming.server import MOST_CONSUMERS
    from .composition import check

    config = settings or RunConfig()
    plan = check(config)
    needed = descriptors(
        connections=plan.limits.concurrency * plan.models.remote,
        servers=len(plan.manifests) * config.max_servers,
        consumers=MOST_CONSUMERS if plan.listening else 0,
    )
    allow(needed, hint="lower --concurrency or --max-servers")
    redactor = _redactor(config)
    outputs = open_outputs(config, datetime.now(UTC), redactor.text)
    with open_log(outputs.log, config.log_level, redactor.text) as log:
        from ..runtime import loop
        from .session import Session

        session = Session(config, plan, outputs, log, redactor)
        try:
            loop.run(session.perform, use_uvloop=config.loop == "uvloop")
        except UserError as error:
            log.info("run failed", error=str(error), exit_code=error.exit_code)
            _say(cut_short(session.summary, outputs.directory))
            raise
        except Exception as bug:  # a boundary: kept for a report, then passed on as it is
            _keep_traceback(bug, outputs.crash, log, redactor)
            raise
        finally:
            if outputs.summary is not None and session.summary is not None:
                _copy_summary(outputs.summary, session.summary)
    if session.signal is not None:
        _say(f"stopped by {session.signal.name}: {cut_short(session.summary, outputs.directory)}")
        return 128 + session.signal
    if session.summary is not None and not config.quiet:
        for line in closing_lines(session.summary, outputs.directory, simulated=plan.model.simulated):
            _say(line)
        if about_endpoints := plan.models.closing_line():
            _say(about_endpoints)
    return 0


def _redactor(config: RunConfig) -> Redactor:
    """What must stand nowhere: secrets of the environment and of the addresses in the settings."""
    models = config.models.values()
    variables = {name for model in models for name in (model.api_key_env, *model.headers_env.values())}
    variables |= {config.listen_token_env} if config.listen_token_env else set()
    own = [url for model in models for url in (model.base_url, *model.base_urls) if url]
    return Redactor(secrets_of(os.environ, variables=variables, addresses=(*config.base_url, *own)))


def _copy_summary(path: Path, summary: Summary) -> None:
    text = msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
    try:
        path.write_bytes(text)
    except OSError as error:
        raise OutputError(f"cannot write the summary to {path}: {error.strerror}") from None


def _keep_traceback(bug: Exception, path: Path, log: FilteringBoundLogger, redactor: Redactor) -> None:
    """The note tells the entry point where to send the person."""
    try:
        path.write_text(redactor.text("".join(traceback.format_exception(bug))), encoding="utf-8")
    except OSError:
        return  # the bug itself is still reported, with its last frame
    bug.add_note(f"traceback in {path}; the journal keeps what was made")
    log.info("run crashed", error=repr(bug))


def _say(line: str) -> None:
    sys.stderr.write(f"tdscaling: {one_line(line)}\n")
    sys.stderr.flush()
