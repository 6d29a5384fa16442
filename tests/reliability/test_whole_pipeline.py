"""The whole program on simulated time, agents, services and steering included: killed at an I/O, resumed, compared."""

from __future__ import annotations

import random
from functools import partial

import anyio
import anyio.lowlevel
import pytest

from tdscaling.cli.composition import Plan, check, compose
from tdscaling.runtime.config import RunConfig
from tdscaling.runtime.continued import ContinuedFile
from tdscaling.runtime.errors import InfrastructureFault
from tdscaling.runtime.journal import open_inline
from tdscaling.runtime.journal.index import Index
from tdscaling.runtime.model import Model, ModelReply, ModelRequest
from tdscaling.runtime.powerloss import FragileStorage, Moment
from tdscaling.runtime.simloop import simulate
from tdscaling.runtime.sinks import StorageSink
from tdscaling.tests.reliability.seeds import Struck

CONFIG = RunConfig(count=5, services=("orders",), lag=16, concurrency=4, mistakes=2.0)
ROWS = "rows.jsonl"


class Unreliable:
    """A model whose endpoint fails at times: which requests, and how often, is a function of the request."""

    simulated = True

    def __init__(self, model: Model, seed: int) -> None:
        self._model = model
        self._seed = seed
        self._failed: set[int] = set()

    async def complete(self, request: ModelRequest) -> ModelReply:
        """See Model."""
        dice = random.Random(f"{self._seed} {request.seed}")
        await anyio.sleep(dice.paretovariate(1.5) - 1)
        if dice.random() < 0.03 and request.seed not in self._failed:
            self._failed.add(request.seed)
            raise InfrastructureFault("endpoint_reset")
        return await self._model.complete(request)


class Strike:
    """Takes the power, or kills, at one moment of the run's I/O."""

    def __init__(self, storage: FragileStorage, at: int, dice: random.Random) -> None:
        self.left: FragileStorage | None = None
        self.moments = 0
        self._storage = storage
        self._at = at
        self._dice = dice

    def __call__(self, _moment: Moment, _name: str) -> None:
        """Another moment."""
        self.moments += 1
        if self.moments == self._at:
            self.left = self._storage.after_power_loss(self._dice)
            raise Struck


async def live(storage: FragileStorage, seed: int) -> None:
    """One session of the run, on whatever is in the storage."""
    rows = storage.open_append(ROWS)
    sink = ContinuedFile(StorageSink(rows), storage.open_read(ROWS), rows.truncate, ROWS)
    journal = open_inline(storage, pause=anyio.lowlevel.checkpoint, index=Index())
    plan = unreliable(seed)
    await compose(CONFIG, plan, plan.services, storage, [sink], journal=journal).run()


def unreliable(seed: int) -> Plan:
    """The plan of a session, its model behind an endpoint that fails."""
    plan = check(CONFIG)
    plan.models.model = Unreliable(plan.model, seed)
    return plan


@pytest.mark.parametrize("seed", range(5))
def test_the_whole_program_loses_no_row_to_a_loss_of_power(seed: int) -> None:
    """The same rows, rejected rows and order as the run that nobody disturbed, faults of the endpoint included."""
    calm = FragileStorage()
    calm.at = count = Strike(calm, 0, random.Random())
    simulate(partial(live, calm, seed), seed=seed)
    dice, storage, struck = random.Random(seed), FragileStorage(), 0
    for session in range(2):
        storage.at = strike = Strike(storage, dice.randint(1, count.moments), dice)
        try:
            simulate(partial(live, storage, seed), seed=100 * session + seed)
        except Exception:
            if strike.left is None:
                raise
            storage, struck = strike.left, struck + 1
    storage.at = Strike(storage, 0, dice)
    simulate(partial(live, storage, seed), seed=seed)
    assert struck > 0
    for name in (ROWS, "rejected.jsonl"):
        assert storage.files[name] == calm.files[name]
