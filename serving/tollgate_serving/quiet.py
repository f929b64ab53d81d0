"""Environment for MLflow and for what models compute with: set before they are imported, never over what the user
set."""

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
    # Threads of OpenMP (scikit-learn, XGBoost, LightGBM) wait for one another by spinning, which on a busy machine
    # keeps the one they wait for from running: P95 of one row by 100 boosted trees was 52 to 292 ms, and 16 to 31 ms
    # without (two processors, five busy threads).
    "OMP_WAIT_POLICY": "passive",
}


def quiet_mlflow() -> None:
    """Call before the first import of mlflow, or of anything that loads OpenMP."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
