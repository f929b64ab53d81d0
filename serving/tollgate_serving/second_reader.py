"""Fickling's reading of pickles, beside ours: a name that either of the two sees counts."""

from __future__ import annotations

import contextlib
import io
from importlib.metadata import version
from typing import BinaryIO

from tollgate_serving.pickle_names import full_name

#: Fickling keeps every opcode and a syntax tree: about 2 kB of memory for each opcode.
MAX_OPCODES = 100_000
MAX_BYTES = 32_000_000


def scanner_name() -> str:
    """Scanner and version for evidence, such as ``fickling 0.1.12, skops 0.16.0``."""
    return f"fickling {version('fickling')}, skops {version('skops')}"


def names_by_fickling(stream: BinaryIO, size: int | None, opcodes: int) -> set[str]:
    """The names that Fickling sees a pickle load; none for a large one, or where it gives up.

    It knows neither joblib's arrays nor every opcode, so it adds to ``pickle_names`` and never stands in for it.
    """
    if opcodes > MAX_OPCODES or size is None or size > MAX_BYTES:
        return set()
    from fickling.fickle import Global, Inst, Pickled

    # It warns on both streams; stdout is the caller's.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            pickled = Pickled.load(io.BytesIO(stream.read()))
            renamed = any(isinstance(opcode, Global | Inst) for opcode in pickled)
            # Names of Python 2 are in lines; pickle_names translates those.
            if renamed:
                return set()
            return {
                full_name(statement.module, alias.name)
                for statement in pickled.properties.imports
                for alias in statement.names
                if statement.module
            }
        except Exception:
            return set()
