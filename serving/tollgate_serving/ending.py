"""Ending when asked to."""

from __future__ import annotations

import signal
import sys
import time

#: What a shell tells of a program that SIGTERM ended.
EXIT_TERMINATED = 143

#: With which code this program was asked to end; None as long as it wasn't.
_asked: int | None = None


def end_on_request(exit_code: int = EXIT_TERMINATED) -> None:
    """SIGTERM ends this program with ``exit_code``, after its ``finally`` blocks.

    The first process of a container has to ask for that: the kernel gives it no default action, so it would be
    killed hard after the pod's grace period.
    """

    def end(*_: object) -> None:
        global _asked
        _asked = exit_code
        sys.exit(exit_code)

    signal.signal(signal.SIGTERM, end)


def pause(seconds: float) -> None:
    """Waits, for whoever asks again and again.

    Ends this program where it was asked to and went on all the same: what is raised while psycopg2 is imported is lost.
    """
    if _asked is not None:
        sys.exit(_asked)
    time.sleep(seconds)
