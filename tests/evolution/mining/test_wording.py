"""What is said of tools that their catalogue says nothing of."""

from __future__ import annotations

from tdscaling.evolution.mining.reader import read_service
from tdscaling.evolution.mining.wording import described
from tdscaling.tests.evolution.mining.records import TEXT, function, http, many, obj

ORDER = obj("id", id=TEXT, note=TEXT)


TOOLS = {
    "List orders.": http("GET /orders", None, many(ORDER)),
    "Get order.": http("GET /orders/{id}", obj("id", id=TEXT), ORDER),
    "Create category.": http("POST /categories", ORDER, ORDER),
    "List categories.": http("GET /categories", None, many(ORDER)),
    "Show what was ordered.": http("GET /boxes", None, many(ORDER), description="Show what was ordered."),
}


def test_a_tool_without_a_description_is_named_by_verb_and_entity() -> None:
    """What the catalogue says goes before."""
    facts = read_service(list(TOOLS.values()))
    assert [described(fact, fact.record.name) for fact in facts] == list(TOOLS)


def test_a_function_without_a_description_is_named_by_its_own_words() -> None:
    """Where it neither reads nor changes an entry."""
    (facts,) = read_service([function("estimateShipping", obj("city", city=TEXT))])
    assert described(facts, "estimateShipping") == "Estimate shipping."
