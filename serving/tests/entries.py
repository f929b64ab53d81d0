"""Runs the entries of a cluster's pods: as a process, or in this one."""

from __future__ import annotations

import contextlib
import importlib
import io
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from unittest.mock import patch

from evaluating import own_logging
from servers import SERVING


def run_entry(module: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """``python -m tollgate_serving.<module>`` until it ends."""
    return subprocess.run(
        [sys.executable, "-m", f"tollgate_serving.{module}", *arguments],
        env={**os.environ, "PYTHONPATH": str(SERVING), **environment},
        capture_output=True,
        text=True,
        timeout=240,
    )


def run_entry_here(
    module: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has imported MLflow already: that takes longer than most entries."""
    main = importlib.import_module(f"tollgate_serving.{module}").main
    out, error = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, environment),
        own_logging(),
        _own_sigterm(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
    ):
        try:
            code = main(list(arguments))
        except SystemExit as ended:
            code = ended.code
    return subprocess.CompletedProcess([module, *arguments], code, out.getvalue(), error.getvalue())


@contextlib.contextmanager
def _own_sigterm() -> Iterator[None]:
    """What an entry does when it is asked to end isn't what the tests do."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
