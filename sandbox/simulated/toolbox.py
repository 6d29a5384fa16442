"""A toolbox whose tools a model plays on explicit JSON tables, and the world of one episode in it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

import jsonschema_rs
import msgspec

from ...runtime.errors import ConfigError, EnvironmentFault, InfrastructureFault
from ...runtime.model import Model, ModelRequest
from ...runtime.seed import derive
from ..entities import EntityToolbox
from ..entities.arguments import check_arguments
from ..entities.schemas import Unsatisfiable, compiled
from ..services.errors import ToolError, error_reply, unknown_tool
from ..services.families import WORLDS
from ..tools import JsonObject, Snapshot, ToolReply, ToolSpec
from .checks import Refused, accepted
from .proposal import PROMPT, PROMPT_VERSION, Proposal, question, repair, response_format
from .tape import Tape, call_key

Tables: TypeAlias = Callable[[int], Snapshot]
"""The initial tables of a world seed."""
REPAIRS = 1
"""How often a proposal that breaks a rule may be mended."""


class SimulatedToolbox:
    """Plays any tool. Replies are a model's inventions within checked rules: rows say so in their provenance."""

    volatile: tuple[str, ...] = ()
    seeded = True
    replayable = False
    """A sampling model need not give the same answer twice: re-execution is answered from the tape. It proves that the
    recorded replies and changes follow from each other, not that the model would say them again."""

    def __init__(
        self,
        name: str,
        specs: Sequence[ToolSpec],
        model: Model | None,
        *,
        model_name: str = "",
        tables: Tables | None = None,
        tape: Tape | None = None,
        temperature: float = 0.0,
        source: str = "",
        domain: str = "",
        sector: str = "",
    ) -> None:
        """`tables` gives the initial state; without it, the entries that the entity store makes for the same tools.
        Without a model only what is on the tape can be answered.

        Raises:
            ConfigError: a tool's schema cannot be used.
        """
        self.name = name
        self.domain = domain or name
        self.sector = sector or "simulated tools"
        self.provenance = f"simulated by model {model_name or 'on tape'} over {source or name}"
        self.tape = tape or Tape()
        self._specs = {spec.name: msgspec.structs.replace(spec, service=name) for spec in specs}
        self._tables = tables or _entity_tables(name, specs)
        self._player = Player(model, model_name, temperature)
        self._checks = {spec.name: _checks(name, spec) for spec in specs}
        told = msgspec.json.encode([PROMPT_VERSION, PROMPT, model_name, temperature, list(specs), self._tables(0)])
        self.version = f"{PROMPT_VERSION}-{hashlib.sha256(told).hexdigest()[:12]}"

    def tools(self) -> tuple[ToolSpec, ...]:
        """The tools, in the given order."""
        return tuple(self._specs.values())

    async def open(self, seed: int) -> SimulatedWorld:
        """A fresh world; there are `WORLDS` different ones."""
        return SimulatedWorld(self, seed % WORLDS, self._tables(seed % WORLDS))

    async def propose(
        self, spec: ToolSpec, state: Snapshot, arguments: JsonObject, seed: int
    ) -> tuple[Proposal, Snapshot]:
        """An accepted proposal for a call, from the tape or from the model, and the state after it.

        Raises as `World.call` does.
        """
        key = call_key(self.version, spec.name, state, arguments)
        _, gives = self._checks[spec.name]
        proposal = self.tape.get(key)
        if proposal is None:
            made = await self._player.propose(spec, gives, state, arguments, seed)
            proposal = self.tape.keep(key, made)
        return proposal, accepted(proposal, spec, gives, state, arguments)

    def checked(self, name: str, arguments: JsonObject) -> ToolSpec | ToolReply:
        """The tool of a call that may be played, or the refusal of one that may not."""
        if name not in self._specs:
            return unknown_tool(name)
        try:
            check_arguments(self._checks[name][0], arguments)
        except ToolError as refusal:
            return error_reply(refusal.code, refusal.message)
        return self._specs[name]


class Player:
    """Asks a model for a proposal, holds it against the rules, and lets it be mended once."""

    def __init__(self, model: Model | None, model_name: str, temperature: float) -> None:
        self._model = model
        self._model_name = model_name
        self._temperature = temperature

    async def propose(
        self,
        spec: ToolSpec,
        gives: jsonschema_rs.Validator | None,
        state: Snapshot,
        arguments: JsonObject,
        seed: int,
    ) -> Proposal:
        """A proposal that holds.

        Raises:
            EnvironmentFault: `simulated_tool`: the mended proposal breaks a rule too.
            InfrastructureFault: `no_recording`: there is no model; or what the model itself raises.
        """
        if self._model is None:
            raise InfrastructureFault(
                "no_recording", f"{spec.name}: the call is not on the tape, and there is no model"
            )
        messages = question(spec, state, arguments)
        problem = ""
        for attempt in range(1 + REPAIRS):
            request = ModelRequest(
                model=self._model_name,
                messages=messages,
                response_format=response_format(),
                temperature=self._temperature,
                seed=derive(seed, spec.name, attempt),
            )
            answer = (await self._model.complete(request)).message.content
            try:
                proposal = _read(answer)
                accepted(proposal, spec, gives, state, arguments)
            except Refused as refusal:
                problem = str(refusal)
                messages = (*messages, *repair(answer, problem))
            else:
                return proposal
        raise EnvironmentFault("simulated_tool", f"{spec.name}: {problem}")


class SimulatedWorld:
    """One episode's private state: JSON tables, replaced as a whole by every accepted change."""

    def __init__(self, toolbox: SimulatedToolbox, seed: int, tables: Snapshot) -> None:
        self._toolbox = toolbox
        self._seed = seed
        self._state = tables

    async def call(self, name: str, arguments: JsonObject) -> ToolReply:
        """Run one tool.

        Raises:
            EnvironmentFault: the model broke the rules twice.
            InfrastructureFault: the model could not be asked.
        """
        checked = self._toolbox.checked(name, arguments)
        if isinstance(checked, ToolReply):
            return checked
        proposal, self._state = await self._toolbox.propose(checked, self._state, arguments, self._seed)
        return ToolReply(proposal.reply, proposal.is_error)

    async def snapshot(self) -> dict[str, Snapshot]:
        """The present state under the service's name, deep-copied."""
        return {self._toolbox.name: msgspec.json.decode(msgspec.json.encode(self._state))}

    async def aclose(self) -> None:
        """Nothing to end: a world is only memory."""


def _read(answer: str) -> Proposal:
    try:
        return msgspec.json.decode(answer, type=Proposal)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refused(f"the answer is not the JSON that was asked for: {error}") from None


def _checks(service: str, spec: ToolSpec) -> tuple[jsonschema_rs.Validator, jsonschema_rs.Validator | None]:
    """The validators of a tool's arguments and of its reply, None where no output is declared."""
    try:
        return compiled(spec.input_schema), None if spec.output_schema is None else compiled(spec.output_schema)
    except Unsatisfiable as problem:
        raise ConfigError(f"{service}: tool {spec.name}: {problem}") from None


def _entity_tables(name: str, specs: Sequence[ToolSpec]) -> Tables:
    store = EntityToolbox(name, specs)
    return lambda seed: store.open_nowait(seed).tables()
