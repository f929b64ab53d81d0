"""Work that takes long, done beside the event loop, so that other callers are answered meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

_Result = TypeVar("_Result")
_lock = threading.Lock()
_without = 0


async def beside(work: Callable[[], _Result]) -> _Result:
    """The result of ``work``, which another thread does."""
    return await asyncio.to_thread(_done, work)


def _done(work: Callable[[], _Result]) -> _Result:
    with without_collection():
        return work()


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Keeps the collector of cycles away, in all threads, until the last that asked for it is done.

    A million rows of JSON are a million lists, and while they come into being it looks through all that are there again
    and again, each time with everybody waiting. There are no cycles among them.
    """
    global _without
    with _lock:
        _without += 1
        gc.disable()
    try:
        yield
    finally:
        with _lock:
            _without -= 1
            if _without == 0:
                gc.enable()
