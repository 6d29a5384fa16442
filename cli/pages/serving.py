"""The server of a run on show: one page and its data, on loopback, for the browser of whoever started it.

Any web site can make a browser ask this server for something. So the Host header must name the machine itself (a name
that was rebound to 127.0.0.1 does not), data is given to the page's own origin only, and nothing can be written.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final

import anyio
from aiohttp import web
from anyio import to_thread

from ...runtime.errors import UserError
from ..safe import one_line
from .live import Live
from .page import document
from .shelf import packed

HOST: Final = "127.0.0.1"
HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
PAUSE: Final = 0.5
"""Seconds between two looks at the journal once all of it was taken up."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Viewer:
    """Follows a run and answers a page's questions, one thing at a time: `Live` is for one thread at once."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._turn = anyio.Lock()
        self._trouble = ""
        before, after = document(live.title, served=True)
        self._page = before + after

    def app(self) -> web.Application:
        """The routes."""
        app = web.Application(middlewares=[guarded])
        app.router.add_get("/", self._index)
        app.router.add_get("/data/{name}", self._data)
        return app

    async def follow(self) -> None:
        """Take up what is committed, until cancelled. What cannot be read is told to whoever asks, and tried again."""
        while True:
            try:
                async with self._turn:
                    more = await to_thread.run_sync(self._live.advance)
                self._trouble = ""
            except UserError as error:
                self._trouble, more = one_line(str(error)), False
            await anyio.sleep(0 if more else PAUSE)

    async def _index(self, _: web.Request) -> web.Response:
        return web.Response(body=self._page, content_type="text/html", charset="utf-8")

    async def _data(self, request: web.Request) -> web.Response:
        if self._trouble:
            return web.Response(status=503, text=self._trouble)
        async with self._turn:
            try:
                body = await to_thread.run_sync(self._pack, request.match_info["name"])
            except UserError as error:
                return web.Response(status=503, text=one_line(str(error)))
        if body is None:
            return web.Response(status=404, text="there is no such piece")
        return web.Response(body=body, content_type="application/octet-stream")

    def _pack(self, name: str) -> bytes | None:
        data = self._live.piece(name)
        return None if data is None else packed(data)


@web.middleware
async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse what no page of ours asks for, and say to browsers how to treat the rest."""
    if not _ours(request):
        response: web.StreamResponse = web.Response(status=403, text="this page is for the machine that serves it")
    else:
        try:
            response = await handler(request)
        except web.HTTPException as error:
            response = web.Response(status=error.status, text=error.reason)
    response.headers.update(HEADERS)
    return response


def _ours(request: web.Request) -> bool:
    address = request.transport.get_extra_info("sockname") if request.transport else None
    if address is None or request.headers.get("Host") not in {f"{HOST}:{address[1]}", f"localhost:{address[1]}"}:
        return False
    # Browsers say who asks; following a link to the page is anybody's right, reading its data is not.
    return request.path == "/" or request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none")


@asynccontextmanager
async def serving(viewer: Viewer, port: int) -> AsyncGenerator[str]:
    """Serve while the block lasts; gives the page's address. Raises OSError when the port cannot be had."""
    runner = web.AppRunner(viewer.app(), access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port)
        await site.start()
        async with anyio.create_task_group() as group:
            group.start_soon(viewer.follow)
            yield f"http://{HOST}:{runner.addresses[0][1]}/"
            group.cancel_scope.cancel()
    finally:
        with anyio.CancelScope(shield=True):
            await runner.cleanup()
