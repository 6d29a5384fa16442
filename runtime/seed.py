"""Where randomness and names come from: seeds derived from what they are for, never from a shared generator."""

from __future__ import annotations

import hashlib
import random

SEED_BITS = 63
"""Derived seeds fit a signed 64-bit integer, which is what model servers and databases take."""


def derive(run_seed: int, *parts: int | str) -> int:
    """The seed for one purpose, between 0 and 2**63 - 1.

    `parts` say what it is for, outermost first: `derive(seed, index, role, step)`. Equal arguments give equal seeds on
    every machine and Python; `1` and `"1"`, or `("ab", "c")` and `("a", "bc")`, are different purposes.
    """
    digest = hashlib.blake2b(_encode(run_seed, *parts), digest_size=8, person=b"tdscaling.seed").digest()
    return int.from_bytes(digest, "big") >> (64 - SEED_BITS)


def rng(run_seed: int, *parts: int | str) -> random.Random:
    """A generator of its own for one purpose, seeded by `derive`."""
    return random.Random(derive(run_seed, *parts))


def row_id(run_digest: str, seed: int, index: int) -> str:
    """The id of the row at `index`: 16 hex digits, a function of the semantic configuration, the seed and the index."""
    return hashlib.blake2b(_encode(run_digest, seed, index), digest_size=8, person=b"tdscaling.row").hexdigest()


def relative_id(identity: str, name: str) -> str:
    """The id of a row that stands beside another one, under a name of its own there: 16 hex digits."""
    return hashlib.blake2b(_encode(identity, name), digest_size=8, person=b"tdscaling.kin").hexdigest()


def _encode(*parts: int | str) -> bytes:
    """Type, length, text of every part, so that no two different sequences encode alike."""
    texts = [(b"s" if isinstance(part, str) else b"i", str(part).encode()) for part in parts]
    return b"".join(b"%s%d:%s" % (kind, len(text), text) for kind, text in texts)
