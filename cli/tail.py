"""`tdscaling tail`: the rows of a run that listens, or of a run directory, on stdout."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ..runtime.errors import ConfigError
from ..runtime.streaming.address import parse_address
from ..runtime.streaming.filter import Filter, parse_filter, passes
from ..runtime.streaming.wire import End, Numbered, Start, encode_row
from .safe import one_line


def tail(
    address: Annotated[str, Parameter(name="ADDRESS")],
    /,
    *,
    start: Annotated[str | None, Parameter(name="--from")] = None,
    name: str = "",
    filter: Annotated[tuple[str, ...], Parameter(consume_multiple=False)] = (),  # noqa: A002 -- the flag's name
    seq: bool = False,
    token_env: str | None = None,
    ca: Path | None = None,
    cert: Path | None = None,
    patience: float = 30.0,
    quiet: bool = False,
) -> int:
    """See the help text in `app.py`.

    Parameters
    ----------
    address
        unix:PATH, tcp:HOST:PORT or tls:HOST:PORT of a run with --listen; or a run directory.
    start
        The first row wanted: earliest, latest (the next one made) or a number; by default earliest, or with --name
        the row behind the last one that was acknowledged under it.
    name
        Who we are to the run: it keeps how far we came, also when it is killed and resumed.
    filter
        PATH=VALUE,VALUE: only rows that have one of the values there, for instance assignment.mode=chain; repeatable.
    seq
        Write {"seq": N, "row": {...}} instead of the row alone.
    token_env
        Environment variable with the token that the run wants.
    ca
        For tls: a PEM file with who signed the run's certificate.
    cert
        For tls: a PEM file with our own certificate and key.
    patience
        Seconds to go on trying for when nobody answers.
    quiet
        No word about connections on stderr.
    """
    wanted, begin = parse_filter(filter), _start(start)
    folder = Path(address)
    if ":" not in address or folder.is_dir():
        if name or token_env or ca or cert:
            raise ConfigError(f"{address}: --name, --token-env, --ca and --cert are for a run that listens")
        rows = _of_directory(folder, begin, wanted)
        for number, row in rows:
            _write(number, row, seq=seq)
        sys.stdout.buffer.flush()
        return 0
    from ..runtime.streaming.client import Stream, Wish

    token = _token(token_env)
    wish = Wish(begin, name, token, wanted, ca, cert, patience)
    stream = Stream(parse_address(address), wish, (lambda _line: None) if quiet else _say)
    for piece in stream.pieces():
        for frame in piece:
            if isinstance(frame, Numbered):
                _write(frame.seq, bytes(frame.row), seq=seq)
            elif isinstance(frame, End) and not quiet:
                _say(f"the run has ended, its last row is {frame.end}")
        sys.stdout.buffer.flush()
        stream.acknowledge()
    return 0


def _of_directory(folder: Path, begin: Start | None, wanted: Filter) -> Iterator[tuple[int, bytes]]:
    """The rows that are committed so far. Raises InputError."""
    import msgspec

    from ..runtime.journal.reader import read_rows

    if begin == "latest":
        raise ConfigError(f"{folder}: --from latest is for a run that listens; a directory has what is there")
    encoder = msgspec.json.Encoder()
    for number, found in enumerate(read_rows(folder), start=1):
        if number >= (begin if isinstance(begin, int) else 1) and passes(row := encoder.encode(found), wanted):
            yield number, row


def _start(text: str | None) -> Start | None:
    match text:
        case None | "earliest" | "latest":
            return text
        case _ if text.isascii() and text.isdigit() and len(text) <= 15 and int(text) >= 1:
            return int(text)
        case _:
            raise ConfigError(f"--from must be earliest, latest or the number of a row from 1 on, not {text!r}")


def _token(name: str | None) -> str:
    if name is None:
        return ""
    if not (token := os.environ.get(name, "").strip()):
        raise ConfigError(f"--token-env: there is no variable {name} in the environment, or it is empty")
    return token


def _write(number: int, row: bytes, *, seq: bool) -> None:
    sys.stdout.buffer.write(encode_row(number, row) if seq else row + b"\n")


def _say(line: str) -> None:
    sys.stderr.write(f"tdscaling: {one_line(line)}\n")
    sys.stderr.flush()
