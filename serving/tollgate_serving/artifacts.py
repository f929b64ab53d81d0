"""What Tollgate keeps about a version among its run's artifacts, and under which names.

Versions of several models may come from one run, as a copied version does, and share even their number: a name
is told apart by the model's name, the version's number and the digest of its bytes. Those are hashed, because a
model's name may hold what a path can't, at any length. ``registry/artifact-paths.ts`` makes the same names; both
are tested on ``serving/tests/artifact_vectors.json``.
"""

from __future__ import annotations

import hashlib
from typing import Literal

#: Folder of a run's artifacts.
FOLDER = "tollgate"

Document = Literal["evidence", "answers", "provenance"]
#: A document itself, or the DSSE envelope that signs it.
Ending = Literal[".json", ".dsse.json"]


def artifact_name(
    document: Document, model: str, version: str, digest: str, ending: Ending = ".json"
) -> str:
    """File name of a document about a version, below ``FOLDER``."""
    key = hashlib.sha256(f"models:/{model}/{version}@{digest}".encode()).hexdigest()
    return f"{document}-{version}-{key[:32]}{ending}"
