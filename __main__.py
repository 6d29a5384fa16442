"""The entry point: it hands the arguments to the command line and turns what comes back into lines and an exit code."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from .runtime.errors import UserError

INTERRUPTED = 128 + 2
"""Exit code after Ctrl-C, as shells give it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; the codes are listed in `runtime/errors.py` and by `--help`."""
    from .cli.app import dispatch  # here, so that an interrupt during the imports is met by the lines below

    try:
        return dispatch(sys.argv[1:] if arguments is None else arguments)
    except UserError as error:
        _say(str(error))
        return error.exit_code
    except KeyboardInterrupt:
        _say("interrupted")
        return INTERRUPTED
    except BrokenPipeError:
        _discard_stdout()
        return 0
    except Exception as error:  # noqa: BLE001 -- the outermost boundary: a bug becomes two lines, not a page
        _report_bug(error)
        return 1


def _report_bug(error: BaseException) -> None:
    """The full traceback for those who asked for it; for everybody else what, where, and how to see more."""
    if os.environ.get("TDSCALING_DEBUG") == "1":
        sys.stderr.write(_hidden("".join(traceback.format_exception(error))))
        return
    detail = str(error)[:300]
    _say(f"internal error: {type(error).__name__}{': ' if detail else ''}{detail}")
    notes = getattr(error, "__notes__", [])
    if notes:
        _say(str(notes[-1]))
        return
    frames = traceback.extract_tb(error.__traceback__)
    where = f"in {Path(frames[-1].filename).name}:{frames[-1].lineno} ({frames[-1].name}); " if frames else ""
    _say(f"{where}set TDSCALING_DEBUG=1 for the traceback")


def _say(line: str) -> None:
    """One line on stderr, whatever the text holds; a closed stderr is no reason to fail again."""
    from .cli.safe import one_line

    try:
        sys.stderr.write(f"tdscaling: {one_line(_hidden(line))}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return


def _hidden(text: str) -> str:
    """The text without the secrets of the environment and of addresses among the arguments."""
    from .runtime.redaction import Redactor, secrets_of

    addresses = [part for argument in sys.argv[1:] for part in argument.split("=", 1) if "://" in part]
    return Redactor(secrets_of(os.environ, addresses=addresses)).text(text)


def _discard_stdout() -> None:
    """The reader has gone: let the interpreter's own flush at exit go nowhere instead of complaining."""
    with Path(os.devnull).open("wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
