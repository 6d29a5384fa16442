"""Where toolboxes and plans come from: some toolboxes are at hand, others are made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol

from ..runtime.assignment import Assignment, BusinessCluster
from ..runtime.blueprint import Plan, WorldRef
from .tools import Snapshot, Toolbox


class Shelf(Protocol):
    """Toolboxes by name."""

    def get(self, name: str) -> Toolbox | None:
        """The toolbox of that name, the same tools and worlds at every time; None when there is none."""
        ...


class Planner(Protocol):
    """Has plans of its own for some clusters, so that no model drafts them."""

    def plan(
        self, assignment: Assignment, cluster: BusinessCluster, world: WorldRef, before: dict[str, Snapshot]
    ) -> Plan | None:
        """The plan for an assignment in a world whose initial state is `before`; None for a cluster of others."""
        ...


class Shelves:
    """Toolboxes at hand first, then shelves one after the other; a shelf with its toolboxes may be asked often."""

    def __init__(self, toolboxes: Iterable[Toolbox] = (), shelves: Iterable[Shelf] = ()) -> None:
        self._at_hand: Mapping[str, Toolbox] = {box.name: box for box in toolboxes}
        self._shelves = tuple(shelves)

    def get(self, name: str) -> Toolbox | None:
        """As `Shelf.get`."""
        found = self._at_hand.get(name)
        for shelf in self._shelves:
            found = found or shelf.get(name)
        return found

    def __getitem__(self, name: str) -> Toolbox:
        """The toolbox of that name. Raises KeyError when there is none."""
        found = self.get(name)
        if found is None:
            raise KeyError(name)
        return found
