"""Keeps the last rows that callers sent, for the drift of live inputs against the training data.

Every scorer of a stack has a file of its own in one folder; an evaluation reads them together. A file that no scorer
has written for seven days is of no use any more: it isn't read, and any scorer that captures there removes it.

The files hold callers' data as it came: only the user can read them, and nothing of them reaches a log.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import os
import shutil
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy
import orjson

from tollgate_serving.capture_file import Kept, is_old
from tollgate_serving.conversion import from_json
from tollgate_serving.errors import UserError
from tollgate_serving.logs import logger
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Signature
from tollgate_serving.table import Rows, Table

#: Shortest pause between two writes of the file, in seconds.
WRITE_SECONDS = 5.0
#: A write that takes long is followed by a pause this many times as long.
_PAUSE_RATIO = 4
#: Cells written in one go, about half a millisecond: no request waits longer for the writer.
_CELLS = 2000
#: Pause between two goes, in seconds: lets requests be answered.
_GO_SECONDS = 0.002


class Capture:
    """A ring of the last ``rows`` rows, written to a CSV file whenever new ones came.

    The file has the signature's columns and is replaced whole, so that a reader never sees half of it. It
    goes on from what an earlier scorer left there, unless that is old. ``sample`` is the request with which
    releases are checked: it is no caller's, so it isn't kept.
    """

    def __init__(
        self,
        rows: int,
        file: Kept,
        signature: Signature,
        sample: list[Any] | None,
        write_seconds: float = WRITE_SECONDS,
    ):
        self._file = file
        self._names = list(signature.names)
        self._most = rows
        self._ring: deque[Any] = deque(self._earlier(rows), maxlen=rows)
        known = _checked(sample, signature)
        self._sample = _tuples(known, self._names) if isinstance(known, Table) else known
        self._write_seconds = write_seconds
        self._kept = self._written = 0
        self._warned = False
        self._ending = threading.Event()
        self._writer = threading.Thread(target=self._write_regularly, name="capture", daemon=True)
        self._writer.start()

    @property
    def rows(self) -> int:
        """Rows in the ring."""
        return len(self._ring)

    def keep(self, rows: Rows) -> None:
        """Takes in checked rows. Costs about a microsecond for one, and of more than are kept no more than of these."""
        rows = rows[-self._most :]
        if isinstance(rows, numpy.ndarray):
            if isinstance(self._sample, numpy.ndarray) and numpy.array_equal(rows, self._sample):
                return
            # A copy: a model may change its input in place.
            self._ring.extend(rows.copy())
        elif isinstance(rows, Table):
            plain = _tuples(rows, self._names)
            if plain == self._sample:
                return
            self._ring.extend(plain)
        else:
            return
        self._kept += len(rows)

    def close(self) -> None:
        """Writes what isn't written yet and ends the writer."""
        self._ending.set()
        self._writer.join()

    def _write_regularly(self) -> None:
        pause = self._write_seconds
        while not self._ending.wait(pause):
            pause = max(self._write_seconds, _PAUSE_RATIO * self._write())
        self._write()

    def _write(self) -> float:
        """Seconds it took. A failure is logged, once until a write succeeds."""
        kept = self._kept
        if kept == self._written:
            return 0.0
        started = time.perf_counter()
        try:
            self._replace_file(list(self._ring))
            self._written, self._warned = kept, False
        except Exception as error:
            # Whatever it is, the writer goes on: the next time may do.
            if not self._warned:
                reason = getattr(error, "strerror", None) or type(error).__name__
                facts = {"reason": reason}
                logger.warning("captured rows can't be written", extra={"facts": facts})
            self._warned = True
        return time.perf_counter() - started

    def _replace_file(self, rows: list[Any]) -> None:
        self._file.replace(self._pieces(rows))

    def _pieces(self, rows: list[Any]) -> Iterator[bytes]:
        """The file, in pieces that are soon made."""
        yield _lines([self._names])
        step = max(1, _CELLS // max(1, len(self._names)))
        for start in range(0, len(rows), step):
            yield _lines(map(_cells, rows[start : start + step]))
            if not self._ending.is_set():
                time.sleep(_GO_SECONDS)

    def _earlier(self, most: int) -> deque[tuple[str, ...]]:
        """What the file has from before, when it is of the same columns."""
        found: deque[tuple[str, ...]] = deque(maxlen=most)
        with contextlib.suppress(EOFError, OSError, UnicodeDecodeError, csv.Error):
            text = self._file.earlier().decode()
            lines = csv.reader(io.StringIO(text, newline=""))
            if next(lines, None) == self._names:
                found.extend(map(tuple, lines))
        return found


def _lines(rows: Iterable[list[Any]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def copy_captured(folder: Path, to: Path) -> list[Path]:
    """Copies what the scorers in ``folder`` captured in the last seven days to ``to``; returns the copies by name.

    Copies, because a living scorer replaces its file every few seconds. Files with other columns than the newest
    have are of another model, and left out. Empty when there is nothing. Raises UserError for what can't be read.
    """
    found: list[tuple[float, list[str], Path]] = []
    for path in sorted(folder.glob("*.csv")):
        try:
            with open(path, "rb") as file:
                written = os.fstat(file.fileno()).st_mtime
                if is_old(written):
                    continue
                copy = to / path.name
                with open(copy, "wb") as target:
                    shutil.copyfileobj(file, target)
        except FileNotFoundError:
            # Removed by a scorer just now.
            continue
        except OSError as error:
            raise UserError(
                f"the captured rows {path} can't be read: {error.strerror}; "
                "run the evaluation as the user that runs the scorers."
            ) from error
        found.append((written, _header(copy), copy))
    if not found:
        return []
    _, columns, _ = max(found, key=lambda one: one[0])
    return [copy for _, header, copy in found if header == columns]


def _header(path: Path) -> list[str]:
    """Names of a file's columns; none when it isn't a CSV file of text."""
    with (
        contextlib.suppress(UnicodeDecodeError, csv.Error),
        open(path, newline="", encoding="utf-8") as file,
    ):
        return next(csv.reader(file), [])
    return []


def _checked(sample: list[Any] | None, signature: Signature) -> Rows | None:
    try:
        return None if sample is None else from_json(sample, signature)
    except RequestError:
        # Refused as a request too, so it never comes.
        return None


def _tuples(table: Table, names: list[str]) -> list[tuple[Any, ...]]:
    """The rows as plain values in the order of ``names``; tuples are nothing for the collector to look through."""
    given = {column.name: place for place, column in enumerate(table.layout.columns)}
    nothing = [None] * len(table)
    columns = [_plain(table.column(given[name])) if name in given else nothing for name in names]
    return list(zip(*columns))


def _plain(column: numpy.ndarray) -> list[Any]:
    return column.astype("datetime64[us]").tolist() if column.dtype.kind == "M" else column.tolist()


def _cells(row: Any) -> list[Any]:
    values = row.tolist() if isinstance(row, numpy.ndarray) else row
    return [_cell(value) for value in values]


def _cell(value: Any) -> Any:
    """As a training table in CSV has it; what is missing is empty."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, (list, dict)):
        return orjson.dumps(value, default=str).decode()
    return None if value != value else value
