"""A large body of JSON rows, read in pieces.

The parser is one call that nobody else in this process can interrupt: a sixth of a second for 700,000 rows. So the rows
are parsed some at a time. A piece ends at a comma, and where that parted two rows, each piece is a list of values by
itself; then all of them, one after the other, are the list that the body holds. Where one isn't, as the comma stood in
a text or inside a row, the body is parsed as a whole.
"""

from __future__ import annotations

import re
import secrets
from typing import Any

import orjson

#: Bytes of one piece, parsed in a few milliseconds.
PIECE = 256 * 1024

#: The beginning of a body up to the first row: one of the formats, of which a split may say columns and index before.
_LIST = rb'"(?P<key>features|instances|inputs|dataframe_records)"\s*:\s*'
_SPLIT = (
    rb'"dataframe_split"\s*:\s*\{\s*(?:"(?:columns|index)"\s*:\s*\[[^\[\]]*\]\s*,\s*)*"data"\s*:\s*'
)
_BEFORE_ROWS = re.compile(rb"\s*\{\s*(?:" + _LIST + rb"|" + _SPLIT + rb")\[\s*")
#: Stands for the rows while what is around them is parsed. No caller can know it.
_PLACE = secrets.token_hex(16)


def loads(body: bytes) -> Any:
    """What ``orjson.loads`` makes of it. Raises what that raises."""
    if len(body) > 2 * PIECE:
        before = _BEFORE_ROWS.match(body)
        end = body.rfind(b"]")
        if before is not None and before.end() < end:
            document = _around(body, before, end)
            rows = None if document is None else _rows(body, before.end(), end)
            if rows is not None:
                holder, key = _holder(document, before)
                holder[key] = rows
                return document
    return orjson.loads(body)


def _around(body: bytes, before: re.Match[bytes], end: int) -> Any:
    """The document with ``_PLACE`` for its rows; None where these bytes aren't what is around a list of rows."""
    try:
        document = orjson.loads(b'%b"%b"%b' % (body[: before.end()], _PLACE.encode(), body[end:]))
        holder, key = _holder(document, before)
        return document if holder[key] == [_PLACE] else None
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None


def _holder(document: Any, before: re.Match[bytes]) -> tuple[Any, str]:
    """The object that has the rows, and under which name."""
    key = before["key"]
    return (document["dataframe_split"], "data") if key is None else (document, key.decode())


def _rows(body: bytes, start: int, end: int) -> list[Any] | None:
    """The rows between two places of the body; None where the pieces aren't rows."""
    # What a row ends with, and the comma after it.
    comma = {b"[": b"],", b"{": b"},"}.get(body[start : start + 1], b",")
    rows: list[Any] = []
    while True:
        found = body.find(comma, start + PIECE, end)
        stop = end if found < 0 else found + len(comma) - 1
        try:
            part = orjson.loads(b"[%b]" % body[start:stop])
        except orjson.JSONDecodeError:
            return None
        if not part:
            # Two commas, or one after the last row.
            return None
        rows += part
        if stop == end:
            return rows
        start = stop + 1
