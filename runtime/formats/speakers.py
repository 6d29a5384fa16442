"""Who speaks in ShareGPT's form, under all the names that data sets have for it, and which call a reply belongs to.

Both readers of such files go by this: `import`, which makes rows of them, and `verify` and `stats`, which take them as
they are.
"""

from __future__ import annotations

from typing import Generic, Literal, TypeAlias, TypeVar

Speaker: TypeAlias = Literal["system", "user", "assistant", "calls", "reply"]
SPEAKERS: dict[str, Speaker] = {
    "system": "system",
    "human": "user",
    "user": "user",
    "gpt": "assistant",
    "assistant": "assistant",
    "function_call": "calls",
    "tool_call": "calls",
    "observation": "reply",
    "tool": "reply",
    "tool_response": "reply",
    "function": "reply",
}
"""`{name in the file: who it is}`; Toucan's `function` is a reply, too."""

T = TypeVar("T")


class Waiting(Generic[T]):
    """Calls without a reply yet, for forms whose replies have no ids: they answer in the order of the calls."""

    def __init__(self) -> None:
        self._calls: list[T] = []

    def ask(self, *calls: T) -> None:
        """More calls."""
        self._calls += calls

    def forget(self) -> None:
        """What is still open will not be answered: somebody else spoke."""
        self._calls.clear()

    def answered(self) -> T | None:
        """The call that the next reply belongs to; None where none is open."""
        return self._calls.pop(0) if self._calls else None

    def settle(self, call: T) -> None:
        """A call was answered by its id."""
        if call in self._calls:
            self._calls.remove(call)

    def __bool__(self) -> bool:
        return bool(self._calls)
