"""Where the simulated assistant looks for an identifier that nobody told: which look-ups come first."""

from __future__ import annotations

from collections.abc import Sequence

from ...sandbox.facts import Param, snake
from .reading import Done, found, told
from .speech import Wish, unquote
from .words import KnownTool, ToolIndex, stems

LOOKUP = frozenset("describe directory find get list look lookup query read search show track".split())
"""Words of which a look-up's name holds one."""


class Search:
    """Over the tools of one request and what was done in the open thread."""

    def __init__(self, index: ToolIndex, done: Sequence[Done]) -> None:
        self._index = index
        self._done = done

    def told_more(self, tool: KnownTool, wish: Wish) -> bool:
        """True while the user told something that the tool does not take, no call took and no reply showed."""
        known = {str(value) for call in self._done for value in call.arguments.values()}
        known |= {str(value) for value in told(tool.params, wish).values()}
        shown = "\n".join(call.reply for call in self._done)
        return any(text not in known and text not in shown for text in map(unquote, wish.facts.values()))

    def shown_elsewhere(self, wish: Wish) -> bool:
        """True when replies show something that the user told and that no call took."""
        known = {str(value) for call in self._done for value in call.arguments.values()}
        shown = "\n".join(call.reply for call in self._done if not call.failed)
        return any(text not in known and text in shown for text in map(unquote, wish.facts.values()))

    def lookups(self, entity: frozenset[str], param: Param, wish: Wish, *, more: bool) -> list[KnownTool]:
        """Look-ups that do not need the identifier themselves, the likeliest first.

        Those that speak of the entity come before those that take something the user told, then those that open an
        entry that stood out, then, while there is `more` that nothing showed yet, those that take nothing.
        """
        ranked: list[tuple[int, int, KnownTool]] = []
        for tool in self._index.tools.values():
            looks = not LOOKUP.isdisjoint(snake(tool.name).split("_"))
            if looks and all(p.name != param.name for p in tool.required):
                about = len(entity & tool.first) + len(entity & stems(snake(tool.name)))
                given = told(tool.params, wish)
                known = sum(p.name in given for p in tool.required)
                if about or known or self._opens(tool, wish) or (more and not tool.required):
                    ranked.append((-about, -known, tool))
        return [tool for _, _, tool in sorted(ranked, key=lambda entry: entry[:2])]

    def _opens(self, tool: KnownTool, wish: Wish) -> bool:
        """True for a look-up of an entry that stood beside what the user told, or was the only one."""
        for param in tool.required:
            entries = found(param, wish.facts, self._done)
            if not entries or not (entries[0].hits or len({entry.value for entry in entries}) == 1):
                return False
        return bool(tool.required)
