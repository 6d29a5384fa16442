"""Files into JSON values, within bounds: what is too large, not text, broken or nested without end is refused."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import TypeVar

import msgspec

from ...sandbox.tools import JsonValue
from .yaml_events import YamlError, parse_yaml

T = TypeVar("T")


class Malformed(Exception):
    """A document, or a part of one, of which no records can be made. `reason` is a short stable code for counting."""

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """The file's bytes, unpacked where it ends in `.gz`.

    Raises:
        Malformed: `too_large` (decided before reading; a packed file, when the bound is passed), `unreadable`.
    """
    too_large = Malformed("too_large", f"more than {max_bytes} bytes")
    try:
        if path.stat().st_size > max_bytes:
            raise too_large
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                content = packed.read(max_bytes + 1)
        else:
            content = path.read_bytes()
    except OSError as error:
        raise Malformed("unreadable", error.strerror or str(error)) from None
    except (EOFError, zlib.error):
        raise Malformed("unreadable", "the packed data is cut off or damaged") from None
    if len(content) > max_bytes:
        raise too_large
    return content


def decode(content: bytes, name: str) -> JsonValue:
    """The value of a JSON text, or of a YAML text when the name ends like one. Raises Malformed as `decode_as` does."""
    if name.endswith((".yaml", ".yml")):
        try:
            return parse_yaml(_text(content))
        except YamlError as error:
            raise Malformed("malformed", f"is not YAML: {error}") from None
    return decode_as(content, object)


def decode_as(content: bytes, kind: type[T]) -> T:
    """The value of a JSON text in a given form.

    Raises:
        Malformed: `not_utf8`, `malformed` (not JSON, cut off), `nested` (deeper than can be read), `unexpected`
            (another form).
    """
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(content, type=kind)
    except RecursionError:
        raise Malformed("nested", "is nested too deep") from None
    except msgspec.ValidationError as error:
        raise Malformed("unexpected", str(error)) from None
    except (msgspec.DecodeError, UnicodeError) as error:
        _text(content)
        raise Malformed("malformed", f"is not JSON: {error}") from None


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("not_utf8", f"byte {error.start}: {error.reason}") from None
