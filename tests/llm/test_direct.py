"""Our own carrier: connections that are kept, shared one after the other, and dropped in the right moment."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from tdscaling.runtime import loop
from tdscaling.runtime.llm.direct import Direct
from tdscaling.runtime.llm.secret import Key
from tdscaling.runtime.llm.spec import ModelSpec
from tdscaling.runtime.llm.trouble import Trouble
from tdscaling.tests.llm.conftest import Runner
from tdscaling.tests.llm.server import Endpoint, says, serve

SECONDS = 20.0


def spec_of(endpoint: Endpoint, **more: object) -> ModelSpec:
    """A model there."""
    return ModelSpec(name="m", base_urls=(endpoint.url,), **more)  # type: ignore[arg-type]  # only known fields


def test_requests_share_connections_one_after_the_other(run: Runner[None]) -> None:
    """Five lanes never need more than five, however often they ask; every request has its own answer."""

    async def main() -> None:
        async with serve(says("hi")) as endpoint, Direct(spec_of(endpoint)) as direct:

            async def lane() -> None:
                for _ in range(20):
                    answer = await direct.post(f"{endpoint.url}/chat/completions", b"{}", SECONDS)
                    assert (answer.status, b'"hi"' in answer.body) == (200, True)

            with anyio.fail_after(60):
                async with anyio.create_task_group() as group:
                    for _ in range(5):
                        group.start_soon(lane)
            assert len(endpoint.bodies) == 100
            assert len(endpoint.peers) <= 5

    run(main)


def test_a_cancelled_request_takes_its_connection_with_it_and_no_other(run: Runner[None]) -> None:
    """Half of the lanes are cancelled at any moment; the others get all their answers."""

    async def main() -> None:
        async with serve(says("hi")) as endpoint, Direct(spec_of(endpoint)) as direct:
            url = f"{endpoint.url}/chat/completions"
            answered = 0

            async def steady() -> None:
                nonlocal answered
                for _ in range(40):
                    answer = await direct.post(url, b"{}", SECONDS)
                    answered += answer.status == 200

            async def hasty(seconds: float) -> None:
                for _ in range(40):
                    with anyio.move_on_after(seconds):
                        await direct.post(url, b"{}", SECONDS)

            with anyio.fail_after(60):
                async with anyio.create_task_group() as group:
                    for number in range(4):
                        group.start_soon(steady)
                        group.start_soon(hasty, 0.0005 * (number + 1))
            assert answered == 160

    run(main)


def test_silence_and_a_missing_server_are_trouble(run: Runner[None]) -> None:
    """Each with its name."""

    async def main() -> None:
        met: list[asyncio.BaseTransport] = []

        class Mute(asyncio.Protocol):
            """Hears, and never says anything."""

            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                met.append(transport)

        server = await asyncio.get_running_loop().create_server(Mute, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with Direct(ModelSpec(name="m", base_urls=(url,), total_seconds=0.2)) as direct:
            with pytest.raises(Trouble) as silent:
                await direct.post(url, b"{}", 0.05)
            with pytest.raises(Trouble) as late:
                await direct.post(url, b"{}", SECONDS)
            server.close()
            for transport in met:
                transport.close()
            with pytest.raises(Trouble) as missing:
                await direct.post("http://127.0.0.1:9", b"{}", SECONDS)
        assert (silent.value.reason, late.value.reason, missing.value.reason) == ("timeout", "timeout", "unreachable")

    run(main)


def test_a_header_with_a_line_break_is_not_sent() -> None:
    """It would be another header."""

    async def main() -> None:
        async with Direct(ModelSpec(name="m", base_urls=("http://x",), key=Key("a\r\nX-Evil: b"))) as direct:
            with pytest.raises(Trouble) as wrong:
                await direct.post("http://x/v1", b"{}", 1.0)
        assert (wrong.value.reason, wrong.value.remedy) == ("header", "settings")

    loop.run(main)
