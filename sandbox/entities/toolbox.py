"""A list of tools without an implementation as a toolbox: each is read, tried once, and played or left out."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache, partial
from random import Random

import msgspec

from ...runtime.errors import EnvironmentFault
from ..services.families import WORLDS
from ..tools import ToolSpec
from .catalogue import STATUS, Catalogue, catalogue_of
from .filling import filled, first_key
from .plays import Play, Unplayable, read_play
from .schemas import Endless, Fits, Unsatisfiable, compiled, fits
from .shapes import normal, shape_of
from .state import InitialState
from .verbs import VERBS, Hints
from .words import tokens
from .world import CompiledTool, EntityWorld

VERSION = "2"
"""Changes whenever the same list and seed would give another world or another reply."""
TRIALS = 4
"""Made-up calls, of which a tool must answer one before it is offered."""
PATIENCE = 24
"""The same where entries refuse for the state they are in: what is cancelled already is so in one world only."""


class EntityToolbox:
    """Plays tools by the verb table on seeded entries. Its replies are made up: rows say so in their provenance."""

    volatile: tuple[str, ...] = ()
    seeded = True

    def __init__(
        self,
        name: str,
        specs: Sequence[ToolSpec],
        *,
        hints: Mapping[str, Hints] | None = None,
        source: str = "",
        domain: str = "",
        sector: str = "",
        tried: bool = True,
    ) -> None:
        """`hints` are what the server says of a tool beside its schemas, by tool name; `source` says where the list
        comes from, with its licence where it is known. Without `tried` a tool is offered before it has answered a
        made-up call, for those who are about to call it themselves.
        """
        self._patience = PATIENCE if tried else 0
        self.name = name
        self.domain = domain or " ".join(tokens(name)) or "tools"
        self.sector = sector or "simulated tools"
        self.provenance = f"entity store over {source or name}"
        self._hints = hints or {}
        self._specs = {spec.name: spec for spec in specs}
        shared = _shared_beginnings(specs)
        read = {spec.name: read_play(spec, self._hints.get(spec.name, _hints_of(spec)), shared) for spec in specs}
        self._catalogue = catalogue_of(specs, [play for play in read.values() if isinstance(play, Play)])
        self._initial = lru_cache(maxsize=WORLDS)(self._fresh)
        self._compiled: dict[str, CompiledTool] = {}
        self.explanations: Mapping[str, Play | Unplayable] = {name: self._tried(name, read[name]) for name in read}
        """How each tool is played, or why it is not, by name in the list's order."""
        digest = hashlib.sha256(msgspec.json.encode([VERSION, specs, self._hints], order="sorted"))
        self.version = f"{VERSION}-{digest.hexdigest()[:12]}"

    @property
    def unplayable(self) -> tuple[Unplayable, ...]:
        """The tools that are left out, in the list's order."""
        return tuple(found for found in self.explanations.values() if isinstance(found, Unplayable))

    def explain(self, spec: ToolSpec) -> Play | Unplayable:
        """How a tool of the list is played, or why it is not; a tool that is not of the list is read by itself."""
        found = self.explanations.get(spec.name)
        return found if found is not None else explain(spec)

    def tools(self) -> tuple[ToolSpec, ...]:
        """The playable tools, in the list's order; each declares the output that is declared or inferred."""
        return tuple(
            msgspec.structs.replace(
                self._specs[name], service=self.name, output_schema=tool.play.output, read_only=tool.play.read_only
            )
            for name, tool in self._compiled.items()
        )

    async def open(self, seed: int) -> EntityWorld:
        """A fresh world; there are `WORLDS` different ones."""
        return self.open_nowait(seed)

    def open_nowait(self, seed: int) -> EntityWorld:
        """`open` without the need to wait: a world is only memory."""
        world = seed % WORLDS
        return EntityWorld(self.name, self._catalogue, self._compiled, self._initial(world), world)

    def _fresh(self, seed: int) -> InitialState:
        return InitialState(self.name, self._catalogue.entities, seed)

    def _tried(self, name: str, read: Play | Unplayable) -> Play | Unplayable:
        """The play as matched with the other tools, once the tool has answered a made-up call by its schema."""
        if isinstance(read, Unplayable):
            return read
        play, spec = self._catalogue.plays[name], self._specs[name]
        refusal = ""
        if play.alone and play.verb != "get" and not self._catalogue.entities[play.entity].alone:
            return Unplayable(name, "no_identifier", f"it changes one {play.entity}, and no parameter says which")
        try:
            tool = _compile(play, spec, self._catalogue)
            if not self._patience:
                self._compiled[name] = tool
                return play
            for seed in range(self._patience):
                if seed >= TRIALS and '"conflict"' not in refusal:
                    break
                world = EntityWorld(self.name, self._catalogue, {name: tool}, self._initial(seed), seed)
                arguments = filled(world, spec, play, partial(first_key, world), Random(seed))
                reply = world.call_nowait(name, arguments)
                if not reply.is_error:
                    self._compiled[name] = tool
                    return play
                refusal = reply.content
        except Endless as problem:
            return Unplayable(name, "endless_schema", str(problem))
        except Unsatisfiable as problem:
            return Unplayable(name, "no_arguments", str(problem))
        except EnvironmentFault as fault:
            return Unplayable(name, "no_reply", fault.detail)
        return Unplayable(name, "no_arguments", refusal[:200])


def explain(spec: ToolSpec, hints: Hints | None = None) -> Play | Unplayable:
    """How one tool would be played if it stood alone, or why it is not playable."""
    given = {spec.name: hints} if hints else None
    return EntityToolbox("alone", [spec], hints=given).explanations[spec.name]


def _compile(play: Play, spec: ToolSpec, catalogue: Catalogue) -> CompiledTool:
    entity = catalogue.entities.get(play.entity)
    own = frozenset({normal(play.entity), normal(play.entity.rpartition(" ")[2])})
    status = next((f for f in entity.fields if normal(f.name) in STATUS), None) if entity else None
    allowed: Fits = fits(status.schema, status.root) if status else (lambda _value: True)
    return CompiledTool(play, compiled(spec.input_schema), compiled(play.output), shape_of(play.output, own), allowed)


def _hints_of(spec: ToolSpec) -> Hints:
    """A spec's `read_only` says yes for sure; its no may also mean that nothing is known."""
    return Hints(read_only=True) if spec.read_only else Hints()


def _shared_beginnings(specs: Sequence[ToolSpec]) -> frozenset[str]:
    """First words of half of the names, three at least, that are no verbs: `git_log`, `git_show`, `git_add`."""
    firsts = Counter(words[0] for spec in specs if len(words := tokens(spec.name)) > 1)
    least = max(3, len(specs) // 2)
    return frozenset(word for word, count in firsts.items() if count >= least and word not in VERBS)
