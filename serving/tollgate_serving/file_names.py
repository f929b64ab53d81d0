"""Names of a version's files that can be read in more than one way."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from tollgate_serving.digest import IGNORED

_ODD_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def odd_name(path: str) -> str | None:
    """Why a path inside a version or an archive isn't taken: a clause; None for a plain one."""
    if path.startswith("/") or path[1:2] == ":":
        return "its path is absolute"
    if "\\" in path or any(unicodedata.category(each) in _ODD_CATEGORIES for each in path):
        return "its path has a backslash or a character that isn't shown"
    if any(part in ("", ".", "..") for part in path.rstrip("/").split("/")):
        return "its path has an empty part or leads upwards"
    if unicodedata.normalize("NFC", path) != path:
        return "its path isn't in Unicode's normal form NFC"
    return None


def problems_of_names(paths: Iterable[str]) -> dict[str, set[str]]:
    """Problems by path: odd names, names that some file system takes for one, and what the digest leaves out."""
    problems: dict[str, set[str]] = {}
    spellings: dict[str, set[str]] = {}
    listed = list(paths)
    for path in listed:
        odd = odd_name(path)
        if odd:
            problems.setdefault(path, set()).add(odd)
        if path.split("/")[0].casefold() == IGNORED:
            problems.setdefault(path, set()).add(
                f"{IGNORED} is what the registry's client adds, so no file of a version may have that name"
            )
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            spellings.setdefault(_folded(prefix), set()).add(prefix)
    for path in listed:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            others = sorted(spellings[_folded(prefix)] - {prefix})
            if others:
                problems.setdefault(path, set()).add(
                    f"its path differs from {others[0]!r} only in case or in form, so some systems take both for one"
                )
    return problems


def _folded(path: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", path).casefold())
