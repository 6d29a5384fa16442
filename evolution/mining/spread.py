"""A map in order, over processes or not: the same results whatever the number of workers."""

from __future__ import annotations

import gc
import multiprocessing
import multiprocessing.process
import os
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

GARBAGE = (100_000, 50, 50)
"""Thresholds of Python's collector while much is made and little of it in circles: the defaults, which look at young
objects after every 700, take a third of the time of a build."""

T = TypeVar("T")
R = TypeVar("R")


class Spread(Protocol):
    """A map in order, over processes or not."""

    def __call__(self, function: Callable[[T], R], items: Iterable[T], /, chunksize: int = 1) -> Iterator[R]:
        """The results in the order of the items."""
        ...


@contextmanager
def spread_over(workers: int) -> Generator[Spread]:
    """A map over so many processes; in this one where there is one worker only."""
    with _seldom_collected():
        if workers <= 1:
            yield _plain
            return
        # Fresh processes: a forked one would inherit locks of threads that it does not have.
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, mp_context=context, initializer=_begin) as pool:

            def over_pool(function: Callable[[T], R], items: Iterable[T], /, chunksize: int = 1) -> Iterator[R]:
                return pool.map(function, items, chunksize=chunksize)

            yield over_pool


@contextmanager
def _seldom_collected() -> Generator[None]:
    before = gc.get_threshold()
    gc.set_threshold(*GARBAGE)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _begin() -> None:
    """A worker's settings. One whose build was killed ends too; it would wait for work for ever."""
    gc.set_threshold(*GARBAGE)

    def watch(parent: multiprocessing.process.BaseProcess) -> None:
        parent.join()
        os._exit(1)

    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=watch, args=(parent,), daemon=True).start()


def _plain(function: Callable[[T], R], items: Iterable[T], /, chunksize: int = 1) -> Iterator[R]:
    del chunksize
    return map(function, items)
