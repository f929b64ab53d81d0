"""Commands run by a user without any right, though the tests are run by root from folders that only root may enter."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from servers import SERVING

NOBODY = 65534
AS_NOBODY = SERVING.parent / "test" / "support" / "as-nobody.sh"
#: Are the tests run by somebody who can be somebody else?
IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0


def as_nobody(command: list[str]) -> list[str]:
    """The command line that runs ``command`` as a user who owns nothing."""
    needed = [sys.prefix, str(Path(sys.base_prefix).resolve()), str(SERVING)]
    return ["sh", str(AS_NOBODY), *needed, "--", *command]
