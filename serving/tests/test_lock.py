"""The environment of the lock is whole, except for what ``requirements.excludes`` names."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SERVING = Path(__file__).parent.parent
EXCLUDED = {
    line
    for line in (SERVING / "requirements.excludes").read_text().splitlines()
    if not line.startswith("#")
}


def test_each_package_has_what_it_asks_for_except_the_excluded_ones():
    versions = {canonicalize_name(found.name): found.version for found in metadata.distributions()}
    unmet = {}
    for found in metadata.distributions():
        for line in found.requires or ():
            needed = Requirement(line)
            if needed.marker and not needed.marker.evaluate({"extra": ""}):
                continue
            version = versions.get(canonicalize_name(needed.name))
            if version is None or not needed.specifier.contains(version, prereleases=True):
                unmet.setdefault(canonicalize_name(needed.name), []).append(f"{found.name}: {line}")
    assert sorted(unmet) == sorted(EXCLUDED), unmet


def test_mlflow_has_every_module_that_its_server_and_command_line_load():
    modules = "mlflow.cli, mlflow.server.fastapi_app, mlflow.tracing, mlflow.pyfunc.scoring_server"
    done = subprocess.run(
        [sys.executable, "-c", f"import {modules}"], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
