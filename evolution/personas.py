"""Who the users are and how they write: what an assignment draws a persona and a style from."""

from __future__ import annotations

STYLES = ("terse", "plain", "polite", "chatty")
"""How the user writes."""

PERSONAS = (
    "an office manager who handles other people's requests between two meetings",
    "a customer who is new here and would rather not explain things twice",
    "a small shop owner who does the paperwork after closing time",
    "a nurse on a late shift who has ten minutes for this",
    "a student who shares one account with three flatmates",
    "a retired engineer who likes exact answers",
    "a team lead preparing Monday's stand-up",
    "a freelance photographer catching up on chores",
    "a support agent covering for a colleague on leave",
    "a parent organising the week from a phone",
    "an accountant closing the quarter",
    "a warehouse supervisor checking on a delivery",
    "a project coordinator who inherited a messy hand-over",
    "a researcher who travels a lot and loses track of bookings",
    "a café owner who orders supplies every week",
    "a junior developer in the first month on the job",
    "a sales representative on the way to a client",
    "a teacher planning a school trip",
    "an assistant to a director whose plans change by the hour",
    "a volunteer who runs a neighbourhood club",
    "a technician who writes short messages from the field",
    "a librarian who double-checks everything",
    "a landlord with two flats and little patience",
    "an operations analyst who wants the figures to match",
)
"""One sentence each; they colour how the user speaks and change nothing about the task."""
