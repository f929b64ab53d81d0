"""Makes the artifacts of packages that aren't in the locked environment: ``stored/``, small MLflow model folders.

    python test/corpus/artifacts/stored.py

Run by a Python that has them besides the locked environment; ``stored/README.md`` states the versions.
"""

from __future__ import annotations

import shutil
import sys
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "serving"))
warnings.filterwarnings("ignore")

import catboost
import dill
import h5py
import lightgbm
import mlflow
import numpy
import onnx
import pandas
import xgboost
from skl2onnx import to_onnx
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tollgate_serving.quiet import quiet_mlflow

HERE = Path(__file__).parent / "stored"
PACKAGES = ["catboost", "dill", "h5py", "lightgbm", "mlflow", "onnx", "skl2onnx", "xgboost"]

ROWS = numpy.random.default_rng(0).normal(size=(60, 4)).astype("float32")
FRAME = pandas.DataFrame(ROWS, columns=list("abcd"))
LABEL = numpy.arange(60) % 2
GROUPS = numpy.full(6, 10)


def _save(flavor: str, model: object, **more: object) -> Callable[[Path], None]:
    def save(folder: Path) -> None:
        module = getattr(mlflow, flavor)
        module.save_model(model, folder, pip_requirements=[flavor], **more)
        for extra in ("conda.yaml", "python_env.yaml"):
            assert (folder / extra).exists()

    return save


def _xgboost() -> dict[str, Callable[[Path], None]]:
    small = {"n_estimators": 2, "max_depth": 2}
    made = {
        "xgb-classifier-ubj": (xgboost.XGBClassifier(**small).fit(FRAME, LABEL), "ubj"),
        "xgb-classifier-json": (xgboost.XGBClassifier(**small).fit(FRAME, LABEL), "json"),
        "xgb-regressor": (xgboost.XGBRegressor(**small).fit(ROWS, LABEL), "ubj"),
        "xgb-ranker": (xgboost.XGBRanker(**small).fit(ROWS, LABEL, group=GROUPS), "json"),
        "xgb-forest": (xgboost.XGBRFClassifier(**small).fit(ROWS, LABEL), "json"),
        "xgb-booster": (xgboost.train({"max_depth": 2}, xgboost.DMatrix(ROWS, LABEL), 2), "ubj"),
    }
    saved = {
        name: _save("xgboost", model, model_format=form) for name, (model, form) in made.items()
    }
    pickled = make_pipeline(StandardScaler(), xgboost.XGBClassifier(**small)).fit(ROWS, LABEL)
    return saved | {
        "xgb-in-a-pipeline": _save("sklearn", pickled, serialization_format="cloudpickle")
    }


def _lightgbm() -> dict[str, Callable[[Path], None]]:
    small = {"n_estimators": 2, "max_depth": 2, "num_leaves": 4, "verbose": -1}
    made = {
        "lgb-classifier": lightgbm.LGBMClassifier(**small).fit(FRAME, LABEL),
        "lgb-regressor": lightgbm.LGBMRegressor(**small).fit(ROWS, LABEL),
        "lgb-ranker": lightgbm.LGBMRanker(**small).fit(ROWS, LABEL, group=GROUPS),
        "lgb-booster": lightgbm.train(
            {"verbose": -1, "num_leaves": 4}, lightgbm.Dataset(ROWS, LABEL), 2
        ),
    }
    saved = {
        name: _save("lightgbm", model, serialization_format="cloudpickle")
        for name, model in made.items()
    }
    return saved | {
        "lgb-classifier-skops": _save(
            "lightgbm", made["lgb-classifier"], serialization_format="skops"
        )
    }


def _catboost() -> dict[str, Callable[[Path], None]]:
    small = {"iterations": 2, "depth": 2, "verbose": False, "allow_writing_files": False}
    made = {
        "cat-classifier": catboost.CatBoostClassifier(**small).fit(FRAME, LABEL),
        "cat-regressor": catboost.CatBoostRegressor(**small).fit(ROWS, LABEL),
        "cat-ranker": catboost.CatBoostRanker(**small).fit(
            ROWS, LABEL, group_id=numpy.repeat(range(6), 10)
        ),
        "cat-plain": catboost.CatBoost(small).fit(ROWS, LABEL),
    }
    saved = {name: _save("catboost", model) for name, model in made.items()}
    return saved | {"cat-classifier-json": _save("catboost", made["cat-classifier"], format="json")}


def _onnx() -> dict[str, Callable[[Path], None]]:
    made = {
        "onnx-logistic": LogisticRegression().fit(ROWS, LABEL),
        "onnx-linear": LinearRegression().fit(ROWS, LABEL),
        "onnx-forest": RandomForestClassifier(2, max_depth=2, random_state=0).fit(ROWS, LABEL),
        "onnx-pipeline": make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, LABEL),
    }
    return {name: _save("onnx", to_onnx(model, ROWS[:1])) for name, model in made.items()}


def _pieces(folder: Path) -> None:
    """What dangerous artifacts are made from at test time."""
    folder.mkdir()
    (folder / "function.dill").write_bytes(dill.dumps(lambda rows: rows, recurse=True))
    with h5py.File(folder / "weights.h5", "w", userblock_size=0) as file:
        file["a"] = [1.0]
    with h5py.File(folder / "behind-a-block.h5", "w", userblock_size=512) as file:
        file["a"] = [1.0]
    model = to_onnx(LogisticRegression().fit(ROWS, LABEL), ROWS[:1])
    external = onnx.ModelProto.FromString(model.SerializeToString())
    tensor = onnx.numpy_helper.from_array(numpy.zeros(4, "float32"), "kept-elsewhere")
    onnx.external_data_helper.set_external_data(tensor, "weights.bin")
    tensor.ClearField("raw_data")
    external.graph.initializer.append(tensor)
    (folder / "external.onnx").write_bytes(external.SerializeToString())
    foreign = onnx.ModelProto.FromString(model.SerializeToString())
    foreign.graph.node[0].domain = "example.library"
    foreign.opset_import.append(onnx.helper.make_opsetid("example.library", 1))
    (folder / "foreign.onnx").write_bytes(foreign.SerializeToString())


def main() -> None:
    quiet_mlflow()
    shutil.rmtree(HERE, ignore_errors=True)
    HERE.mkdir()
    for name, save in (_xgboost() | _lightgbm() | _catboost() | _onnx()).items():
        print(name)
        save(HERE / name)
    _pieces(HERE / "pieces")
    versions = "".join(f"- {name} {version(name)}\n" for name in PACKAGES)
    (HERE / "README.md").write_text(
        "# Stored artifacts\n\nMade by `stored.py`, as these packages aren't in the locked environment:\n\n"
        + versions
    )


if __name__ == "__main__":
    main()
