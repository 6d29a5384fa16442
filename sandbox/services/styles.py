"""Reply styles: the same service with replies as other systems write them - wordy, in small pages, or cut off."""

from __future__ import annotations

import msgspec

from ...runtime.presentation import REPLIES, Replies
from ..tools import JsonObject, JsonValue, Snapshot, Toolbox, ToolReply, ToolSpec, World
from .base import Service

Style = Replies
STYLES = REPLIES

SMALL_PAGE = 2
"""Lines on a page in the paged style, when the caller does not say."""
MOST_ENTRIES = 3
"""Entries of a list that the truncated style keeps."""
LONGEST_TEXT = 60
"""Characters of a text that the truncated style keeps."""


def styled(toolbox: Toolbox, style: Style) -> Toolbox:
    """The toolbox with its replies in a style; state and refusals are the same.

    Every style keeps replies within their schemas. `verbose` indents them and adds what systems say about themselves;
    `paged` shows two lines of every list tool that takes a `limit`, unless one is given; `truncated` cuts long lists
    and texts and says so beside them. `clean` is the toolbox itself.
    """
    return toolbox if style == "clean" else StyledToolbox(toolbox, style)


def as_recorded(toolbox: Toolbox, version: str) -> Toolbox:
    """A built-in service in the style that a recorded version names (`3+paged`); any other toolbox as it is."""
    style = version.rpartition("+")[2]
    return styled(toolbox, style) if isinstance(toolbox, Service) and style in STYLES else toolbox


class StyledToolbox:
    """A toolbox whose worlds answer in a style."""

    def __init__(self, inner: Toolbox, style: Style) -> None:
        self._inner = inner
        self._style: Style = style
        self._paging = frozenset(tool.name for tool in inner.tools() if _takes_pages(tool))

    @property
    def name(self) -> str:
        """The inner toolbox's name: its tools and tables are the same."""
        return self._inner.name

    @property
    def version(self) -> str:
        """The inner version with the style, because the same call gets another reply."""
        return f"{self._inner.version}+{self._style}"

    @property
    def domain(self) -> str:
        """As inside."""
        return self._inner.domain

    @property
    def sector(self) -> str:
        """As inside."""
        return self._inner.sector

    @property
    def provenance(self) -> str:
        """As inside."""
        return self._inner.provenance

    @property
    def seeded(self) -> bool:
        """As inside."""
        return self._inner.seeded

    @property
    def volatile(self) -> tuple[str, ...]:
        """As inside: what a style adds is the same in every run."""
        return self._inner.volatile

    def tools(self) -> tuple[ToolSpec, ...]:
        """As inside."""
        return self._inner.tools()

    async def open(self, seed: int) -> StyledWorld:
        """A fresh world that answers in the style. Raises what the inner toolbox raises."""
        return StyledWorld(await self._inner.open(seed), self.name, self._style, self._paging)


class StyledWorld:
    """A world whose good replies are rewritten."""

    def __init__(self, inner: World, service: str, style: Style, paging: frozenset[str]) -> None:
        """`paging` names the tools that take a limit and a cursor."""
        self._inner = inner
        self._service = service
        self._style: Style = style
        self._paging = paging

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool and dress its reply. Raises what the inner world raises."""
        if self._style == "paged" and name in self._paging:
            arguments = {"limit": SMALL_PAGE, **arguments}
        reply = await self._inner.call(name, arguments)
        if reply.is_error or self._style == "paged":
            return reply
        try:
            record = msgspec.json.decode(reply.content)
        except msgspec.DecodeError:
            # A text, as external servers write them: there is nothing to dress.
            return reply
        if not isinstance(record, dict):
            return reply
        dressed = self._wordy(name, record) if self._style == "verbose" else _cut(record)
        content = msgspec.json.encode(dressed)
        return ToolReply((msgspec.json.format(content, indent=2) if self._style == "verbose" else content).decode())

    async def snapshot(self) -> dict[str, Snapshot]:
        """As inside."""
        return await self._inner.snapshot()

    async def aclose(self) -> None:
        """As inside."""
        await self._inner.aclose()

    def _wordy(self, name: str, record: JsonObject) -> JsonObject:
        counts = {f"{key}_shown": len(value) for key, value in record.items() if isinstance(value, list)}
        return {**record, "_meta": {"service": self._service, "operation": name, "outcome": "ok", **counts}}


def _takes_pages(tool: ToolSpec) -> bool:
    return all(name in tool.input_schema.get("properties", {}) for name in ("limit", "cursor"))


def _cut(record: JsonObject) -> JsonObject:
    """A record with long lists and texts cut; `<key>_omitted` tells how many entries or characters are missing."""
    out: JsonObject = {}
    for key, value in record.items():
        out[key] = _shorter(value)
        over = _excess(value)
        if over:
            out[f"{key}_omitted"] = over
    return out


def _shorter(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return _cut(value)
    if isinstance(value, list):
        # The cells of a row belong together, so that a list within a list stays whole.
        return [entry if isinstance(entry, list) else _shorter(entry) for entry in value[:MOST_ENTRIES]]
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        return value[: LONGEST_TEXT - 1] + "…"
    return value


def _excess(value: JsonValue) -> int:
    if isinstance(value, list):
        return max(0, len(value) - MOST_ENTRIES)
    return len(value) - LONGEST_TEXT + 1 if isinstance(value, str) and len(value) > LONGEST_TEXT else 0
