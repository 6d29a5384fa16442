"""How a task is presented: what an assignment asks for, and the face that the finished row shows."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

import msgspec

Naming: TypeAlias = Literal["own", "camel", "pascal", "kebab", "namespaced", "dotted"]
"""How tools are called: `cancel_order`, `cancelOrder`, `CancelOrder`, `cancel-order`, `orders__cancel_order`,
`orders.cancel_order`."""
NAMINGS: tuple[Naming, ...] = get_args(Naming)

ToolOrder: TypeAlias = Literal["own", "shuffled"]
"""The services' own order, or a seeded one in which nothing stands together."""

SystemPrompt: TypeAlias = Literal["usual", "none", "short", "rules", "dated"]
"""`usual`: whom the assistant works for, and how. `none`: no system message, but for lines that the task needs.
`short`: one sentence. `rules`: the usual one with the house rules of the services. `dated`: with today's date."""
SYSTEM_PROMPTS: tuple[SystemPrompt, ...] = get_args(SystemPrompt)

Replies: TypeAlias = Literal["clean", "verbose", "paged", "truncated"]
"""How tools answer; sandbox/services/styles.py says what each one is."""
REPLIES: tuple[Replies, ...] = get_args(Replies)

Language: TypeAlias = Literal["en", "de", "fr", "es", "it", "pt", "nl"]
"""What the user writes in, ISO 639-1."""
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: dict[Language, str] = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "pt": "Portuguese",
    "nl": "Dutch",
}
"""The languages by their English names, as prompts have them."""


class Presentation(msgspec.Struct, frozen=True):
    """What an assignment asks for. What became of it stands in the row's face."""

    tools: int = 0
    """Length of the tool list, 3 to 128; 0 for all tools of the row's own services and no others."""
    near: float = 0.5
    """Share of the distractors that are chosen for their likeness to the own tools; the others come from anywhere."""
    order: ToolOrder = "own"
    naming: Naming = "own"
    system: SystemPrompt = "usual"
    replies: Replies = "clean"
    language: Language = "en"


class Shown(msgspec.Struct, frozen=True):
    """One tool whose name in the row is not enough to find it."""

    name: str
    """As it stands in the row."""
    own: str
    """As its service calls it."""
    service: str = ""
    """For a distractor: its service, `name@version`; empty for a tool of the row's own world."""

    @property
    def key(self) -> str:
        """What gates and worlds know the tool by: its own name, with the service before a distractor's."""
        return f"{self.service.rpartition('@')[0]}:{self.own}" if self.service else self.own


class Face(msgspec.Struct, frozen=True):
    """How a row is presented: enough to find the tools behind its names, and to count by."""

    tools: int = 0
    """Length of the tool list."""
    distractors: int = 0
    """How many of them belong to services that have nothing to do with the task."""
    order: ToolOrder = "own"
    naming: Naming = "own"
    system: SystemPrompt = "usual"
    replies: Replies = "clean"
    language: Language = "en"
    names: tuple[Shown, ...] = ()
    """Every tool of the list that is a distractor or is not called by its own name."""
    trimmed: bool = False
    """True where the list lacks tools of the row's own services."""

    def owns(self) -> dict[str, str]:
        """`{name in the row: key}` for the tools in `names`."""
        return {shown.name: shown.key for shown in self.names}
