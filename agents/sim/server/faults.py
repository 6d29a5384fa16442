"""The faults of the served model: their names, the `--faults` specification, and which request meets which fault."""

from __future__ import annotations

import difflib
import math
from bisect import bisect_right
from itertools import accumulate

import msgspec

from ....runtime.errors import ConfigError
from ....runtime.seed import rng
from . import misbehave
from .misbehave import Misbehaviour

KINDS: dict[str, Misbehaviour] = {
    function.__name__: function
    for function in (
        misbehave.rate_limit,
        misbehave.rate_limit_date,
        misbehave.timeout_408,
        misbehave.error_500,
        misbehave.bad_gateway_502,
        misbehave.unavailable_503,
        misbehave.overloaded_529,
        misbehave.reset_before_header,
        misbehave.reset_mid_header,
        misbehave.reset_mid_body,
        misbehave.stall,
        misbehave.slow_drip,
        misbehave.truncated_json,
        misbehave.malformed_sse,
        misbehave.missing_finish,
        misbehave.html,
        misbehave.choices_null,
        misbehave.error_200,
        misbehave.duplicate_chunk,
        misbehave.gzip_bomb,
        misbehave.leaked_markup,
        misbehave.object_arguments,
        misbehave.null_content,
        misbehave.missing_usage,
        misbehave.wrong_content_type,
    )
}
"""{name: how it is done}"""
ALIASES = {
    "429": "rate_limit",
    "408": "timeout_408",
    "500": "error_500",
    "502": "bad_gateway_502",
    "503": "unavailable_503",
    "529": "overloaded_529",
    "reset_mid": "reset_mid_body",
}
EVERY = "all"
"""Stands for each kind that is not named itself."""


class Faults(msgspec.Struct, frozen=True):
    """Which faults are sent, and how often."""

    rates: dict[str, float]
    """{kind: share of the requests}; together at most 1."""

    def pick(self, seed: int, number: int) -> str | None:
        """The fault of the `number`-th request, a function of the arguments alone; None when it is answered well."""
        if not self.rates:
            return None
        kinds = list(self.rates)
        place = bisect_right(list(accumulate(self.rates.values())), rng(seed, "fault", number).random())
        return kinds[place] if place < len(kinds) else None


NO_FAULTS = Faults({})


def parse_faults(text: str) -> Faults:
    """`all=0.02`, or `429=0.05,reset_mid=0.02`: a rate for each kind; a kind named beside `all` keeps its own rate.

    Raises:
        ConfigError: an unknown kind, a rate that is none, or rates that add up to more than 1.
    """
    given: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, number = entry.partition("=")
        name = ALIASES.get(name.strip(), name.strip())
        if name != EVERY and name not in KINDS:
            raise ConfigError(f"--faults: unknown kind {name!r}{_hint(name)}")
        if name in given:
            raise ConfigError(f"--faults: {name} has two rates")
        given[name] = _rate(name, number)
    every = given.pop(EVERY, 0.0)
    rates = {kind: rate for kind in KINDS if (rate := given.get(kind, every))}
    if math.fsum(rates.values()) > 1:
        raise ConfigError(f"--faults: the rates of {len(rates)} kinds add up to {math.fsum(rates.values()):g}, above 1")
    return Faults(rates)


def _rate(name: str, number: str) -> float:
    try:
        rate = float(number)
    except ValueError:
        rate = math.nan
    if not 0 <= rate <= 1:
        raise ConfigError(f"--faults: {name} needs a rate between 0 and 1, as in {name}=0.02, not {number!r}")
    return rate


def _hint(name: str) -> str:
    near = difflib.get_close_matches(name, [*KINDS, *ALIASES, EVERY], n=1)
    return f", did you mean {near[0]!r}?" if near else f"; known are all, {', '.join(KINDS)}"
