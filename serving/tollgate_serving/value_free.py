"""Logs of a process that has callers' rows: no line holds anything that a caller may have sent.

What a model fails with, and what it or a library warns of or prints, often quotes the value. So an error is told by its
type and by where it came from, its text only where it stands in the code as it is; a library's line by where it was
written; and what is printed isn't kept.
"""

from __future__ import annotations

import io
import linecache
import logging
import os
import sys
import threading
import traceback
import types
import warnings
from collections.abc import Iterator
from typing import Any

from tollgate_serving.logs import JsonFormatter, logger

#: Loggers whose lines are written here or by the server, of constants and facts that aren't a caller's.
_KNOWN = ("tollgate", "uvicorn")
#: Stands for a text, after what is told of it.
LEFT_OUT = "its text may hold values of a row and is left out"


def keep_values_out() -> None:
    """From here on in this process: for when the model is loaded and before a caller's first row is there."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler.formatter, JsonFormatter):
            handler.setFormatter(_ValueFree(handler.formatter.constants))
    for each in logging.Logger.manager.loggerDict.values():
        if isinstance(each, logging.Logger):
            # A library's own way to the log goes past the formatter.
            each.handlers, each.propagate = [], True
    logging.captureWarnings(False)
    warnings.showwarning = _show_warning
    threading.excepthook = _thread_failed
    sys.unraisablehook = _ignored
    sys.stdout = sys.stderr = _Unkept()


def trace_of(error: BaseException) -> str:
    """How an error came about, without what it says: each frame with its line of code, and the errors behind it."""
    return "\n".join(_lines(error, set()))


class _ValueFree(JsonFormatter):
    def format(self, record: logging.LogRecord) -> str:
        if record.name.partition(".")[0] not in _KNOWN:
            where = f"{record.pathname}:{record.lineno}"
            said = f"a line of {record.name}, {where}: {LEFT_OUT}"
            record = logging.makeLogRecord({**record.__dict__, "msg": said, "args": ()})
            record.__dict__.pop("facts", None)
        return super().format(record)

    def formatException(self, exc_info: Any) -> str:
        error = exc_info[1]
        return "" if error is None else trace_of(error)


class _Unkept(io.TextIOWrapper):
    """Where what is printed goes. Says once that there was something."""

    _said = False

    def __init__(self) -> None:
        super().__init__(io.BufferedWriter(io.FileIO(os.devnull, "w")), encoding="utf-8")

    def write(self, text: str) -> int:
        if not self._said:
            self._said = True
            logger.warning("what the model prints isn't kept: it may hold what a caller sent")
        return len(text)


def _show_warning(
    message: Any, category: type[Warning], filename: str, lineno: int, *_: Any, **__: Any
) -> None:
    facts = {"warning": category.__name__, "at": f"{filename}:{lineno}"}
    logger.warning(f"a library warns: {LEFT_OUT}", extra={"facts": facts})


def _thread_failed(failed: Any) -> None:
    error = failed.exc_value
    told = None if error is None else (type(error), error, error.__traceback__)
    logger.error("a thread of the model failed", exc_info=told)


def _ignored(ignored: Any) -> None:
    error = ignored.exc_value
    told = None if error is None else (type(error), error, error.__traceback__)
    logger.error("an error that nobody could be told of", exc_info=told)


def _lines(error: BaseException, seen: set[int]) -> Iterator[str]:
    if id(error) in seen:
        return
    seen.add(id(error))
    behind = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if behind is not None:
        yield from _lines(behind, seen)
        yield "which led to:"
    for each in getattr(error, "exceptions", ()):
        yield from _lines(each, seen)
        yield "which is part of:"
    code: types.CodeType | None = None
    where = ""
    for frame, number in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        where = f" in {code.co_name}, line {number} of {_module_file(code.co_filename)}"
        yield f'  File "{code.co_filename}", line {number}, in {code.co_name}'
        line = linecache.getline(code.co_filename, number, frame.f_globals).strip()
        if line:
            yield f"    {line}"
    text = _constant_text(error, code)
    yield f"{_name(type(error))}: {text}" if text else f"{_name(type(error))}{where} ({LEFT_OUT})"


def _module_file(path: str) -> str:
    """A file as Python finds it, such as ``xgboost/data.py``: short, and the same on every machine."""
    folders = [f"{folder.rstrip('/')}/" for folder in sys.path if folder]
    inside = [folder for folder in folders if path.startswith(folder)]
    return path[len(max(inside, key=len)) :] if inside else path


def _name(kind: type) -> str:
    return (
        kind.__qualname__
        if kind.__module__ == "builtins"
        else f"{kind.__module__}.{kind.__qualname__}"
    )


def _constant_text(error: BaseException, code: types.CodeType | None) -> str | None:
    """What it says, where that stands in the code that raised it, letter by letter."""
    given = error.args[0] if len(error.args) == 1 else None
    known = code is not None and isinstance(given, str) and given in code.co_consts
    return given if known else None
