"""Neural networks: Keras on JAX, and PyTorch where it is installed."""

from __future__ import annotations

import os
from importlib.util import find_spec
from typing import Any

import numpy
from flavor import Flavor, pinned
from mlflow.models.signature import ModelSignature
from mlflow.types import Schema, TensorSpec
from rows import numbers

#: The only column of what they answer is the chance of the second class.
CHANCE = {"positive": 1, "answer": {"column": 0, "threshold": 0.5}}
FLOAT32 = numpy.dtype("float32")
SIGNATURE = ModelSignature(
    inputs=Schema([TensorSpec(FLOAT32, (-1, 4))]), outputs=Schema([TensorSpec(FLOAT32, (-1, 1))])
)


def flavors() -> list[Flavor]:
    table, label = numbers()
    array = table.to_numpy(dtype="float32")
    shared = {"features": array, "labels": label, "evaluation": CHANCE, "reviewed": True}
    return [
        Flavor(
            "Keras on JAX",
            "mlflow.keras, an array (-1, 4) of float32",
            lambda **given: _log_keras(array, label, **given),
            **shared,
        ),
        Flavor(
            "PyTorch",
            "mlflow.pytorch, an array (-1, 4) of float32",
            lambda **given: _log_torch(array, label, **given),
            skipped=None if find_spec("torch") else WITHOUT_TORCH,
            **shared,
        ),
    ]


WITHOUT_TORCH = (
    "torch isn't in the lock, as its wheel for Linux brings some GB for graphics cards; "
    "`npm run test:flavors -- --requirements LOCK pytorch` runs it with a lock that has torch"
)


def _log_keras(array: numpy.ndarray, label: numpy.ndarray, **given: Any) -> Any:
    os.environ["KERAS_BACKEND"] = "jax"
    import keras
    import mlflow.keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="binary_crossentropy")
    model.fit(array, label, epochs=20, verbose=0)
    return mlflow.keras.log_model(
        model, signature=SIGNATURE, pip_requirements=pinned("keras", "jax"), **given
    )


def _log_torch(array: numpy.ndarray, label: numpy.ndarray, **given: Any) -> Any:
    import mlflow.pytorch
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(4, 1), torch.nn.Sigmoid())
    optimizer = torch.optim.Adam(model.parameters(), 0.1)
    rows, wanted = torch.from_numpy(array), torch.from_numpy(label[:, None]).float()
    for _ in range(100):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy(model(rows), wanted).backward()
        optimizer.step()
    return mlflow.pytorch.log_model(
        model, signature=SIGNATURE, pip_requirements=pinned("torch"), **given
    )
