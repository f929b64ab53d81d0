"""The registry's password for the time that it is needed, from the file that ``VARIABLE`` names."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from tollgate_serving.access import USER, read_password

#: Path of a file with the password of the environment's own registry. Unset: MLflow's own variables hold what there is.
VARIABLE = "TOLLGATE_REGISTRY_PASSWORD_FILE"


@contextlib.contextmanager
def registry_credentials() -> Iterator[None]:
    """Inside, MLflow's client finds user and password where it looks for them; afterwards they are gone.

    :raises UserError: when the file can't be read
    """
    file = os.environ.get(VARIABLE)
    if not file:
        yield
        return
    given = {
        "MLFLOW_TRACKING_USERNAME": USER,
        "MLFLOW_TRACKING_PASSWORD": read_password(Path(file)),
    }
    os.environ.update(given)
    try:
        yield
    finally:
        for name in given:
            os.environ.pop(name, None)
