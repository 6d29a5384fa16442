"""HTTP responses in pieces: the same whatever the pieces are, and nothing that is not one."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tdscaling.runtime.llm.response import Broken, Response

BODY = b'{"choices": []}'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"7;name=value\r\n" + BODY[:7] + b"\r\n8\r\n" + BODY[7:] + b"\r\n0\r\nTrailer: x\r\n\r\n"
)
INTERIM = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
WHOLE = {"length": PLAIN, "chunks": CHUNKED, "interim": INTERIM + PLAIN, "interim, chunks": INTERIM + CHUNKED}


def response() -> Response:
    """One that takes a kilobyte, an error a hundred bytes."""
    return Response(1000, 100)


def body_of(read: Response, data: bytes) -> bytes:
    """The body, as soon as it is whole."""
    return read.body() if read.feed(data) else b""


@given(st.sampled_from(sorted(WHOLE)), st.lists(st.integers(1, 40), max_size=60))
def test_a_response_is_the_same_in_any_pieces(kind: str, sizes: list[int]) -> None:
    """And whole with its last byte, not before."""
    data, read = WHOLE[kind], response()
    cuts = iter(sizes)
    while len(data) > 1 and (size := next(cuts, None)) is not None:
        piece, data = data[: min(size, len(data) - 1)], data[min(size, len(data) - 1) :]
        assert not read.feed(piece)
    if len(data) > 1:
        assert not read.feed(data[:-1])
    assert read.feed(data[-1:])
    assert (read.status, read.body(), read.reusable) == (200, BODY, True)


def test_headers_are_found_in_any_case() -> None:
    """As HTTP has it."""
    read = response()
    assert read.feed(b"HTTP/1.1 429 Too Many Requests\r\nretry-AFTER:  7 \r\ncontent-length: 2\r\n\r\n{}")
    assert (read.status, read.headers["Retry-After"], read.body()) == (429, "7", b"{}")


@pytest.mark.parametrize(
    "head",
    [b"HTTP/1.0 200 OK\r\nContent-Length: 15", b"HTTP/1.1 200 OK\r\nConnection: Close\r\nContent-Length: 15"],
)
def test_a_connection_that_is_to_be_closed_is_not_used_again(head: bytes) -> None:
    """By version or by word."""
    read = response()
    assert read.feed(head + b"\r\n\r\n" + BODY)
    assert not read.reusable


def test_what_follows_a_response_spoils_its_connection() -> None:
    """Nobody can tell what it belongs to."""
    read = response()
    assert read.feed(PLAIN + b"HTTP/1.1 200 OK")
    assert read.body() == BODY
    assert not read.reusable


def test_a_body_without_length_ends_with_the_connection() -> None:
    """So it is never whole by itself."""
    read = response()
    assert not read.feed(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
    assert read.ends_with_connection
    assert read.body() == BODY


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "bare deflate"])
def test_compressed_bodies_are_inflated(encoding: str) -> None:
    """Also those that servers call deflate and send without zlib's frame."""
    machine = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bare = machine.compress(BODY) + machine.flush()
    packed = {"gzip": gzip.compress(BODY), "deflate": zlib.compress(BODY), "bare deflate": bare}[encoding]
    named = encoding.removeprefix("bare ")
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {named}\r\nContent-Length: {len(packed)}\r\n\r\n"
    read = response()
    assert read.feed(head.encode() + packed)
    assert read.body() == BODY


BOMB = gzip.compress(bytes(100_000))
TOO_LARGE = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n",
    "error": b"HTTP/1.1 500 Oh\r\nContent-Length: 101\r\n\r\n",
    "chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    "no length": b"HTTP/1.1 200 OK\r\n\r\n" + bytes(1001),
    "bomb": f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(BOMB)}\r\n\r\n".encode() + BOMB,
}


@pytest.mark.parametrize("kind", sorted(TOO_LARGE))
def test_what_is_too_large_is_not_read(kind: str) -> None:
    """By its own word, or as soon as it shows."""
    with pytest.raises(Broken) as broken:
        body_of(response(), TOO_LARGE[kind])
    assert broken.value.kind == "too_large"


@pytest.mark.parametrize(
    "data",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000,
    ],
)
def test_what_is_not_http_is_said(data: bytes) -> None:
    """As soon as it shows."""
    with pytest.raises(Broken) as broken:
        response().feed(data)
    assert broken.value.kind == "bad_http"


def test_a_compressed_body_that_breaks_off_is_no_body() -> None:
    """Half of what was packed is not what was said."""
    packed = gzip.compress(BODY)[:-10]
    read = response()
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    assert read.feed(head.encode() + packed)
    with pytest.raises(Broken) as broken:
        read.body()
    assert broken.value.kind == "truncated"
