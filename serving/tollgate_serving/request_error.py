"""A caller's mistake, as the scorer answers it."""

from __future__ import annotations

import re
from typing import Any

#: A caller's own column name is repeated in an error only when it can't be anything else than a name.
_SPEAKABLE = re.compile(r"[\w .\-]{1,64}\Z")


class RequestError(Exception):
    """The caller's mistake, as one sentence that never repeats the caller's values.

    ``field`` is the column, param or key of the body that it is about, ``row`` the row's number counted from 0.
    """

    def __init__(
        self, status: int, code: str, message: str, field: str | None = None, row: int | None = None
    ):
        super().__init__(message)
        self.status, self.code, self.message, self.field, self.row = (
            status,
            code,
            message,
            field,
            row,
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "error": {
                "code": self.code,
                "field": self.field,
                "row": self.row,
                "message": self.message,
            }
        }


def speakable(name: Any) -> str | None:
    """The name when it may be repeated to the caller, else None."""
    return name if isinstance(name, str) and _SPEAKABLE.match(name) else None
