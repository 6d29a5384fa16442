"""What the panel measures on small conversations: flow, labels, signatures, complexity; idling does not pay."""

from __future__ import annotations

import json

import msgspec
import pytest

from tdscaling.evolution.conversation import Builder, Conversation
from tdscaling.evolution.event import Event, Place, event_of
from tdscaling.evolution.flow import flow_of
from tdscaling.evolution.labels import RME12, closed, primary, structural_flags
from tdscaling.evolution.panel import panel
from tdscaling.evolution.signature import raw_signature, relevant_signature, role_of
from tdscaling.runtime.assignment import MODES

ORDER = {"order_id": "ORD-1734", "customer_id": "C-881", "status": "open"}
CUSTOMER = {"customer_id": "C-881", "email": "ada@example.org"}


def dialogue(
    *, idle: bool = False, question: str = "Please cancel order ORD-1734 and mail the customer."
) -> Conversation:
    """Three calls in a chain, with an idle read of something else in between when asked for."""
    talk = Builder(offered=5)
    talk.user(question)
    talk.assistant("", [("1", "get_order", {"order_id": "ORD-1734"})])
    talk.tool("1", json.dumps(ORDER))
    if idle:
        talk.assistant("", [("x", "list_warehouses", {})])
        talk.tool("x", json.dumps({"warehouses": [{"warehouse_id": "W-100", "city": "Lyon"}]}))
    talk.assistant("", [("2", "get_customer", {"customer_id": "C-881"})])
    talk.tool("2", json.dumps(CUSTOMER))
    talk.assistant("", [("3", "send_email", {"to": "ada@example.org", "text": "cancelled"})])
    talk.tool("3", json.dumps({"message_id": "M-1001"}))
    talk.assistant("Done, ada@example.org has been told.", [])
    return talk.build()


def test_depth_counts_values_that_replies_brought_up() -> None:
    """The order's reply names the customer, the customer's the address."""
    flow = flow_of(dialogue())
    assert flow.parents == ((), (0,), (1,))
    assert flow.depth == 3


def test_what_the_user_told_is_no_dependency() -> None:
    """The same calls, but the user already knew everything."""
    flow = flow_of(dialogue(question="Mail ada@example.org that ORD-1734 of C-881 is cancelled."))
    assert flow.depth == 1


def test_an_idle_read_changes_the_raw_signature_only() -> None:
    """The outcome does not hang on it."""
    plain, idle = dialogue(), dialogue(idle=True)
    assert relevant_signature(plain, flow_of(plain)) == relevant_signature(idle, flow_of(idle))
    assert raw_signature(plain, flow_of(plain)) != raw_signature(idle, flow_of(idle))


def test_a_chain_is_labelled_a_chain() -> None:
    """By structure alone."""
    talk = dialogue()
    flags = structural_flags(talk, flow_of(talk))
    assert "chain" in flags
    assert primary(flags) == "chain"


def test_a_failure_and_a_changed_call_is_a_recovery() -> None:
    """It comes before everything else."""
    talk = Builder(offered=2)
    talk.user("Where is order 17?")
    talk.assistant("", [("1", "get_order", {"order_id": "17"})])
    talk.tool("1", '{"error": {"code": "not_found"}}')
    talk.assistant("", [("2", "get_order", {"order_id": "ORD-17"})])
    talk.tool("2", '{"status": "open"}')
    done = talk.build()
    assert primary(structural_flags(done, flow_of(done))) == "recover"


def test_tools_without_a_call_are_a_refusal() -> None:
    """And without tools it is plain talk."""
    for offered, expected in ((3, "refuse"), (0, "direct")):
        talk = Builder(offered)
        talk.user("Tell me a joke.")
        talk.assistant("No.", [])
        done = talk.build()
        assert primary(structural_flags(done, flow_of(done))) == expected


def test_every_mode_of_ours_has_a_place_among_the_twelve() -> None:
    """The three refusals share one."""
    assert len(RME12) == 12
    assert {closed(mode) for mode in MODES} == set(RME12) - {"code"}


@pytest.mark.parametrize(
    ("tool", "role"),
    [("searchOrders", "search"), ("get_order", "get"), ("cancel-order", "delete"), ("frobnicate", "other")],
)
def test_roles_are_read_off_names(tool: str, role: str) -> None:
    """The first word that says something."""
    assert role_of(tool) == role


def events(n: int, *, domains: int) -> list[Event]:
    """Events spread evenly over domains."""
    base = event_of(dialogue(), Place("s", "d", "c"))
    return [msgspec.structs.replace(base, domain=f"d{i % domains}", cluster=f"c{i}") for i in range(n)]


def test_the_panel_of_an_even_set_is_at_its_maximum() -> None:
    """Eight domains, eight times each: three bits."""
    seen = panel("x", events(64, domains=8))
    assert seen.domain_entropy_bits == pytest.approx(3.0)
    assert seen.domain_max_bits == pytest.approx(3.0)
    assert seen.rme12_bits == 0.0
    assert seen.modes["chain"] == 64
    assert seen.signatures == 1


def test_rarefied_panels_of_unequal_sets_agree() -> None:
    """Twice as much of the same is not more diverse."""
    small = panel("small", events(320, domains=8), size=40)
    large = panel("large", events(640, domains=8), size=40)
    assert small.domain_entropy_bits == pytest.approx(large.domain_entropy_bits, abs=0.05)
    assert large.n == 640
    assert large.size == 40


def test_nothing_has_no_panel() -> None:
    """Zero events are an error of the caller."""
    with pytest.raises(ValueError, match="no events"):
        panel("x", [])
