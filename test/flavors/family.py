"""One family of flavors, in a process of its own: see ``main``.

Logs each, sends it on its way, and compares its answers with MLflow's. Prints a JSON line for each flavor.
"""

from __future__ import annotations

import importlib
import json
import logging
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import mlflow
from answers import alike, in_process, mlflow_server, post
from flavor import Flavor
from forms import invocation_bodies, predict_body
from journey import Refused, Stack

#: Rows of each request.
ASKED = 20


def run(flavor: Flavor, project: Path, registry: str, lock: Path) -> dict[str, Any]:
    """A flavor's row of the matrix; ``error`` where something failed that should not have."""
    row: dict[str, Any] = {"name": flavor.name, "how": flavor.how, "refusal": None, "error": None}
    row["skipped"] = None
    if flavor.skipped:
        return row | {"skipped": flavor.skipped}
    row |= {"lines": 0, "logged": False, "evaluated": False, "released": False, "forms": {}}
    started = time.monotonic()
    stack = None
    try:
        with mlflow.start_run():
            logged = flavor.log(name="model", registered_model_name=flavor.slug)
        row["logged"] = True
        stack = Stack(project, flavor, registry, lock)
        version = stack.evaluate()
        row["evaluated"] = True
        with stack.scorer(version) as port:
            stack.check_release(version, port)
            row["released"] = True
            row["forms"] = compare(flavor, f"models:/{logged.model_id}", port)
    except Refused as refusal:
        row["refusal"] = str(refusal)
    except Exception as error:
        logging.exception(flavor.name)
        row["error"] = f"{type(error).__name__}: {error}".splitlines()[0]
    if stack is not None:
        row["lines"] = len(stack.reviewed) + len(stack.allowed)
    row["error"] = row["error"] or surprise(flavor, row)
    return {**row, "seconds": round(time.monotonic() - started)}


def surprise(flavor: Flavor, row: dict[str, Any]) -> str | None:
    """What is otherwise than the flavor says."""
    refusal = row["refusal"]
    if flavor.refused is None and refusal is not None:
        return "it is refused"
    if flavor.refused is not None and flavor.refused not in (refusal or ""):
        return f"it isn't refused with: {flavor.refused}"
    if flavor.reviewed != (row["lines"] > 0):
        return "safe-code wants a reviewed line" if row["lines"] else "safe-code wants no line"
    return None


def compare(flavor: Flavor, uri: str, port: int) -> dict[str, Any]:
    """Of each form, how the scorer's answers are beside MLflow's in this process and MLflow's server."""
    rows, params = flavor.first(ASKED), flavor.params
    wanted = in_process(mlflow.pyfunc.load_model(uri), rows, params, by_value=True)
    told = {"predict": _ours(post(port, "/predict", predict_body(rows, params)), wanted)}
    with mlflow_server(mlflow.pyfunc.load_model(uri)) as theirs:
        for given in [None] if params is None else [None, params]:
            wanted = in_process(mlflow.pyfunc.load_model(uri), rows, given)
            for form, body in invocation_bodies(rows, given).items():
                answers = [post(each, "/invocations", body) for each in (port, theirs)]
                name = form if given is None else f"{form} with params"
                told[name] = _beside(*answers, wanted)
    return told


def _ours(answer: tuple[int, Any], wanted: Any) -> dict[str, Any]:
    status, said = answer
    if status != 200:
        return {"outcome": "refused", "said": said}
    if alike(said, wanted):
        return {"outcome": "alike", "said": None}
    return {"outcome": "differs", "said": _short(said, wanted)}


def _beside(ours: tuple[int, Any], theirs: tuple[int, Any], wanted: Any) -> dict[str, Any]:
    told = _ours(ours, wanted)
    if theirs[0] != 200:
        outcome = {"refused": "neither", "alike": "only ours"}.get(told["outcome"], "differs")
        return {"outcome": outcome, "said": f"{told['said']} | MLflow: {_short(theirs[1])}"}
    if told["outcome"] == "alike" and not alike(ours[1], theirs[1]):
        return {"outcome": "differs", "said": _short(ours[1], theirs[1])}
    return told


def _short(*values: Any) -> str:
    return " beside ".join(json.dumps(value)[:200] for value in values)


def main(family: str, folder: Path, registry: str, lock: Path, wanted: list[str]) -> None:
    """``lock``: that of this environment. ``wanted``: parts of names; none: all flavors."""
    warnings.filterwarnings("ignore")
    mlflow.set_tracking_uri(registry)
    project = folder / family
    project.mkdir()
    for flavor in importlib.import_module(f"families.{family}").flavors():
        if not wanted or any(part.lower() in flavor.name.lower() for part in wanted):
            # On a line of its own, whatever a library printed before.
            print(f"\n{json.dumps(run(flavor, project, registry, lock))}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), sys.argv[5:])
