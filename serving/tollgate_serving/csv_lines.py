"""The lines of a CSV file, looked at before pandas reads it: it fills short ones, and shifts columns for long ones."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tollgate_serving.errors import UserError

# Of a text in a cell: bodies have a limit of their own, and files none.
csv.field_size_limit(sys.maxsize)


def require_even_lines(path: Path, setting: str) -> None:
    """Raises UserError when a row hasn't as many values as the header names columns, or two have one name.

    ``setting`` is the one that names the file. What else may be wrong with it is left to whoever reads it.
    """
    header = csv_header(path)
    if not header:
        return
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise UserError(f"{path} has two columns {twice[0]}; give each a name of its own.")
    wrong = _first_uneven(path, header)
    if wrong is not None:
        row, values = wrong
        raise UserError(
            f"Row {row} after the header of {path} has {values} values; the header names {len(header)}: mend the file, "
            f"or put values that have commas in quotes ({setting})."
        )


def is_blank(line: list[str]) -> bool:
    """Is a line of a CSV without values, or with spaces alone, which pandas skips?"""
    return not line or (len(line) == 1 and line[0].strip(" \t") == "")


def csv_header(path: Path) -> list[str]:
    """The names in the first line; none where it can't be read, which whoever reads the rows will tell."""
    try:
        return next(_lines(path), [])
    except (OSError, UnicodeDecodeError, csv.Error):
        return []


def _lines(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from (line for line in csv.reader(file) if not is_blank(line))


def _first_uneven(path: Path, header: list[str]) -> tuple[int, int] | None:
    """The row's number, from 1, blank lines not counted, and how many values it has; None when all are even."""
    import pyarrow
    from pyarrow import csv as arrow_csv

    found: list[tuple[int, int]] = []

    def take(row: Any) -> str:
        if len(header) > 1 and row.actual_columns == 1 and is_blank([row.text]):
            return "skip"
        found.append((row.number - 1, row.actual_columns))
        return "error"

    try:
        with arrow_csv.open_csv(
            path,
            # With more threads, a row has no number.
            read_options=arrow_csv.ReadOptions(use_threads=False),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=take),
            # The values are pandas' affair; of one column they cost least.
            convert_options=arrow_csv.ConvertOptions(
                include_columns=[header[0]], column_types={header[0]: pyarrow.binary()}
            ),
        ) as pieces:
            for _ in pieces:
                pass
    except pyarrow.ArrowException:
        # It takes no text longer than its buffer. Python's own reader is slow, and takes any.
        return found[0] if found else _first_uneven_of_long_texts(path, len(header))
    return None


def _first_uneven_of_long_texts(path: Path, width: int) -> tuple[int, int] | None:
    try:
        rows = enumerate(_lines(path))
        return next(((row, len(line)) for row, line in rows if len(line) != width), None)
    except (OSError, UnicodeDecodeError, csv.Error):
        return None
