"""Drawing presentations: by the seed and the index alone, in the shares that are said."""

from __future__ import annotations

from collections import Counter
from random import Random

from tdscaling.evolution.presenting import ENGLISH, LENGTHS, Look, Presenting, draw
from tdscaling.runtime.assignment import Assignment
from tdscaling.runtime.committer import Commit
from tdscaling.runtime.presentation import LANGUAGES, NAMINGS, Presentation

DRAWS = 4_000


class Plainly:
    """A controller that draws the same again and again, of two clusters."""

    def assign(self, index: int) -> Assignment:
        """One of the two."""
        return Assignment(index, "ab"[index % 2], "d", "s", "direct", 1, "somebody", "plain", index, "test")

    def fold(self, commit: Commit) -> None:
        """Nothing to learn."""


def test_equal_seeds_draw_equal_presentations_whatever_came_before() -> None:
    """An assignment is a function of its index."""
    one, other = (Presenting(Plainly(), Look(), seed=3, speaks=bool) for _ in range(2))
    drawn = [one.assign(index) for index in range(40)]
    assert [other.assign(index) for index in reversed(range(40))][::-1] == drawn
    assert len({assignment.presentation for assignment in drawn}) > 30


def test_shares_are_those_that_are_said() -> None:
    """Within four standard errors."""
    drawn = [draw(Look(), Random(n)) for n in range(DRAWS)]
    error = 4 * (0.25 / DRAWS) ** 0.5
    assert abs(sum(p.language == "en" for p in drawn) / DRAWS - ENGLISH) < error
    assert {p.language for p in drawn} == {*LANGUAGES}
    assert {p.naming for p in drawn} == {*NAMINGS} - {"dotted"}
    for least, most, share in LENGTHS:
        assert abs(sum(least <= p.tools <= most for p in drawn) / DRAWS - share) < error
    assert max(p.tools for p in drawn) <= 128


def test_only_what_is_wanted_is_drawn() -> None:
    """One language that is not English, one naming."""
    drawn = Counter((p.language, p.naming) for p in (draw(Look(("de",), ("dotted",)), Random(n)) for n in range(200)))
    assert drawn == {("de", "dotted"): 200}


def test_clusters_without_words_stay_english_and_plain_ones_plain() -> None:
    """Whatever was drawn."""
    presenting = Presenting(Plainly(), Look(("fr",)), seed=1, speaks=lambda cluster: cluster == "a", plain=())
    assert {presenting.assign(n).presentation.language for n in range(0, 40, 2)} == {"fr"}
    assert {presenting.assign(n).presentation.language for n in range(1, 40, 2)} == {"en"}
    alone = Presenting(Plainly(), Look(), seed=1, speaks=bool, plain=("b",))
    assert {alone.assign(n).presentation for n in range(1, 40, 2)} == {Presentation()}
