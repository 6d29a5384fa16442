"""The simulated model's languages: words for every built-in tool, and sentences that are read as they were meant."""

from __future__ import annotations

from random import Random

import pytest

from tdscaling.agents.gates.refusals import refuses
from tdscaling.agents.said import says
from tdscaling.agents.sim.changes import OFF_TOPIC
from tdscaling.agents.sim.tongues.answers import AnswersIn
from tdscaling.agents.sim.tongues.tongue import spoken_in, tongue
from tdscaling.agents.sim.words import intent_of
from tdscaling.runtime.blueprint import Fact, Goal, Plan, Report
from tdscaling.runtime.presentation import LANGUAGES, Language
from tdscaling.sandbox.facts import leaves, params
from tdscaling.sandbox.services import BUILTIN, builtin

OTHERS = [language for language in LANGUAGES if language != "en"]
TOOLS = [tool for box in builtin(BUILTIN) for tool in box.tools()]
WISHES = [*(intent_of(tool.description) for tool in TOOLS), *OFF_TOPIC]
STYLES = ("terse", "plain", "polite", "chatty", "careless", "roundabout")
COMPOSED = (
    f"{WISHES[0]}, for each of these",
    f"{WISHES[0]}; if the order status is shipped, {WISHES[1]}; otherwise, just tell me the order status",
    "remind me which order number I gave you",
    "work out what 12 times 17 is",
    "work out how much 15 percent of 840 is",
)


@pytest.mark.parametrize("language", OTHERS)
def test_there_are_words_for_every_built_in_tool(language: Language) -> None:
    """For its wish, its parameters and what its replies hold, and no two of them are the same."""
    here = tongue(language)
    labels = {p.label for tool in TOOLS for p in params(tool.input_schema)}
    labels |= {leaf.label for tool in TOOLS for leaf in leaves(tool.output_schema)}
    assert [wish for wish in WISHES if here.wish(wish) is None] == []
    assert [label for label in labels if here.label(label) is None] == []
    assert len({here.label(label) for label in labels}) == len(labels)
    assert len({here.wish(wish) for wish in WISHES}) == len(set(WISHES))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("language", OTHERS)
def test_what_a_user_says_is_read_as_what_was_meant(language: Language, style: str) -> None:
    """Wishes of every kind, facts, lists, yes and no, and what is to be told."""
    here, dice = tongue(language), Random(style)
    for wish in (*WISHES, *COMPOSED):
        parts = [
            here.say_wish(here.wish(wish) or "", style, dice, here.lead("hello", style, dice)),
            here.say_fact(here.label("order number") or "", ["A-1", "B-2", "C d"], style, dice),
            here.say_fact(here.label("in stock only") or "", True, style, dice),
            here.say_hear([here.label("status") or "", here.label("total") or ""], style, dice),
        ]
        english = here.english(" ".join(parts))
        assert f"Please {wish}." in english
        assert 'Order number: A-1, B-2 and "C d". In stock only: yes. Tell me the status and the total.' in english
        assert spoken_in(" ".join(parts)) is here


@pytest.mark.parametrize(
    "text", ["Hello. Could you look up a customer by email address? Status: draft.", "", "Total: 3."]
)
def test_english_is_not_taken_for_another_language(text: str) -> None:
    """Though some labels are the same."""
    assert spoken_in(text) is None


@pytest.mark.parametrize("language", OTHERS)
def test_a_plan_is_put_into_a_language_or_left_alone(language: Language) -> None:
    """Whole or not at all: half a sentence in another language is none."""
    here = tongue(language)
    goal = Goal(WISHES[0], (Fact("email address", '"a@example.com"'),), reports=(Report(0, "name", "name"),))
    plan = here.plan(Plan((goal,), ()))
    assert plan is not None
    assert (plan.goals[0].intent, plan.goals[0].facts[0].label) == (here.wish(WISHES[0]), here.label("email address"))
    assert here.plan(Plan((goal, Goal("milk the cow")), ())) is None


@pytest.mark.parametrize("language", OTHERS)
def test_refusals_are_known_as_such(language: Language) -> None:
    """Those for want of a tool and those by a rule, in every form; what came out is none."""
    answers = AnswersIn(tongue(language))
    for n in range(8):
        assert refuses(answers.unable(WISHES[3], Random(n)))
        assert refuses(answers.forbidden(WISHES[3], Random(n)))
        assert not refuses(answers.result(["status"], '{"status": "open"}', Random(n)))
    here = tongue(language)
    assert says(here.say_value(value=True), value=True)
    assert says(here.say_value(value=False), value=False)
