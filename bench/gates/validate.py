"""MLflow's own validation of metrics, for ``npm run bench:gates``.

Reads {"thresholds": {metric: floor}, "candidates": [{metric: value}], "rounds": n} on stdin and prints
{"version", "failed": [[metric]], "milliseconds"}: which metrics failed for each candidate, and the median time for
one validation.
"""

from __future__ import annotations

import json
import logging
import re
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "serving"))

from tollgate_serving.quiet import quiet_mlflow

quiet_mlflow()

import mlflow  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402
from mlflow.models import EvaluationResult, MetricThreshold  # noqa: E402


def failed(thresholds: dict[str, MetricThreshold], metrics: dict[str, float]) -> list[str]:
    """Names of the metrics that MLflow refuses, sorted."""
    try:
        mlflow.validate_evaluation_results(thresholds, EvaluationResult(metrics, {}))
    except MlflowException as error:
        return sorted(set(re.findall(r"[Mm]etric (\w+) (?:value|was)", error.message)))
    return []


def main() -> None:
    asked = json.load(sys.stdin)
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    thresholds = {
        metric: MetricThreshold(threshold=floor, greater_is_better=True)
        for metric, floor in asked["thresholds"].items()
    }
    answers = [failed(thresholds, metrics) for metrics in asked["candidates"]]
    times = []
    for _ in range(asked["rounds"]):
        started = time.perf_counter()
        failed(thresholds, asked["candidates"][0])
        times.append((time.perf_counter() - started) * 1000)
    answer = {
        "version": mlflow.__version__,
        "failed": answers,
        "milliseconds": statistics.median(times),
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
