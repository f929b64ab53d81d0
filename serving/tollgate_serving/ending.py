"""Ending when asked to."""

from __future__ import annotations

import signal
import sys

#: What a shell tells of a program that SIGTERM ended.
EXIT_TERMINATED = 143


def end_on_request(exit_code: int = EXIT_TERMINATED) -> None:
    """SIGTERM ends this program with ``exit_code``, after its ``finally`` blocks.

    The first process of a container has to ask for that: the kernel gives it no default action, so it would be
    killed hard after the pod's grace period.
    """
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(exit_code))
