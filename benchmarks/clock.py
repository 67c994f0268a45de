"""The clock of the measures."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from typing import Any

__all__ = ["seconds"]


def seconds(work: Callable[[], Any]) -> float:
    """The calling thread's CPU time for it, in seconds; garbage is collected before and not meanwhile."""
    gc.collect()
    gc.disable()
    try:
        start = time.thread_time()
        work()
        return time.thread_time() - start
    finally:
        gc.enable()
