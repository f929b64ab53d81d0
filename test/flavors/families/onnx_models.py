"""ONNX: classes with a map of their chances, an input for each column, and one array of 32-bit floats."""

from __future__ import annotations

from typing import Any

import mlflow.onnx
import numpy
from flavor import Flavor, pinned
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema, TensorSpec
from rows import numbers
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

OPSET = {"": 21, "ai.onnx.ml": 3}
#: The model's outputs are a class and chances; with a ZipMap they are called otherwise.
CLASS = {"answer": {"column": "label"}}
CLASS_OF_ZIPMAP = {"answer": {"column": "output_label"}}


def flavors() -> list[Flavor]:
    table, label = numbers()
    array = table.to_numpy(dtype="float32")
    by_name = {name: table[[name]].to_numpy(dtype="float32") for name in table}
    columns = Schema([ColSpec("double", name) for name in table])
    named = Schema([TensorSpec(numpy.dtype("float32"), (-1, 1), name) for name in table])
    one = Schema([TensorSpec(numpy.dtype("float32"), (-1, 4))])
    return [
        Flavor(
            "ONNX, ZipMap",
            "mlflow.onnx, columns; answers a class and a map of chances",
            lambda **given: _log(_one_input(zipmap=True), columns, **given),
            table,
            label,
            evaluation=CLASS_OF_ZIPMAP,
        ),
        Flavor(
            "ONNX, an input for each column",
            "mlflow.onnx, arrays (-1, 1) by name",
            lambda **given: _log(_input_for_each(), named, **given),
            by_name,
            label,
            evaluation=CLASS,
        ),
        Flavor(
            "ONNX, an input for each column, logged with columns",
            "mlflow.onnx, columns, which MLflow hands on with one dimension",
            lambda **given: _log(_input_for_each(), columns, **given),
            table,
            label,
            evaluation=CLASS,
            refused="InvalidArgument in run",
        ),
        Flavor(
            "ONNX, an array of float32",
            "mlflow.onnx, an array (-1, 4)",
            lambda **given: _log(_one_input(zipmap=False), one, **given),
            array,
            label,
            evaluation=CLASS,
        ),
    ]


def _one_input(zipmap: bool) -> Any:
    table, label = numbers()
    model = LogisticRegression().fit(table.to_numpy(dtype="float32"), label)
    return convert_sklearn(
        model,
        initial_types=[("rows", FloatTensorType([None, 4]))],
        options={LogisticRegression: {"zipmap": zipmap}},
        target_opset=OPSET,
    )


def _input_for_each() -> Any:
    table, label = numbers()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(
        table.astype("float32"), label
    )
    return convert_sklearn(
        model,
        initial_types=[(name, FloatTensorType([None, 1])) for name in table],
        options={LogisticRegression: {"zipmap": False}},
        target_opset=OPSET,
    )


def _log(model: Any, inputs: Schema, **given: Any) -> Any:
    return mlflow.onnx.log_model(
        model,
        signature=ModelSignature(inputs=inputs, outputs=Schema([ColSpec("long")])),
        pip_requirements=pinned("onnx", "onnxruntime"),
        save_as_external_data=False,
        **given,
    )
