"""What the dangerous artifacts would call: it touches a file, which shows that something was run."""

from __future__ import annotations

import os
from pathlib import Path

#: The file that is touched, in the folder of whoever runs the corpus.
MARKER = "TOLLGATE_CORPUS_MARKER"


def mark(*_: object, **__: object) -> None:
    Path(os.environ[MARKER]).touch()


class Marking:
    """A class whose objects touch the file wherever an unpickler gives them something to do."""

    def __init__(self, *_: object, **__: object):
        mark()

    def __setstate__(self, _: object) -> None:
        mark()
