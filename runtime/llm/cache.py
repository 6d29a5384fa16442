"""Replies kept by what was asked, so that a run that is made again, also by newer code, asks nothing twice.

A reply is found by the whole request (messages, tools, sampling, seed) and the model's own settings, and by nothing
else: not by run, version or endpoint. One file per reply, replaced at once: any number of runs may share a folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..errors import OutputError
from ..model import SIMULATED, Model, ModelReply, ModelRequest

_ENCODER = msgspec.json.Encoder(order="deterministic")
_DECODER = msgspec.json.Decoder(ModelReply)


class CachedModel:
    """A model that answers from a folder what was answered before, and keeps what is new."""

    def __init__(self, model: Model, folder: Path, own: Mapping[str, str] | None = None) -> None:
        """`own`: per model name, what its settings add to a request, as JSON text.

        Raises:
            OutputError: the folder cannot be made.
        """
        self._model = model
        self._folder = folder
        self._own = own or {}
        self._simulated = False
        self.hits = 0
        """Requests that were answered from the folder."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make the request cache {folder}: {error.strerror}") from None

    @property
    def simulated(self) -> bool:
        """Whether the model inside is the stand-in, or a kept reply came from it."""
        return self._simulated or self._model.simulated

    async def complete(self, request: ModelRequest) -> ModelReply:
        """See Model. Raises OutputError when a reply cannot be kept."""
        path = self._path(request)
        reply = _read(path)
        if reply is not None:
            self.hits += 1
            self._simulated = self._simulated or reply.model == SIMULATED
            return reply
        reply = await self._model.complete(request)
        _write(path, reply)
        return reply

    def _path(self, request: ModelRequest) -> Path:
        asked = _ENCODER.encode((self._own.get(request.model, ""), request))
        name = hashlib.blake2b(asked, digest_size=20).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.json"


def _read(path: Path) -> ModelReply | None:
    """The reply; None when there is none, or none that can be read."""
    try:
        return _DECODER.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None


def _write(path: Path, reply: ModelReply) -> None:
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(exist_ok=True)
        draft.write_bytes(_ENCODER.encode(reply))
        draft.replace(path)
    except OSError as error:
        raise OutputError(f"cannot keep a reply in {path.parent}: {error.strerror}") from None
