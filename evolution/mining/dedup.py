"""No two clusters of a set with a Jaccard similarity of one half or more, found exactly by an index of their tools."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T", bound=Hashable)


class Distinct(Generic[T]):
    """A growing family of tool sets, all pairs below one half.

    Sets that share no tool have similarity 0, so only those in the index of one of the tools are compared. That is
    exact, and as fast as an approximation here: a tool stands in few kept clusters.
    """

    def __init__(self) -> None:
        self._sizes: list[int] = []
        self._holding: dict[T, list[int]] = defaultdict(list)  # {tool: places of the kept sets that hold it}

    def __len__(self) -> int:
        return len(self._sizes)

    def admits(self, tools: Collection[T]) -> bool:
        """True when the set is below one half with every kept one."""
        shared = Counter(place for tool in tools for place in self._holding.get(tool, ()))
        size = len(tools)
        # |A and B| / |A or B| >= 1/2  is  2 * shared >= |A| + |B| - shared
        return all(3 * common < size + self._sizes[place] for place, common in shared.items())

    def add(self, tools: Collection[T]) -> bool:
        """Keep the set if it is admitted; True when it was."""
        if not self.admits(tools):
            return False
        for tool in tools:
            self._holding[tool].append(len(self._sizes))
        self._sizes.append(len(tools))
        return True


def similar_pairs(sets: Iterable[Collection[T]]) -> Iterator[tuple[int, int, float]]:
    """All pairs with a similarity of one half or more, with it: the check of a finished family."""
    holding: dict[T, list[int]] = defaultdict(list)
    sizes: list[int] = []
    for place, tools in enumerate(sets):
        shared = Counter(other for tool in tools for other in holding[tool])
        for other, common in sorted(shared.items()):
            similarity = common / (len(tools) + sizes[other] - common)
            if similarity >= 0.5:
                yield other, place, similarity
        for tool in tools:
            holding[tool].append(place)
        sizes.append(len(tools))
