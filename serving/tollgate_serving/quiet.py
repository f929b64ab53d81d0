"""Environment for MLflow as a library: set before it is imported, never over what the user set."""

from __future__ import annotations

import os

DEFAULTS = {
    # Its log lines go through our handlers, so that stderr stays one JSON object a line.
    "MLFLOW_CONFIGURE_LOGGING": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    # As they come, a dead registry takes minutes to be noticed.
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "GIT_PYTHON_REFRESH": "quiet",
}


def quiet_mlflow() -> None:
    """Call before the first import of mlflow."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
