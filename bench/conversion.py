"""What a request costs around the model: reading it, making the model's input, predicting, writing the answer.

    python bench/conversion.py [--against OTHER_CHECKOUT] [--pairs 5] [--json]

In one process, without HTTP, one row a request, over logistic regressions: 10 columns of doubles, 1,500 of whole
numbers, and 1,500 of both. With ``--against`` the ``serving`` of another checkout is measured in turn with this one,
a process each, and the ratio is the median over the pairs. Times are the processor's, so that what else the machine
does changes little.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent.parent
#: Name, columns of doubles, columns of whole numbers, requests.
CASES = (("10 doubles", 10, 0, 3000), ("1,500 whole", 0, 1500, 60), ("1,500 mixed", 750, 750, 30))


def save_model(folder: Path, doubles: int, whole: int) -> None:
    import mlflow.sklearn
    import numpy
    import pandas
    from mlflow.models import infer_signature
    from sklearn.linear_model import LogisticRegression

    draw = numpy.random.default_rng(0)
    columns = {f"d{index}": draw.normal(size=200) for index in range(doubles)}
    columns |= {f"n{index}": draw.integers(0, 9, 200) for index in range(whole)}
    frame = pandas.DataFrame(columns)
    model = LogisticRegression(max_iter=50).fit(frame, draw.integers(0, 2, 200))
    mlflow.sklearn.save_model(
        model,
        folder,
        signature=infer_signature(frame, model.predict(frame)),
        input_example=frame.head(1),
        pip_requirements=["scikit-learn"],
    )
    (folder / "row.json").write_text(
        json.dumps({"features": frame.head(1).to_dict("split")["data"]})
    )


def measured(folder: Path, requests: int) -> dict[str, float]:
    """Processor milliseconds of a request, by the ``tollgate_serving`` that is on the path."""
    import numpy
    from tollgate_serving.answers import dump, plain_predictions
    from tollgate_serving.fetch import Pinned
    from tollgate_serving.formats import parse_predict
    from tollgate_serving.model import load

    body = (folder / "row.json").read_bytes()
    loaded = load(folder, Pinned(str(folder), "bench", "1", ""))
    times = []
    for _ in range(requests + 10):
        started = time.process_time()
        rows = parse_predict(body, loaded.signature).rows
        dump({"predictions": plain_predictions(loaded.predict(rows))})
        times.append((time.process_time() - started) * 1000)
    p50, p95 = numpy.percentile(times[10:], [50, 95])
    return {"p50": float(p50), "p95": float(p95)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", type=Path, help="another checkout of this repository")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--one", nargs=3, metavar=("SERVING", "MODEL", "REQUESTS"), help=argparse.SUPPRESS
    )
    options = parser.parse_args()
    sys.path.insert(0, options.one[0] if options.one else str(HERE / "serving"))
    from tollgate_serving.quiet import quiet_mlflow

    quiet_mlflow()
    if options.one:
        print(json.dumps(measured(Path(options.one[1]), int(options.one[2]))))
        return
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, doubles, whole, requests in CASES:
            model = Path(folder) / name
            save_model(model, doubles, whole)
            checkouts = [HERE, *([options.against] if options.against else [])]
            pairs = [
                [_run(each, model, requests) for each in checkouts] for _ in range(options.pairs)
            ]
            found[name] = {
                "ms": {key: _median(pair[0][key] for pair in pairs) for key in ("p50", "p95")}
            }
            if options.against:
                found[name]["ratio"] = {
                    key: _median(pair[0][key] / pair[1][key] for pair in pairs)
                    for key in ("p50", "p95")
                }
            if not options.json:
                print(name, json.dumps(found[name]), flush=True)
    if options.json:
        print(json.dumps(found))


def _run(checkout: Path, model: Path, requests: int) -> dict[str, float]:
    words = [
        sys.executable,
        __file__,
        "--one",
        str(checkout / "serving"),
        str(model),
        str(requests),
    ]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def _median(values) -> float:
    return round(statistics.median(values), 4)


if __name__ == "__main__":
    main()
