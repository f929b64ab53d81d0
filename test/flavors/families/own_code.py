"""Custom models: a class that is pickled with the model, models from code, and a function with types."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow.pyfunc
import pandas
from flavor import Flavor, pinned
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from rows import mixed

FROM_CODE = Path(__file__).resolve().parent / "from_code" / "by_amount.py"
PARAMS = ParamSchema([ParamSpec("limit", "double", 0.3)])


class ByAmount(mlflow.pyfunc.PythonModel):
    """Says of each row whether its amount, times its plan's weight, is above a limit."""

    def load_context(self, context: Any) -> None:
        self.weights = json.loads(Path(context.artifacts["weights"]).read_text())

    def predict(self, context, model_input, params=None):
        weighted = model_input["amount"] * model_input["plan"].map(self.weights)
        return ["leaves" if each > params["limit"] else "stays" for each in weighted]


def flavors() -> list[Flavor]:
    people, _ = mixed()
    says = ["leaves" if each > 0.3 else "stays" for each in people.amount]
    # A module that a scorer can't import, as a notebook is none: the class goes into the pickle.
    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    shared = {"params": {"limit": -0.5}, "reviewed": True}
    return [
        Flavor(
            "pyfunc, a class",
            "mlflow.pyfunc, an object that is pickled with its class; an artifact, params",
            lambda **given: _log(people, python_model=ByAmount(), **given),
            people,
            says,
            **shared,
        ),
        Flavor(
            "pyfunc, models from code",
            "mlflow.pyfunc, python_model=by_amount.py; an artifact, params",
            lambda **given: _log(people, python_model=str(FROM_CODE), **given),
            people,
            says,
            **shared,
        ),
    ]


def _log(people: pandas.DataFrame, **given: Any) -> Any:
    types = {"float64": "double", "int64": "long", "bool": "boolean"}
    inputs = [ColSpec(types.get(str(people[name].dtype), "string"), name) for name in people]
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / "weights.json"
        weights.write_text(json.dumps({"basic": 1, "pro": 1, "max": 1}))
        return mlflow.pyfunc.log_model(
            artifacts={"weights": str(weights)},
            signature=ModelSignature(Schema(inputs), Schema([ColSpec("string")]), PARAMS),
            pip_requirements=pinned("pandas"),
            **given,
        )
