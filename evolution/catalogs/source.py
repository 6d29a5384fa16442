"""Where catalogues lie: `KIND:PATH` as it is given, and the documents a catalogue consists of."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import msgspec

from ...runtime.errors import ConfigError, InputError
from .record import Skip

KINDS = ("mcp", "openapi", "aws", "google", "openai", "toucan")
MAX_BYTES = 64 * 1024 * 1024
"""Default bound of one document's size; the largest public description we know has 47 MB."""
_INSTALLED = {"aws": ("botocore", "data"), "google": ("googleapiclient", "discovery_cache/documents")}
"""{kind: (package, folder of the data in it)}, for the catalogues that come with a Python package."""


class Source(msgspec.Struct, frozen=True):
    """One catalogue that was asked for."""

    kind: str
    """One of `KINDS`."""
    path: Path
    """A file or a folder; it exists."""
    max_bytes: int = MAX_BYTES
    """Bound of one document's size, bytes, unpacked; a larger one is skipped unread."""
    local_references: bool = False
    """True when a `$ref` to another file inside the catalogue's folder may be followed. None is ever fetched."""


class Document(msgspec.Struct, frozen=True):
    """One file of a catalogue, found and not yet read. Picklable."""

    source: Source
    """The catalogue it is in."""
    path: Path
    """The file."""
    name: str
    """The file's path in its catalogue, with `/`; the name by which it is spoken of."""
    service: str
    """Name of the service it describes, unique over all documents of a listing; lists of many servers name theirs."""
    origin: str
    """The catalogue and its version where that can be read, for instance `botocore 1.44.5`."""


class Listing(msgspec.Struct, frozen=True):
    """The documents of one or several catalogues."""

    documents: tuple[Document, ...]
    """By source as given, then by name."""
    skips: tuple[Skip, ...] = ()
    """What was seen and left out."""


def parse_source(text: str, *, max_bytes: int = MAX_BYTES, local_references: bool = False) -> Source:
    """The catalogue that `KIND:PATH` names; `aws` and `google` alone mean the data of the installed package.

    Raises:
        ConfigError: the kind is unknown, a path is missing, or the package is not installed.
        InputError: the path does not exist.
    """
    kind, _, given = text.partition(":")
    if kind not in KINDS:
        raise ConfigError(f"--catalog {text[:80]!r}: the kind must be one of {', '.join(KINDS)}, as in openapi:FOLDER")
    if not given and kind not in _INSTALLED:
        raise ConfigError(f"--catalog {text[:80]!r}: {kind} needs a path, as in {kind}:FILE")
    path = Path(given) if given else _installed(kind)
    if not path.exists():
        raise InputError(f"--catalog {text}: {path} does not exist")
    return Source(kind, path, max_bytes, local_references)


def _installed(kind: str) -> Path:
    package, folder = _INSTALLED[kind]
    found = find_spec(package)  # looks the package up without running it
    if found is None or not found.submodule_search_locations:
        raise ConfigError(
            f"--catalog {kind}: {package} is not installed; pip install 'tdscaling[catalogs]', or give a path"
        )
    return Path(next(iter(found.submodule_search_locations))) / folder


def files(source: Source, *endings: str) -> Iterator[tuple[Path, str]]:
    """The files with these endings and their names, sorted by name; a source that is a file is the only one."""
    if source.path.is_file():
        yield source.path, source.path.name
        return
    found = (path for path in source.path.rglob("*") if path.name.endswith(endings) and path.is_file())
    named = sorted((path.relative_to(source.path).as_posix(), path) for path in found)
    yield from ((path, name) for name, path in named)
