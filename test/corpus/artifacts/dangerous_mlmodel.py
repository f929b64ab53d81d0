"""MLmodel files that import, open or call something else than the model, or that can be read in two ways."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from harmless import STORED

Change = tuple[str, Callable[[Path], None]]


def _set(where: str, value: Any) -> Callable[[Path], None]:
    """Sets one key, such as ``python_function.code``; ``+`` in front stands for the top of the file."""

    def change(folder: Path) -> None:
        described = yaml.safe_load((folder / "MLmodel").read_text())
        first, _, key = where.partition(".")
        (described if first == "+" else described["flavors"].setdefault(first, {}))[key] = value
        (folder / "MLmodel").write_text(yaml.safe_dump(described))

    return change


def _text(edit: Callable[[str], str | bytes]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        edited = edit((folder / "MLmodel").read_text())
        content = edited if isinstance(edited, bytes) else edited.encode()
        (folder / "MLmodel").write_bytes(content)

    return change


def _stored(name: str, where: str, value: Any) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        shutil.rmtree(folder)
        shutil.copytree(STORED / name, folder)
        _set(where, value)(folder)

    return change


def _code_folder(folder: Path) -> None:
    (folder / "code").mkdir()
    # Neither its name nor its bytes say that it is code; the setting does.
    (folder / "code" / "sklearn").write_text("a = 1\n")
    _set("python_function.code", "code")(folder)


def _code_file(folder: Path) -> None:
    (folder / "model.txt").write_text("a = 1\n")
    _set("python_function.model_code_path", "model.txt")(folder)


def _second_mlmodel(folder: Path) -> None:
    (folder / "inner").mkdir()
    shutil.copy(folder / "model.pkl", folder / "inner" / "model.pkl")
    shutil.copy(folder / "MLmodel", folder / "inner" / "MLmodel")
    _set("python_function.model_path", "inner/model.pkl")(folder)
    _set("sklearn.pickled_model", "inner/model.pkl")(folder)


def _deep(text: str) -> str:
    return text + "metadata: " + "[" * 40 + "]" * 40 + "\n"


PF = "python_function"
MLMODELS: dict[str, Change] = {
    "loader-foreign": (
        "a module of the model's own loads it",
        _set(f"{PF}.loader_module", "payload"),
    ),
    "loader-relative": (
        "only begins like MLflow's",
        _set(f"{PF}.loader_module", "mlflow.sklearn.payload"),
    ),
    "loader-other": (
        "a loader of MLflow that opens other files",
        _set(f"{PF}.loader_module", "mlflow.pytorch"),
    ),
    "loader-server": (
        "a module of MLflow that loads nothing",
        _set(f"{PF}.loader_module", "mlflow.server"),
    ),
    "loader-of-another": (
        "a loader whose flavor isn't there",
        _set(f"{PF}.loader_module", "mlflow.xgboost"),
    ),
    "loader-missing": ("no loader", _set(f"{PF}.loader_module", None)),
    "loader-list": ("a list of loaders", _set(f"{PF}.loader_module", ["mlflow.sklearn"])),
    "code-folder": ("a folder of code without any suffix", _code_folder),
    "code-upwards": ("code from above the version", _set(f"{PF}.code", "../code")),
    "code-absolute": ("code from anywhere", _set(f"{PF}.code", "/usr/lib")),
    "code-of-flavor": ("code named by the other flavor", _set("sklearn.code", "..")),
    "code-missing": ("code that isn't in the version", _set(f"{PF}.code", "code")),
    "model-code": ("a file that MLflow runs", _code_file),
    "path-upwards": ("the model lies above", _set(f"{PF}.model_path", "../model.pkl")),
    "path-absolute": ("the model lies anywhere", _set("sklearn.pickled_model", "/tmp/model.pkl")),
    "path-uri": (
        "the model lies at an address",
        _set("sklearn.pickled_model", "file:///model.pkl"),
    ),
    "path-missing": ("the model isn't in the digest", _set("sklearn.pickled_model", "other.pkl")),
    "path-ignored": (
        "what the digest leaves out",
        _set("sklearn.pickled_model", "registered_model_meta"),
    ),
    "path-folder": ("the model is a folder", _second_mlmodel),
    "paths-differ": ("two settings name two files", _set(f"{PF}.model_path", "conda.yaml")),
    "data": ("data, which this loader takes for a folder", _set(f"{PF}.data", "model.pkl")),
    "config": ("settings that code reads", _set(f"{PF}.config", {"a": 1})),
    "python-model": (
        "a pickle that this loader doesn't read",
        _set(f"{PF}.python_model", "model.pkl"),
    ),
    "artifacts": (
        "artifacts from above",
        _set(f"{PF}.artifacts", {"a": {"path": "../a", "uri": "a"}}),
    ),
    "predict-fn": ("another method answers", _set(f"{PF}.predict_fn", "__init__")),
    "environment": (
        "an environment from elsewhere",
        _set(f"{PF}.env", {"conda": "/tmp/conda.yaml"}),
    ),
    "extra-files": ("extra files from above", _set("sklearn.extra_files", [{"path": "../a"}])),
    "says-skops": (
        "says it is skops, and is a pickle",
        _set("sklearn.serialization_format", "skops"),
    ),
    "says-other": ("an unknown format", _set("sklearn.serialization_format", "dill")),
    "flavor-unknown": ("a flavor that can't be judged", _set("keras.data", "data")),
    "flavor-made-up": ("a flavor that nobody knows", _set("payload.data", "model.pkl")),
    "key-of-flavor": ("a setting that nobody knows", _set("sklearn.loader", "payload")),
    "key-of-model": (
        "a setting that replaces a method of MLflow's",
        _set("+.load_input_example", "a"),
    ),
    "example-upwards": (
        "its example lies above",
        _set("+.saved_input_example_info", {"artifact_path": "../a", "type": "dataframe"}),
    ),
    "prompts": ("prompts that the registry holds", _set("+.prompts", ["prompts:/a/1"])),
    "no-flavors": ("no flavors", _set("+.flavors", {})),
    "key-twice": ("a key that is there twice", _text(lambda text: text + "flavors: {}\n")),
    "alias": (
        "an anchor and an alias",
        _text(lambda text: text + "metadata: &a {b: 1}\nenv_vars: [*a]\n"),
    ),
    "merge": ("a merged mapping", _text(lambda text: text + "metadata: {<<: {a: 1}}\n")),
    "tag": (
        "a tag of Python's",
        _text(lambda text: text + "metadata: !!python/name:payload.mark ''\n"),
    ),
    "documents": ("two documents", _text(lambda text: text + "---\nflavors: {}\n")),
    "utf-16": ("another encoding", _text(lambda text: text.encode("utf-16"))),
    "odd-line": (
        "a line's end that only some see",
        _text(lambda text: text + "metadata: a\u2028flavors: b\n"),
    ),
    "deep": ("deeper than any model needs", _text(_deep)),
    "long": ("longer than any model needs", _text(lambda text: text + "#" * 1_000_001)),
    "no-yaml": ("no YAML", _text(lambda _: "a: [")),
    "xgboost-class": (
        "a class that is looked up and called",
        _stored("xgb-classifier-ubj", "xgboost.model_class", "payload.Marking"),
    ),
    "xgboost-data": (
        "its data lies above",
        _stored("xgb-classifier-ubj", "xgboost.data", "../model.ubj"),
    ),
    "lightgbm-class": (
        "its class says that text is a pickle",
        _stored("lgb-booster", "lightgbm.model_class", "lightgbm.sklearn.LGBMClassifier"),
    ),
    "lightgbm-class-foreign": (
        "a foreign class",
        _stored("lgb-booster", "lightgbm.model_class", "payload.Marking"),
    ),
    "catboost-type": (
        "a foreign type",
        _stored("cat-classifier", "catboost.model_type", "Marking"),
    ),
    "onnx-session": (
        "a setting of the session that loads a library",
        _stored("onnx-logistic", "onnx.onnx_session_options", {"extra_session_config": {"a": "b"}}),
    ),
    "onnx-provider": (
        "a provider with a library of its own",
        _stored("onnx-logistic", "onnx.providers", [["CPUExecutionProvider", {"a": "b"}]]),
    ),
}
