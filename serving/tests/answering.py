"""Models that answer what they were given, or what they are told to, for any signature."""

import datetime
import json
from pathlib import Path
from typing import Any

import mlflow.pyfunc
import mlflow.sklearn
import numpy
import pandas
import pydantic
from mlflow.models.signature import ModelSignature
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier


class Rows(mlflow.pyfunc.PythonModel):
    """Its input as it is."""

    def predict(self, context, model_input, params=None):
        return model_input


class Told(mlflow.pyfunc.PythonModel):
    """Its input in words: the kind of table or array, and each value with its type."""

    def predict(self, context, model_input, params=None):
        return told(model_input)


class Params(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return params


class Chat(mlflow.pyfunc.PythonModel):
    """One answer to the whole request, as language models give it."""

    def predict(self, context, model_input, params=None):
        if isinstance(model_input, pandas.DataFrame):
            model_input = model_input.to_dict(orient="records")[0]
        return {"choices": [{"index": 0, "text": "hello"}], "given": model_input, "params": params}


class Failing(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        raise ValueError("this model fails on everything")


class Constant(mlflow.pyfunc.PythonModel):
    def __init__(self, answer: Any):
        self.answer = answer

    def predict(self, context, model_input, params=None):
        return self.answer


class Message(pydantic.BaseModel):
    role: str
    content: str
    turn: int | None = None


#: What a model can answer whatever it is asked, by the name that a case has for it.
CONSTANTS = {
    "a number": 1,
    "texts": numpy.array([["a", "b"], ["c", "d"]]),
    "objects": numpy.array([["a", "b"], ["c", "d"]], dtype=object),
    "NaN": numpy.array([1.0, numpy.nan]),
    "infinity": numpy.array([1.0, numpy.inf]),
    "a table": pandas.DataFrame({"class": ["yes", "no"], "score": [0.75, 0.25]}),
    "a table without a value": pandas.DataFrame({"score": [0.75, None]}),
    "a series": pandas.Series([1, 2], name="class"),
    "a series without a name": pandas.Series([1.5, 2.5]),
    "float32": numpy.array([0.1, 0.2], dtype="float32"),
    "booleans": numpy.array([True, False]),
    "times": numpy.array(["2021-01-01", "2021-02-02"], dtype="datetime64[ns]"),
    "a table of times": pandas.DataFrame({"at": pandas.to_datetime(["2021-01-01T12:30:00"])}),
    "bytes": [b"\x01\x02\x03"],
    "arrays by name": {"a": numpy.array([1, 2]), "b": numpy.array([[1.5], [2.5]])},
    "nothing": None,
}
#: Python's types of a model's argument, as they are written.
HINTS = {
    "list[int]": list[int],
    "list[str]": list[str],
    "list[bool]": list[bool],
    "list[float]": list[float],
    "list[bytes]": list[bytes],
    "list[datetime]": list[datetime.datetime],
    "list[list[str]]": list[list[str]],
    "list[dict[str, int]]": list[dict[str, int]],
    "list[dict[str, list[str]]]": list[dict[str, list[str]]],
    "list[int | str]": list[int | str],
    "list[Any]": list[Any],
    "list[Message]": list[Message],
}
_KINDS = {"rows": Rows, "told": Told, "params": Params, "chat": Chat, "failing": Failing}


def told(given: Any) -> Any:
    """A model's input in JSON, with types."""
    if isinstance(given, pandas.DataFrame):
        return [[str(name), *map(_word, given[name])] for name in given.columns]
    if isinstance(given, numpy.ndarray):
        return f"array of {_dtype(given)} {list(given.shape)}: {_plain(given.tolist())}"
    if isinstance(given, dict):
        return {str(name): told(value) for name, value in given.items()}
    if isinstance(given, list):
        return [told(value) for value in given]
    return _word(given)


def _word(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_word, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name}: {_word(each)}' for name, each in value.items())}}}"
    if isinstance(value, numpy.ndarray):
        return told(value)
    if value is None or pandas.isna(value):
        # MLflow tells texts that are missing in several ways, and pandas makes one of them.
        return "missing"
    shown = value.isoformat() if isinstance(value, datetime.datetime) else str(value)
    return f"{type(value).__name__} {shown}"


def _plain(value: Any) -> str:
    return f"[{', '.join(map(_plain, value))}]" if isinstance(value, list) else str(value)


def _dtype(array: numpy.ndarray) -> str:
    return "texts" if array.dtype.kind == "U" else str(array.dtype)


def save(folder: Path, answers: str, described: dict[str, Any]) -> Path:
    """A model folder. ``described`` may have ``inputs`` and ``params``, in the words of MLflow's signature files."""
    parts = {
        name: json.dumps(described[name]) for name in ("inputs", "params") if name in described
    }
    signature = ModelSignature.from_dict(parts) if parts else None
    if answers == "neighbours":
        flowers = load_iris()
        model = KNeighborsClassifier().fit(flowers.data[:, :2], flowers.target)
        mlflow.sklearn.save_model(
            model,
            folder,
            signature=signature,
            pip_requirements=[],
            serialization_format="cloudpickle",
        )
        return folder
    mlflow.pyfunc.save_model(
        folder, python_model=_python_model(answers), signature=signature, pip_requirements=[]
    )
    return folder


def _python_model(answers: str) -> mlflow.pyfunc.PythonModel:
    kind, _, which = answers.partition(": ")
    if kind == "constant":
        return Constant(CONSTANTS[which])
    if kind == "hinted":
        return _hinted(HINTS[which])
    return _KINDS[kind]()


def _hinted(hint: Any) -> mlflow.pyfunc.PythonModel:
    class Hinted(mlflow.pyfunc.PythonModel):
        def predict(self, model_input: hint) -> list[str]:
            return [_word(each) for each in model_input]

    return Hinted()
