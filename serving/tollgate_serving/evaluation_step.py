"""What the processes of an evaluation share: their arguments, their one line of JSON, their exit codes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tollgate_serving.errors import UserError
from tollgate_serving.fetch import EXIT_DIGEST, one_line
from tollgate_serving.logs import configure
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.spec import Spec


@dataclass(frozen=True)
class Step:
    """One step of an evaluation."""

    spec: Spec
    #: Folder with the versions' bytes, each named by its digest in hexadecimal.
    cache: Path
    out: Path


def run_step(
    name: str, description: str, arguments: list[str], run: Callable[[Step], dict[str, Any]]
) -> int:
    """Runs a step as a process's main; prints what it returns. Exit codes: 0, 1 and 3 as it fails, 64 usage."""
    parser = argparse.ArgumentParser(
        prog=f"python -m tollgate_serving.{name}", description=description
    )
    for option in ("--spec", "--cache", "--out"):
        parser.add_argument(option, type=Path, required=True)
    try:
        options = parser.parse_args(arguments)
    except SystemExit as exit:
        return 64 if exit.code else 0
    quiet_mlflow()
    configure("WARNING")
    try:
        document = run(Step(Spec.read(options.spec), options.cache, options.out))
    except UserError as error:
        print(json.dumps({"error": str(error)}))
        return EXIT_DIGEST if error.exit_code == EXIT_DIGEST else 1
    except Exception as error:
        # Not foreseen: the step is the last line of stderr.
        reason = f"the step {name} failed with {type(error).__name__}: {one_line(error)}."
        print(json.dumps({"error": reason}))
        return 1
    print(json.dumps(document))
    return 0
