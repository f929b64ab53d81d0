"""Writes the artifacts into a folder, scans each, and prints what came out as JSON.

    python test/corpus/artifacts FOLDER

Nothing is loaded. One line for each artifact: its name, what is special, whether it is harmless, what ``scan_code``
gave (or the error it raised), and the settings of the gate. The last line says whether the marker was touched, which is
how an artifact that was run would tell.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path[:0] = [str(ROOT / "serving"), str(ROOT / "serving" / "tests")]
warnings.filterwarnings("ignore")
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tollgate_serving.quiet import quiet_mlflow  # noqa: E402

quiet_mlflow()

from artifact import Artifact  # noqa: E402
from dangerous import dangerous_artifacts  # noqa: E402
from harmless import harmless_artifacts  # noqa: E402
from payload import MARKER  # noqa: E402
from tollgate_serving.code_scan import scan_code  # noqa: E402
from tollgate_serving.errors import UserError  # noqa: E402


def scan(artifact: Artifact, folder: Path) -> dict[str, object]:
    artifact.write(folder)
    told = {"name": artifact.name, "what": artifact.what, "harmless": artifact.harmless}
    settings = artifact.settings(folder)
    try:
        code = scan_code(folder)
    except UserError as error:
        # A link or special file: there is no digest either, so no version.
        return {**told, "error": str(error), "settings": settings}
    return {**told, "code": code, "settings": settings}


def main(folder: Path) -> None:
    marker = folder / "marker"
    os.environ[MARKER] = str(marker)
    for artifact in [*dangerous_artifacts(folder), *harmless_artifacts()]:
        print(json.dumps(scan(artifact, folder / artifact.name)), flush=True)
    print(json.dumps({"ran": marker.exists()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
