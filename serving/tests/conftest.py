"""Servers and models the tests share. Everything lies in temporary folders and ends with the tests."""

from __future__ import annotations

import os
import sys
from pathlib import Path

SERVING = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(SERVING), str(SERVING / "tests")]

from tollgate_serving.quiet import quiet_mlflow  # noqa: E402

quiet_mlflow()

import models  # noqa: E402
import pytest  # noqa: E402
from servers import MlflowServer  # noqa: E402


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tollgate")


@pytest.fixture(scope="session")
def linear(scratch: Path) -> Path:
    """A logistic regression on columns f0 to f9, as a model folder."""
    return models.save_linear(scratch / "linear")


@pytest.fixture(scope="session")
def mixed(scratch: Path) -> Path:
    """A scikit-learn pipeline over columns of every kind."""
    return models.save_mixed(scratch / "mixed")


@pytest.fixture(scope="session")
def mlflow_server(scratch: Path):
    """A real registry, with MLFLOW_TRACKING_URI set to it."""
    server = MlflowServer(scratch / "mlflow")
    server.start()
    before = os.environ.get("MLFLOW_TRACKING_URI")
    os.environ["MLFLOW_TRACKING_URI"] = server.uri
    yield server
    if before is None:
        del os.environ["MLFLOW_TRACKING_URI"]
    else:
        os.environ["MLFLOW_TRACKING_URI"] = before
    server.stop()
