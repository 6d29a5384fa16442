"""Presentations: a controller that adds to an assignment how its task is presented."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random

import msgspec

from ..runtime.assignment import Assignment
from ..runtime.committer import Commit, Controller
from ..runtime.presentation import LANGUAGES, NAMINGS, Language, Naming, Presentation, Replies, SystemPrompt
from ..runtime.seed import rng

LENGTHS: tuple[tuple[int, int, float], ...] = ((0, 0, 0.25), (3, 8, 0.2), (9, 24, 0.3), (25, 64, 0.17), (65, 128, 0.08))
"""Lengths of the tool list from … to …, and the share of the assignments with such a list; 0 for the services' own."""
NEAR = (0.0, 0.5, 1.0)
"""Shares of distractors that are like the row's own tools."""
SHUFFLED = 0.6
SYSTEMS: dict[SystemPrompt, float] = {"usual": 0.4, "none": 0.15, "short": 0.15, "rules": 0.15, "dated": 0.15}
ANSWERS: dict[Replies, float] = {"clean": 0.7, "verbose": 0.14, "paged": 0.08, "truncated": 0.08}
ENGLISH = 0.6
"""Share of the assignments in English where several languages are wanted; the others are equally frequent."""
STYLES = ("careless", "roundabout")
"""Ways of writing beside the plain ones: typing errors, and facts before the wish."""
STYLED = 0.25
"""Share of the assignments with one of them."""


class Look(msgspec.Struct, frozen=True):
    """What may be drawn."""

    languages: tuple[Language, ...] = LANGUAGES
    namings: tuple[Naming, ...] = tuple(naming for naming in NAMINGS if naming != "dotted")
    """Without dots: OpenAI's own service refuses them in names."""


class Presenting:
    """Leaves everything else to the controller behind it."""

    def __init__(
        self, inner: Controller, look: Look, *, seed: int, speaks: Callable[[str], bool], plain: Collection[str] = ()
    ) -> None:
        """`speaks`: whether a cluster, by id, can be spoken of in other languages than English. `plain`: ids of
        clusters that are always presented plainly."""
        self._plain = frozenset(plain)
        self._inner = inner
        self._look = look
        self._seed = seed
        self._speaks = speaks

    def assign(self, index: int) -> Assignment:
        """The inner controller's assignment with a presentation. Call in index order."""
        drawn = self._inner.assign(index)
        if drawn.cluster in self._plain:
            return drawn
        dice = rng(self._seed, "presentation", index)
        presentation = draw(self._look, dice)
        style = dice.choice(STYLES) if dice.random() < STYLED else drawn.style
        if presentation.language != "en" and not self._speaks(drawn.cluster):
            presentation = msgspec.structs.replace(presentation, language="en")
        return msgspec.structs.replace(drawn, presentation=presentation, style=style)

    def fold(self, commit: Commit) -> None:
        """The inner controller learns; presentations do not depend on commits."""
        self._inner.fold(commit)


def draw(look: Look, dice: Random) -> Presentation:
    """A presentation. The dice are thrown alike whatever may be drawn, so that one choice does not move another."""
    least, most, _ = dice.choices(LENGTHS, [share for *_, share in LENGTHS])[0]
    others: list[Language] = [language for language in look.languages if language != "en"]
    foreign = bool(others) and (dice.random() >= ENGLISH or "en" not in look.languages)
    chosen = dice.random()
    english: Language = "en"
    return Presentation(
        tools=dice.randint(least, most),
        near=dice.choice(NEAR),
        order="shuffled" if dice.random() < SHUFFLED else "own",
        naming=dice.choice(look.namings),
        system=dice.choices(list(SYSTEMS), list(SYSTEMS.values()))[0],
        replies=dice.choices(list(ANSWERS), list(ANSWERS.values()))[0],
        language=others[int(chosen * len(others))] if foreign else english,
    )
