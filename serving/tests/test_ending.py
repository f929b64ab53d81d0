"""Ending when asked to, in a process of its own each."""

from __future__ import annotations

import subprocess
import sys

import pytest

LOST = """
import os, signal
from tollgate_serving.ending import end_on_request, pause

end_on_request(7)
try:
    os.kill(os.getpid(), signal.SIGTERM)
    signal.pause()
except SystemExit:
    pass
"""


@pytest.mark.parametrize(("then", "code"), [("", 0), ("pause(60)", 7)])
def test_a_request_that_was_lost_ends_the_program_where_it_waits(then, code):
    assert subprocess.run([sys.executable, "-c", LOST + then], timeout=30).returncode == code


def test_a_request_ends_the_program_after_its_finally_blocks():
    program = "import os, signal\nfrom tollgate_serving.ending import end_on_request, pause\n"
    program += "end_on_request()\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\n    pause(60)\n"
    program += "finally:\n    print('cleared up')\n"
    ended = subprocess.run(
        [sys.executable, "-c", program], timeout=30, capture_output=True, text=True
    )
    assert (ended.returncode, ended.stdout) == (143, "cleared up\n")
