"""The garbage collector, set for a run: what stands already is never looked at again, what is new seldom.

Python's defaults look at the youngest objects after every 700 that were made and not freed, and now and then at all of
them. In a run nearly everything is freed by its reference count; cycles are few and small (the traceback of a failed
request, a cancelled task). But what lives long is much: modules, schemas, clusters, the transcripts of all episodes in
flight; and a look at all of it stops the loop for tenths of a second. So what exists when the run begins is taken out
of the collector's sight, and young objects are looked at after some ten thousand: cycles of a few megabytes may wait.
"""

from __future__ import annotations

import gc

YOUNG = 20_000
"""Objects made and not freed after which the youngest are looked at."""
MIDDLE, OLD = 20, 20
"""Looks at a generation after which the next one is looked at; the oldest only once it has grown by a quarter, too."""


def settle() -> None:
    """Call it once, when everything that the run keeps has been made. It holds for the whole process."""
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
