"""What is done now, for the person who waits."""

from __future__ import annotations

import sys
import time

#: Longest silence of work that goes on, in seconds. That it goes on is what the command line shows by itself.
SILENCE_SECONDS = 10.0

_spoken = time.monotonic()


def progress(text: str) -> None:
    """One line on stderr for each step."""
    global _spoken
    _spoken = time.monotonic()
    # In one piece: two threads speak, and print() writes the end of a line by itself.
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def still(text: str) -> None:
    """How far a long step has come: a line, unless there was one in the last ten seconds. Call it often."""
    if time.monotonic() - _spoken >= SILENCE_SECONDS:
        progress(text)
