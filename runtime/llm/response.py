"""One HTTP/1.1 response, read from the pieces in which it comes; no I/O."""

from __future__ import annotations

import re
import zlib
from typing import Literal

from multidict import CIMultiDict

HEAD_BYTES = 64 * 1024
"""Most that status line and headers may take."""
_STATUS = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d)(?: [^\r\n]*)?")
_LENGTH = re.compile(r"\d{1,15}")
_SIZE = re.compile(rb"\s*([0-9a-fA-F]{1,12})\s*(?:;[^\r\n]*)?")
INFLATE = zlib.MAX_WBITS | 32
"""gzip or zlib, whichever the data begins like."""


class Broken(Exception):
    """The response cannot be read; nothing more of this connection can."""

    def __init__(self, kind: Literal["bad_http", "too_large", "truncated"], text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Response:
    """Feed it until it is whole, then ask for its body."""

    def __init__(self, most: int, most_of_error: int) -> None:
        """`most`: bytes of a body that comes with status 200, inflated or not; `most_of_error`: of any other."""
        self._limits = most, most_of_error
        self._most = most
        self._buffer = bytearray()  # what is not understood yet; later the body
        self._pieces = bytearray()  # the body so far, where it comes in chunks
        self._length = -1  # of the body; -1 until it is known, and where it ends with the connection
        self._chunked = False
        self._minor = 1
        self.begun = False
        """Anything came."""
        self.status = 0
        """0 until the headers are read."""
        self.headers: CIMultiDict[str] = CIMultiDict()
        self.ends_with_connection = False
        """Neither a length nor chunks: the body is whole when the connection ends."""

    def feed(self, data: bytes) -> bool:
        """Take a piece; whether the response is whole. Raises Broken."""
        self.begun = True
        self._buffer += data
        while self.status < 200:
            if not self._read_head():
                return False
            if self.status < 200:  # an interim response: the real one follows
                self.status = 0
        if self._chunked:
            return self._read_chunks()
        if len(self._buffer) > self._most:
            raise Broken("too_large", "")
        return 0 <= self._length <= len(self._buffer)

    def body(self) -> bytes:
        """The body, inflated. Raises Broken when it is too large or cannot be inflated."""
        raw = bytes(
            self._pieces if self._chunked else self._buffer[: self._length] if self._length >= 0 else self._buffer
        )
        encoding = self.headers.get("Content-Encoding", "").strip().lower()
        return raw if encoding not in ("gzip", "x-gzip", "deflate") or not raw else self._inflated(raw)

    @property
    def reusable(self) -> bool:
        """Whether another request may follow on the connection."""
        tokens = [token.strip().lower() for token in self.headers.get("Connection", "").split(",")]
        kept = "close" not in tokens and (self._minor == 1 or "keep-alive" in tokens)
        surplus = len(self._buffer) > (0 if self._chunked else max(0, self._length))
        return kept and not self.ends_with_connection and not surplus

    def _read_head(self) -> bool:
        """Whether status and headers are there now."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES:
                raise Broken("bad_http", "not HTTP as it should be: the headers do not end")
            if not b"HTTP/".startswith(self._buffer[:5]):
                raise Broken("bad_http", "not HTTP as it should be: no status line")
            return False
        first, *lines = bytes(self._buffer[:end]).split(b"\r\n")
        del self._buffer[: end + 4]
        found = _STATUS.fullmatch(first)
        if found is None:
            raise Broken("bad_http", "not HTTP as it should be: no status line")
        self._minor, self.status = int(found[1]), int(found[2])
        headers: CIMultiDict[str] = CIMultiDict()
        for line in lines:
            name, colon, value = line.decode("latin-1").partition(":")
            if not colon or not name or name != name.strip():
                raise Broken("bad_http", "not HTTP as it should be: a header without a name")
            headers.add(name, value.strip(" \t"))
        self.headers = headers
        self._most = self._limits[self.status != 200]
        self._frame()
        return True

    def _frame(self) -> None:
        """How the body ends."""
        headers = self.headers
        self._length, self.ends_with_connection = -1, False
        self._chunked = headers.get("Transfer-Encoding", "").lower().rpartition(",")[2].strip() == "chunked"
        lengths = {*headers.getall("Content-Length", ())}
        if self._chunked:
            return
        if len(lengths) > 1 or any(_LENGTH.fullmatch(length) is None for length in lengths):
            raise Broken("bad_http", "not HTTP as it should be: no length")
        if self.status in (204, 304) or self.status < 200:
            self._length = 0
        elif lengths:
            self._length = int(lengths.pop())
            if self._length > self._most:
                raise Broken("too_large", "")
        else:
            self.ends_with_connection = True

    def _read_chunks(self) -> bool:
        """Take whole chunks off the buffer; whether the last one and its trailers are there."""
        buffer = self._buffer
        while True:
            end = buffer.find(b"\r\n")
            if end < 0:
                if len(buffer) > HEAD_BYTES:
                    raise Broken("bad_http", "not HTTP as it should be: no chunk")
                return False
            found = _SIZE.fullmatch(buffer, 0, end)
            if found is None:
                raise Broken("bad_http", "not HTTP as it should be: no chunk")
            size = int(found[1], 16)
            if len(self._pieces) + size > self._most:
                raise Broken("too_large", "")
            if size == 0:
                return self._read_trailers(end)
            if len(buffer) < end + 2 + size + 2:
                return False
            if not buffer.startswith(b"\r\n", end + 2 + size):
                raise Broken("bad_http", "not HTTP as it should be: a chunk of another length")
            self._pieces += buffer[end + 2 : end + 2 + size]
            del buffer[: end + 4 + size]

    def _read_trailers(self, end: int) -> bool:
        """Drop what follows the last chunk, up to an empty line."""
        if self._buffer.startswith(b"\r\n", end + 2):
            del self._buffer[: end + 4]
            return True
        last = self._buffer.find(b"\r\n\r\n", end)
        if last < 0:
            return False
        del self._buffer[: last + 4]
        return True

    def _inflated(self, raw: bytes) -> bytes:
        """No more at one time than may be handed out, so a small bomb stays small."""
        for wbits in (INFLATE, -zlib.MAX_WBITS):  # some servers send bare deflate
            machine = zlib.decompressobj(wbits)
            try:
                out = machine.decompress(raw, self._most + 1)
            except zlib.error:
                continue
            if len(out) > self._most:
                raise Broken("too_large", "")
            if not machine.eof:
                break
            return out
        raise Broken("truncated", "the answer broke off")
