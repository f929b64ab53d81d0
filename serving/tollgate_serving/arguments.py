"""Command lines."""

from __future__ import annotations

import argparse
from typing import NoReturn

from tollgate_serving.errors import EXIT_USAGE


class Parser(argparse.ArgumentParser):
    """Ends with 64 instead of 2 when the arguments can't be read: 2 is a gate's refusal and nothing else."""

    def exit(self, status: int = 0, message: str | None = None) -> NoReturn:
        super().exit(EXIT_USAGE if status else 0, message)
