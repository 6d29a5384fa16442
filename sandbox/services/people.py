"""The people of a world: the same customers and colleagues, whichever service one meets them in."""

from __future__ import annotations

from functools import lru_cache
from random import Random
from typing import Literal, TypeAlias

import msgspec

from .families import CROCKFORD, WORLDS, IdFormat, address, company, mail, person, phones, plain

CUSTOMERS = 8
COLLEAGUES = 8
SUPPORTERS = 5
"""How many of the colleagues work in support."""

CUSTOMER_IDS = IdFormat("CUS-", 4, CROCKFORD)
COLLEAGUE_IDS = IdFormat("emp-", 4)

Department: TypeAlias = Literal["support", "engineering", "finance", "marketing", "operations"]
_OTHERS: tuple[Department, ...] = ("engineering", "finance", "marketing", "operations")


class CustomerPerson(msgspec.Struct, frozen=True):
    """Someone who buys and complains."""

    customer_id: str
    name: str
    email: str
    phone_number: str
    company: str | None
    """None for a private person."""
    street: str
    city: str
    postcode: str


class ColleaguePerson(msgspec.Struct, frozen=True):
    """Someone who works here."""

    colleague_id: str
    name: str
    email: str
    department: Department


class People(msgspec.Struct, frozen=True):
    """Everyone in one world. Family names, mail addresses and phone numbers are all different."""

    customers: tuple[CustomerPerson, ...]
    colleagues: tuple[ColleaguePerson, ...]
    """The first `SUPPORTERS` are in support."""


def people(world_seed: int) -> People:
    """The people of a world; equal for seeds that are equal modulo `WORLDS`."""
    return _people(world_seed % WORLDS)


@lru_cache(maxsize=WORLDS)
def _people(world: int) -> People:
    rng = Random(f"people/{world}")
    taken: set[str] = set()
    numbers = phones(rng, CUSTOMERS)
    buyer_ids = CUSTOMER_IDS.scattered(rng, CUSTOMERS)
    customers = tuple(_customer(rng, key, number, taken) for key, number in zip(buyer_ids, numbers, strict=True))
    staff_ids = COLLEAGUE_IDS.scattered(rng, COLLEAGUES)
    colleagues = tuple(_colleague(rng, key, rank, taken) for rank, key in enumerate(staff_ids))
    return People(customers, colleagues)


def _customer(rng: Random, customer_id: str, phone_number: str, taken: set[str]) -> CustomerPerson:
    given, family = person(rng, taken)
    employer = company(rng) if rng.random() < 0.4 else None
    return CustomerPerson(
        customer_id, f"{given} {family}", mail(rng, given, family), phone_number, employer, *address(rng)
    )


def _colleague(rng: Random, colleague_id: str, rank: int, taken: set[str]) -> ColleaguePerson:
    given, family = person(rng, taken)
    department: Department = "support" if rank < SUPPORTERS else rng.choice(_OTHERS)
    return ColleaguePerson(colleague_id, f"{given} {family}", f"{plain(given)}.{plain(family)}@example.com", department)
