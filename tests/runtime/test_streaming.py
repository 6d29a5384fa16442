"""Rows over a socket: where consumers begin, what they acknowledge, what they are refused, what a slow one costs."""

from __future__ import annotations

import os
import socket
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.errors import ConfigError, InputError, OutputError
from tdscaling.runtime.streaming.address import parse_address
from tdscaling.runtime.streaming.client import Stream, Wish
from tdscaling.runtime.streaming.consumer import PIECE
from tdscaling.runtime.streaming.filter import parse_filter, passes
from tdscaling.runtime.streaming.listener import Access, check_access, open_door
from tdscaling.runtime.streaming.server import MOST_CONSUMERS
from tdscaling.tests.reliability.streams import RUN, Restless, Served, connect, converse, hear, line, served
from tdscaling.tests.runtime.play import Runner

TOKEN = "a token of thirty-two letters ok"  # noqa: S105 -- opens nothing


@pytest.fixture(params=[True, False], ids=["uvloop", "asyncio"])
def real(request: pytest.FixtureRequest) -> Runner:
    """A real loop: sockets know no virtual time."""
    return partial(loop.run, use_uvloop=request.param)


async def until(ready: Callable[[], bool]) -> None:
    """Wait for a state of the server."""
    with anyio.fail_after(10):
        while not ready():  # noqa: ASYNC110 -- what a server counts sets no event
            await anyio.sleep(0.005)


async def say(stage: Served, said: bytes) -> list[dict[str, object]]:
    """What a consumer hears that says this, shuts its side, and stays to the end."""
    heard = await anyio.to_thread.run_sync(converse, stage.address, said)
    return [msgspec.json.decode(part) for part in heard.splitlines()]


async def take(stage: Served, said: bytes, frames: int) -> list[dict[str, object]]:
    """The first frames that a consumer hears that says this."""
    heard = await anyio.to_thread.run_sync(hear, stage.address, said, frames)
    return [msgspec.json.decode(part) for part in heard]


def rows(heard: list[dict[str, object]]) -> list[int]:
    """The numbers of the rows."""
    return [int(str(frame["seq"])) for frame in heard if "seq" in frame]


@pytest.mark.parametrize("address", ["", "tcp:127.0.0.1:0"], ids=["unix", "tcp"])
def test_a_consumer_says_where_to_begin(real: Runner, tmp_path: Path, address: str) -> None:
    """At the first row, at a number, behind the newest; the bytes are those of a file, and the end is said."""

    async def main() -> None:
        heard: dict[bytes, list[dict[str, object]]] = {}

        async def consumer(begin: bytes) -> None:
            heard[begin] = await say(stage, b'{"from":%b}\n' % begin)

        async with anyio.create_task_group() as group, served(tmp_path / "run", address) as stage:
            await stage.make(0, 3)
            for begin in (b'"earliest"', b"2", b'"latest"', b"null"):
                group.start_soon(consumer, begin)
            await until(lambda: sum("begins" in note for note in stage.notes) == 4)
            await stage.make(3, 2)
        assert rows(heard[b'"earliest"']) == rows(heard[b"null"]) == [1, 2, 3, 4, 5]
        assert rows(heard[b"2"]) == [2, 3, 4, 5]
        assert rows(heard[b'"latest"']) == [4, 5]
        assert heard[b"2"][0] == {"welcome": 1, "run": RUN, "last": 3, "from": 2}
        assert heard[b"2"][-1] == {"end": 5}
        assert heard[b"2"][1]["row"] == msgspec.json.decode(line(1))

    real(main)


def test_a_named_consumer_goes_on_behind_what_it_acknowledged(real: Runner, tmp_path: Path) -> None:
    """Also in the next session of the run."""

    def take_two(stage: Served, acknowledged: int) -> list[int]:
        with connect(stage.address) as plain, plain.makefile("rb") as lines:
            plain.sendall(b'{"name":"trainer"}\n')
            heard = [msgspec.json.decode(lines.readline()) for _ in range(3)]
            plain.sendall(b'{"ack":%d}\n' % acknowledged)
            return rows(heard)

    async def one(acknowledged: int, first: int) -> list[int]:
        async with served(tmp_path / "run") as stage:
            await stage.make(first, 2)
            taken = await anyio.to_thread.run_sync(take_two, stage, acknowledged)
            await until(lambda: stage.journal.cursors.get("consumer:trainer") == acknowledged)
            return taken

    async def main() -> None:
        assert await one(1, 0) == [1, 2]
        assert await one(2, 2) == [2, 3]
        async with served(tmp_path / "run") as stage:
            assert stage.journal.cursors == {"consumer:trainer": 2}

    real(main)


def test_a_filter_leaves_rows_out_and_says_how_far_it_came(real: Runner, tmp_path: Path) -> None:
    """Their numbers stay, so that acknowledging works."""

    async def main() -> None:
        async with served(tmp_path / "run") as stage:
            await stage.make(0, 5)
            heard = await take(stage, b'{"filter":{"assignment.index":[1,3]}}\n', 3)
            assert rows(heard) == [2, 4]
            heard = await take(stage, b'{"filter":{"assignment.index":[9]}}\n', 2)
            assert heard[-1] == {"at": 5}

    real(main)


def test_filters_are_equal_values_at_paths() -> None:
    """Numbers, truth and texts are kept apart."""
    row = b'{"a":{"b":1,"c":true,"d":"x"}}'
    assert passes(row, parse_filter(["a.b=1,2", "a.c=true", "a.d=y,x"]))
    for clause in ("a.b=true", "a.c=1", "a.d=z", "a.e=1", "a.b.c=1", "a=1"):
        assert not passes(row, parse_filter([clause]))
    for clause in ("a", "=1", "a="):
        with pytest.raises(ConfigError, match="give PATH=VALUE"):
            parse_filter([clause])


HELLOS = {
    "garbage": b"\x00\xff\xfe\n",
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "no end": b'{"from":1}',
    "long": b" " * 100_000 + b"\n",
    "deep": b'{"from":' + b"[" * 2000 + b"\n",
    "no token": b'{"from":"earliest"}\n',
    "wrong token": b'{"token":"a token of thirty-two letters no"}\n',
    "token is a number": b'{"token":5}\n',
    "lone surrogate": b'{"token":"\\ud800"}\n',
    "nothing": b"",
}


@pytest.mark.parametrize("hello", HELLOS.values(), ids=HELLOS)
def test_nothing_is_said_to_who_has_no_token(tmp_path: Path, hello: bytes) -> None:
    """Not one byte; and who has it is served."""

    async def main() -> None:
        async with served(tmp_path / "run", "tcp:127.0.0.1:0", access=Access(TOKEN)) as stage:
            await stage.make(0, 1)
            assert await say(stage, hello) == []
            assert rows(await take(stage, b'{"token":"%b"}\n' % TOKEN.encode(), 2)) == [1]

    loop.run(main)


MISTAKES = {
    "no JSON": (b"hello\n", "hello: JSON is malformed"),
    "unknown member": (b'{"form":1}\n', "unknown field `form`"),
    "row 0": (b'{"from":0}\n', "from is earliest, latest or the number of a row"),
    "name": (b'{"name":"../x"}\n', "a name has letters"),
    "filter": (b'{"filter":{%b}}\n' % b",".join(b'"p%d":[1]' % n for n in range(17)), "at most 16"),
    "long hello": (b'{"name":"%b"}\n' % (b"x" * 200_000), "a line has at most 4096 bytes"),
    "ack is no number": (b'{}\n{"ack":"1"}\n', "acknowledgement: Expected `int`"),
    "ack of the future": (b'{}\n{"ack":9}\n', "of row 9, and 2 was the last one sent"),
    "ack below nothing": (b'{}\n{"ack":-1}\n', "of row -1"),
    "garbage behind the hello": (b"{}\n\x00\x01\xff\n", "acknowledgement: "),
    "a gigabyte": (b"{}\n" + b"x" * 1_000_000, "a line has at most 256 bytes"),
}


@pytest.mark.parametrize(("said", "told"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_and_ends_the_connection(tmp_path: Path, said: bytes, told: str) -> None:
    """The others are served on."""

    async def main() -> None:
        async with served(tmp_path / "run") as stage:
            await stage.make(0, 2)
            heard = await anyio.to_thread.run_sync(partial(_patient, stage, said))
            assert told in str(heard[-1]["error"])
            assert rows(await take(stage, b"{}\n", 3)) == [1, 2]

    def _patient(stage: Served, said: bytes) -> list[dict[str, object]]:
        hello, newline, rest = said.partition(b"\n")
        with connect(stage.address) as plain, plain.makefile("rb") as lines:
            heard: list[bytes] = []
            try:
                plain.sendall(hello + newline)
                while rest and (not heard or b'"seq":2' not in heard[-1]):
                    heard.append(lines.readline())
                plain.sendall(rest)
                plain.shutdown(socket.SHUT_WR)
            except OSError:
                pass
            heard += lines.read().splitlines()
        return [msgspec.json.decode(part) for part in heard if part]

    loop.run(main)


def test_a_consumer_that_takes_nothing_costs_one_piece_and_is_left_behind(real: Runner, tmp_path: Path) -> None:
    """The others get everything meanwhile; after the run it is waited for as long as `linger` says."""

    async def main() -> None:
        with anyio.fail_after(30):
            async with served(tmp_path / "run", linger=0.2) as stage:
                with connect(stage.address) as stalled:
                    stalled.sendall(b"{}\n")
                    await stage.make(0, 60, padding=20_000)
                    heard = await take(stage, b"{}\n", 61)
                    stage.journal.end()
                    assert rows(heard) == list(range(1, 61))
                    await until(lambda: stage.server.connections == 0)
                    assert any("leaves after row" in note for note in stage.notes)
                    taken = stalled.recv(2**24)
                assert len(taken) < 60 * 20_000 - PIECE

    real(main)


def test_consumers_are_counted(tmp_path: Path) -> None:
    """One more than are allowed is sent away without a word; one that leaves makes room."""

    async def main() -> None:
        async with served(tmp_path / "run") as stage:
            await stage.make(0, 1)
            crowd = [connect(stage.address) for _ in range(MOST_CONSUMERS)]
            await until(lambda: stage.server.connections == MOST_CONSUMERS)
            assert await say(stage, b"{}\n") == []
            for one in crowd:
                one.close()
            await stage.make(1, 1)  # writing to it shows that a connection is gone
            await until(lambda: stage.server.connections == 0)
            assert rows(await take(stage, b"{}\n", 3)) == [1, 2]

    loop.run(main)


def test_the_newest_connection_of_a_name_replaces_the_older_one(tmp_path: Path) -> None:
    """The older one is likely to be dead, and must not keep its successor out."""

    async def main() -> None:
        async with served(tmp_path / "run") as stage:
            with connect(stage.address) as older:
                older.sendall(b'{"name":"a"}\n')
                assert b"welcome" in await anyio.to_thread.run_sync(older.recv, 4096)
                with connect(stage.address) as newer:
                    newer.sendall(b'{"name":"a"}\n')
                    assert await anyio.to_thread.run_sync(older.recv, 4096) == b""
                    assert b"welcome" in await anyio.to_thread.run_sync(newer.recv, 4096)
                    assert stage.server.connections == 1

    loop.run(main)


def test_a_consumer_that_breaks_off_again_and_again_misses_nothing(tmp_path: Path) -> None:
    """Twenty times, at random moments, while rows are made: in order, without a gap, none twice."""

    async def main() -> Restless:
        made, consumer = 0, Restless(parse_address(f"unix:{tmp_path}/run.sock"), seed=1, breaks=20)
        async with anyio.create_task_group() as group, served(tmp_path / "run") as stage:
            group.start_soon(consumer.run)
            with anyio.fail_after(30):
                while consumer.stream.connections < 21:
                    await stage.make(made, 1)
                    made += 1
                    await anyio.sleep(0.005)
            await stage.make(made, 5)
        assert [seq for seq, _ in consumer.rows] == list(range(1, made + 6))
        assert all(row == line(seq - 1) for seq, row in consumer.rows)
        return consumer

    loop.run(main)


def test_a_consumer_does_not_mistake_another_run_for_its_own(tmp_path: Path) -> None:
    """Numbers mean nothing there."""

    async def one(run: str, stream: Stream) -> None:
        async with served(tmp_path / run, f"unix:{tmp_path}/rows.sock", run=run, linger=0.1) as stage:
            await stage.make(0, 1)
            await anyio.to_thread.run_sync(next, pieces)
            stream.close()

    stream = Stream(parse_address(f"unix:{tmp_path}/rows.sock"), Wish())
    pieces = stream.pieces()
    loop.run(partial(one, "first", stream))
    with pytest.raises(BaseExceptionGroup) as raised:
        loop.run(partial(one, "second", stream))
    assert raised.group_contains(InputError, match="another run answers now than before")


def test_nobody_answers_for_longer_than_patience_lasts(tmp_path: Path) -> None:
    """One line, with the system's words."""
    stream = Stream(parse_address(f"unix:{tmp_path}/none"), Wish(patience=0.1))
    with pytest.raises(InputError, match="nobody answers: No such file"):
        next(stream.pieces())


ADDRESSES = {
    "rows.sock": "is no address",
    "http:x:1": "is no address",
    "unix:": "has a path",
    "unix:" + "x" * 200: "at most 104 bytes",
    "tcp:7000": "has a host and a port",
    "tcp:h:": "a number from 0 to 65535",
    "tcp:h:70000": "a number from 0 to 65535",
    "tcp:h:" + "1" * 5000: "a number from 0 to 65535",
    "tls:h:1x": "a number from 0 to 65535",
    "tcp:a b:1": "has a host and a port",
}


@pytest.mark.parametrize(("address", "told"), ADDRESSES.items(), ids=[*map(str, range(len(ADDRESSES)))])
def test_an_address_that_is_none_is_named(address: str, told: str) -> None:
    """With what an address is."""
    with pytest.raises(ConfigError, match=told):
        parse_address(address)


def test_what_other_machines_reach_wants_a_token_or_certificates(tmp_path: Path) -> None:
    """Loopback and unix sockets do not; an address's own text comes back."""
    for text in ("unix:/x/y", "tcp:127.0.0.1:1", "tcp:[::1]:2", "tcp:localhost:3"):
        assert str(parse_address(text)) == text
        assert check_access(parse_address(text), None, None, None) == Access()
    outside = parse_address("tcp:0.0.0.0:4")
    with pytest.raises(ConfigError, match="can be reached from other machines"):
        check_access(outside, None, None, None)
    with pytest.raises(ConfigError, match="too short"):
        check_access(outside, "short", None, None)
    assert check_access(outside, TOKEN, None, None).token == TOKEN
    with pytest.raises(ConfigError, match="belong together"):
        check_access(parse_address("tls:h:4"), TOKEN, None, None)
    (tmp_path / "bad.pem").write_text("nothing")
    with pytest.raises(ConfigError, match=r"bad\.pem: no certificate"):
        check_access(parse_address("tls:h:4"), TOKEN, tmp_path / "bad.pem", None)


def test_a_socket_is_its_owner_s_alone_and_goes_with_the_run(tmp_path: Path) -> None:
    """A dead run's socket is replaced, a living one's and other files are not."""
    path = tmp_path / "rows.sock"
    address = parse_address(f"unix:{path}")

    async def opened() -> None:
        async with open_door(address):
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            with pytest.raises(OutputError, match="another process does"):
                async with open_door(address):
                    pass

    left = socket.socket(socket.AF_UNIX)
    left.bind(os.fspath(path))
    left.close()
    loop.run(opened)
    assert not path.exists()
    path.touch()
    with pytest.raises(OutputError, match="something else is there"):
        loop.run(opened)
