"""The environment of MLflow and of OpenMP, as a process of its own sees it."""

import os
import subprocess
import sys

from servers import SERVING

SCRIPT = """
from tollgate_serving.quiet import quiet_mlflow
quiet_mlflow()
import sklearn.ensemble._hist_gradient_boosting.utils
"""


def policy_told(**environment):
    """What OpenMP says of how its threads wait: it prints that when it is loaded."""
    kept = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**kept, "PYTHONPATH": str(SERVING), "OMP_DISPLAY_ENV": "true", **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    return {line.split("'")[1].lower() for line in told.splitlines() if "OMP_WAIT_POLICY" in line}


def test_threads_of_models_wait_without_keeping_others_from_running():
    assert policy_told() == {"passive"}


def test_what_the_user_set_counts():
    assert policy_told(OMP_WAIT_POLICY="active") == {"active"}
