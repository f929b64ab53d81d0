"""Shared rows, however the two files write them."""

import numpy
import pandas
import pytest
from tollgate_serving import data
from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.leakage import measure_leakage
from tollgate_serving.same_rows import SameRows

COLUMNS = ["amount", "count", "plan", "active", "since", "churn"]


def table(rows, seed):
    draw = numpy.random.default_rng(seed)
    frame = pandas.DataFrame(
        {
            "amount": draw.normal(size=rows),
            "count": draw.integers(0, 10**6, rows),
            "plan": draw.choice(["basic", "pro"], rows),
            "active": draw.random(rows) < 0.5,
            "since": pandas.Timestamp("2026-01-01")
            + pandas.to_timedelta(draw.integers(0, 99, rows), unit="D"),
            "churn": draw.integers(0, 2, rows),
        }
    )
    frame.loc[::7, "amount"] = None
    frame.loc[::5, "plan"] = None
    return frame


def written(frame, path):
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def measured(training, evaluation, columns=COLUMNS):
    file = TableFile("train.csv", "sha256:" + "c" * 64, 321, None)
    return measure_leakage(file, training, evaluation, SameRows(dict.fromkeys(sorted(columns))))


@pytest.fixture(params=[10**6, 24], ids=["whole", "in pieces"])
def pieces(request, monkeypatch):
    monkeypatch.setattr(data, "CELLS", request.param)


@pytest.mark.parametrize("training", ["csv", "parquet"])
@pytest.mark.parametrize("evaluation", ["csv", "parquet"])
def test_finds_shared_rows_in_any_order_and_format(tmp_path, pieces, training, evaluation):
    trained, fresh = table(200, 1), table(50, 2)
    shared = trained.sample(30, random_state=0)
    mixed = pandas.concat([fresh, shared]).sample(frac=1, random_state=1)
    # Other columns in another order, and numbers of another type.
    mixed = mixed.assign(row=range(80), churn=mixed["churn"].astype(float))
    mixed = mixed[["row", *reversed(COLUMNS)]]
    left = written(trained, tmp_path / f"train.{training}")
    right = written(mixed, tmp_path / f"test.{evaluation}")
    assert measured(left, right) == {
        "trainingData": {"path": "train.csv", "digest": "sha256:" + "c" * 64, "rows": 321},
        "evaluationRows": 80,
        "sharedRows": 30,
        "firstRows": _places(mixed, shared)[:10],
    }


def _places(mixed, shared):
    """Where rows of the one lie in the other, from 1."""
    known = set(shared["count"])
    return [place for place, count in enumerate(mixed["count"], 1) if count in known]


def test_names_no_row_where_none_is_shared(tmp_path):
    paths = [written(table(20, seed), tmp_path / f"{seed}.csv") for seed in (1, 2)]
    found = measured(*paths)
    assert found["sharedRows"] == 0 and "firstRows" not in found


def test_counts_every_evaluation_row_that_is_shared_once(tmp_path):
    trained = pandas.DataFrame({"x": [1, 1, 2, 3]})
    evaluated = pandas.DataFrame({"x": [1, 1, 1, 4, 3]})
    paths = [
        written(frame, tmp_path / f"{name}.csv")
        for frame, name in ((trained, "a"), (evaluated, "b"))
    ]
    found = measured(*paths, ["x"])
    assert (found["sharedRows"], found["firstRows"]) == (4, [1, 2, 3, 5])


def test_a_row_that_differs_in_one_value_is_another_row(tmp_path):
    trained = table(100, 3)
    path = written(trained, tmp_path / "train.csv")
    for name in COLUMNS:
        changed = trained.copy()
        changed[name] = {
            "amount": trained["amount"].fillna(0) + 1e-9,
            "count": trained["count"] + 1,
            "plan": trained["plan"].fillna("") + "x",
            "active": ~trained["active"],
            "since": trained["since"] + pandas.Timedelta("1s"),
            "churn": 1 - trained["churn"],
        }[name]
        other = written(changed, tmp_path / "test.csv")
        assert measured(path, other)["sharedRows"] == 0, name


@pytest.mark.parametrize(
    ("lacking", "setting"), [("test", "tollgate:evaluation.data"), ("train", "tollgate:train.data")]
)
def test_refuses_a_file_that_lacks_a_column(tmp_path, lacking, setting):
    paths = {}
    for name in ("train", "test"):
        frame = table(20, 4)
        frame = frame.drop(columns=["plan", "count"]) if name == lacking else frame
        paths[name] = written(frame, tmp_path / f"{name}.csv")
    with pytest.raises(UserError) as refusal:
        measured(paths["train"], paths["test"])
    assert str(refusal.value) == (
        f"{paths[lacking]} lacks the columns count, plan, so its rows can't be compared with the other "
        f"file's; give {setting} a table that has them."
    )
