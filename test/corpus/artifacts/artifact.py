"""An artifact of the corpus: a model version's folder, and what the scan has to make of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Artifact:
    name: str
    #: What is special, in a few words.
    what: str
    #: Writes the version's files into a folder that isn't there yet.
    write: Callable[[Path], None]
    harmless: bool
    #: Settings of the gate for this artifact, once it is written.
    settings: Callable[[Path], dict[str, Any]] = field(default=lambda _: {})
