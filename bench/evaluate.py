"""Seconds and memory of one evaluation with every measure on, and how they grow with the data.

    python bench/evaluate.py [--rows 25000 100000 1000000] [--json]

Each size has its own evaluation, training, reference and captured data, all with 50 columns, of a fixed seed,
and runs in a process of its own. Two gradient boosting pipelines are compared. Processor time is that of the
evaluator and its scorer: on a machine with other work it says more than the seconds. Exit code 1 when

- 100,000 rows take more than 60 s or 2 GB,
- memory grows faster than the rows that are measured, from any size to a larger one,
- a size above the 200,000 rows that are measured at most isn't sampled, or the evidence doesn't say so,
- any part of the evidence was not measured.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SERVING = Path(__file__).parent.parent / "serving"
sys.path.insert(0, str(SERVING))

NUMBERS, CATEGORIES = 44, 5
SEED = 42
#: What 100,000 rows may take, with the scorer that is asked beside it.
MOST_SECONDS, MOST_BYTES = 60, 2_000_000_000
#: Rows that an evaluation measures at most by default (tollgate:evaluation.maxRows).
SAMPLED_ROWS = 200_000
#: Rows that each of two scorers captured.
CAPTURED_ROWS = 5_000
#: Rows that the models are trained on: their training is no part of what is measured.
TRAINED_ROWS = 20_000
RULES = """\
columns:
  n0: {dtype: float64, in_range: {min_value: -10, max_value: 10}}
  n1: {dtype: float64, missing_at_most: 0.05, nullable: true}
  c0: {dtype: str, isin: [v0, v1, v2, v3, v4, v5, v6, v7]}
"""
GATES: dict[str, dict[str, Any]] = {
    "better-than-deployed": {"metric": "accuracy", "margin": 0, "significance": 0.05},
    "slices": {
        "slices": {
            f"s{number}": {"where": f'c0 == "v{number % 8}" and n{number} > 0'}
            for number in range(20)
        }
    },
    "fairness": {"columns": ["c0", "c1"]},
    "robustness": {
        "noise": {"strength": 0.1},
        "missing": {"strength": 0.05},
        "swapped": {"strength": 0.05},
        "outOfRange": {"strength": 0.1},
        "adversarial": {"strength": 0.1},
    },
    "calibration": {"bins": 10},
    "data-quality": {"rules": "rules.yaml"},
    "data-drift": {"reference": "reference.csv", "live": "captured"},
    "prediction-drift": {},
    "latency": {"concurrency": 1},
    "dependencies": {},
    "provenance": {},
}


def make_tables(folder: Path, rows: int) -> None:
    """The four CSV files, written in pieces: a large one is never in memory."""
    import pyarrow
    import pyarrow.csv

    (folder / "captured").mkdir()
    # What two scorers captured has no label.
    captured = ("captured/scorer-0", "captured/scorer-1")
    for place, name in enumerate(("eval", "train", "reference", *captured)):
        total = min(rows, CAPTURED_ROWS) if name in captured else rows
        columns = list(_frame(1, SEED).columns)[: -1 if name in captured else None]
        schema = pyarrow.Schema.from_pandas(_frame(1, SEED)[columns])
        with pyarrow.csv.CSVWriter(folder / f"{name}.csv", schema) as file:
            for start in range(0, total, 50_000):
                frame = _frame(min(50_000, total - start), SEED + 1000 * place + start)
                file.write(pyarrow.Table.from_pandas(frame[columns], schema=schema))


def _frame(rows: int, seed: int) -> Any:
    import numpy
    import pandas

    draw = numpy.random.default_rng(seed)
    numbers = draw.normal(size=(rows, NUMBERS))
    frame = pandas.DataFrame(numbers, columns=[f"n{index}" for index in range(NUMBERS)])
    for index in range(CATEGORIES):
        frame[f"c{index}"] = numpy.array([f"v{value}" for value in range(8)])[
            draw.integers(0, 8, rows)
        ]
    score = numbers[:, :5].sum(axis=1) + (frame["c0"] == "v3") * 2 + draw.normal(size=rows)
    return frame.assign(label=(score > 0).astype(int))


def save_models(folder: Path) -> tuple[Path, Path]:
    """A candidate and a deployed version with fewer trees."""
    import mlflow.sklearn
    from mlflow.models import infer_signature
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    frame = _frame(TRAINED_ROWS, SEED + 1)
    features = frame.drop(columns=["label"])
    saved = []
    for name, trees in (("candidate", 100), ("deployed", 60)):
        encoder = make_column_transformer(
            (
                OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
                [f"c{index}" for index in range(CATEGORIES)],
            ),
            remainder="passthrough",
        )
        boosting = HistGradientBoostingClassifier(max_iter=trees, random_state=SEED)
        model = make_pipeline(encoder, boosting).fit(features, frame["label"])
        saved.append(folder / name)
        mlflow.sklearn.save_model(
            model,
            folder / name,
            signature=infer_signature(features.head(100), model.predict(features.head(100))),
            input_example=features.head(1),
            serialization_format="cloudpickle",
            pip_requirements=["scikit-learn==1.9.1"],
        )
    return saved[0], saved[1]


def measure(folder: Path, rows: int) -> dict[str, Any]:
    """Makes data and models, then measures in a process of its own, which sees nothing of the making."""
    _quiet()
    make_tables(folder, rows)
    (folder / "rules.yaml").write_text(RULES)
    candidate, deployed = save_models(folder)
    command = [sys.executable, __file__, "--measure", str(folder), str(candidate), str(deployed)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def measure_here(folder: Path, candidate: Path, deployed: Path) -> dict[str, Any]:
    """The evaluator's measuring part in this process: all but the registry."""
    _quiet()
    began = time.perf_counter()
    from tollgate_serving.digest import digest_of_folder
    from tollgate_serving.evidence import Lineage
    from tollgate_serving.fetch import Pinned
    from tollgate_serving.inspection import inspect_folder
    from tollgate_serving.measuring import measure_version
    from tollgate_serving.probe import ScorerPlace
    from tollgate_serving.spec import Spec

    digests = [digest_of_folder(model) for model in (candidate, deployed)]
    place = ScorerPlace(folder / "models", "None")
    for model, digest in zip((candidate, deployed), digests):
        shutil.copytree(model, place.folder_of(Pinned("", "bench", "1", digest)))
    spec = Spec.model_validate(
        {
            "model": "bench",
            "version": "2",
            "tracking_uri": "http://127.0.0.1",
            "data": str(folder / "eval.csv"),
            "data_path": "eval.csv",
            "label": "label",
            "task": "classification",
            "stage": "None",
            "evaluator_version": "bench",
            "gates": GATES,
            "deployed": {"name": "bench", "version": "1", "digest": digests[1]},
            "training_data": str(folder / "train.csv"),
            "training_data_path": "train.csv",
            "project_dir": str(folder),
            "captured": str(folder / "captured"),
            "max_rows": SAMPLED_ROWS,
        }
    )
    empty = dict.fromkeys(Lineage.model_fields)
    lineage = Lineage.model_validate({**empty, "parameters": {}})
    inspected = inspect_folder(spec, candidate, digests[0], lineage)
    document = measure_version(spec, inspected, place).evidence
    unmeasured = [name for name, part in document.model_dump().items() if part in (None, [])]
    if document.comparison is None or document.comparison.quality is None:
        unmeasured.append("comparison.quality")
    unit = 1 if sys.platform == "darwin" else 1024
    here, scorer = (
        resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return {
        "rows": document.data.rows,
        "seconds": round(time.perf_counter() - began, 2),
        "cpu_seconds": round(sum(one.ru_utime + one.ru_stime for one in (here, scorer)), 2),
        "peak_bytes": here.ru_maxrss * unit,
        "scorer_bytes": document.memoryBytes,
        "rows_used": document.data.rowsUsed,
        "unmeasured": [name for name in unmeasured if name != "modelSignature"],
    }


def _quiet() -> None:
    from tollgate_serving.logs import configure
    from tollgate_serving.quiet import quiet_mlflow

    quiet_mlflow()
    configure("ERROR")


def missed(results: list[dict[str, Any]]) -> list[str]:
    """Every target that wasn't met, in a sentence."""
    found = []
    for one in results:
        rows, used = one["rows"], one["rows_used"]
        if one["unmeasured"]:
            found.append(f"{rows} rows: not measured: {', '.join(one['unmeasured'])}")
        if used != min(rows, SAMPLED_ROWS):
            found.append(f"{rows} rows: {used} were measured, not {min(rows, SAMPLED_ROWS)}")
        if rows == 100_000 and one["seconds"] > MOST_SECONDS:
            found.append(f"{rows} rows: {one['seconds']:.1f} s, above {MOST_SECONDS} s")
        if rows == 100_000 and _memory(one) > MOST_BYTES:
            found.append(
                f"{rows} rows: {_memory(one) / 1e6:.0f} MB, above {MOST_BYTES / 1e6:.0f} MB"
            )
    by_rows = sorted(results, key=lambda one: one["rows"])
    for small, large in itertools.pairwise(by_rows):
        memory, data = (large[key] / small[key] for key in ("peak_bytes", "rows_used"))
        if memory > data:
            found.append(
                f"{small['rows']} to {large['rows']} rows: {memory:.1f} times the memory for "
                f"{data:.1f} times the data"
            )
    return found


def _memory(result: dict[str, Any]) -> int:
    return result["peak_bytes"] + (result["scorer_bytes"] or 0)


def show(results: list[dict[str, Any]]) -> None:
    print(f"Python {platform.python_version()}, {os.cpu_count()} CPUs, 50 columns")
    print(f"{'rows':>9}{'measured':>10}{'seconds':>9}{'CPU s':>7}{'peak MB':>9}{'scorer MB':>11}")
    for one in results:
        print(
            f"{one['rows']:>9}{one['rows_used']:>10}{one['seconds']:>9.1f}{one['cpu_seconds']:>7.1f}"
            f"{one['peak_bytes'] / 1e6:>9.0f}{(one['scorer_bytes'] or 0) / 1e6:>11.0f}"
        )
    problems = missed(results)
    print("\n".join(f"MISSED {problem}" for problem in problems) or "targets met")


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, nargs="+", default=[25_000, 100_000, 1_000_000])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--measure", type=Path, nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure_here(*options.measure)))
        return 0
    results = []
    for rows in options.rows:
        print(f"measuring {rows} rows", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="tollgate-bench-") as folder:
            results.append(measure(Path(folder), rows))
    problems = missed(results)
    if options.json:
        print(json.dumps({"results": results, "missed": problems}, indent=2))
    else:
        show(results)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
