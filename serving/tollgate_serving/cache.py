"""Where a version's bytes lie in a folder of downloaded versions.

Standard library's lightest parts only: a scorer imports it before anything else is started.
"""

from __future__ import annotations

from pathlib import Path

#: Name of a version's folder in the folder of its digest.
MODEL_FOLDER = "model"


def holder_of(digest: str, cache: Path) -> Path:
    """The folder in the cache that holds one version's folder, and stays the same whatever becomes of that."""
    return cache / digest.removeprefix("sha256:")
