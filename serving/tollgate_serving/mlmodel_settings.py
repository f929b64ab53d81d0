"""What each setting of an MLmodel file may hold: every key that MLflow 3.17 writes, and how its value is checked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tollgate_serving.file_names import odd_name

PYFUNC = "python_function"
#: How many problems one file is told with.
_MAX_PROBLEMS = 20

_PREDICT = {"predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score"}
_XGBOOST = "Booster XGBClassifier XGBModel XGBRFClassifier XGBRFRegressor XGBRanker XGBRegressor"
_LIGHTGBM = "LGBMClassifier LGBMModel LGBMRanker LGBMRegressor"
_CATBOOST = {"CatBoost", "CatBoostClassifier", "CatBoostRanker", "CatBoostRegressor"}
_PROVIDERS = {"CPUExecutionProvider", "CUDAExecutionProvider"}
_SESSION = {
    "inter_op_num_threads",
    "intra_op_num_threads",
    "execution_mode",
    "graph_optimization_level",
}
_PICKLES = {"pickle", "cloudpickle"}


@dataclass
class Described:
    """What an MLmodel says."""

    problems: set[str] = field(default_factory=set)
    #: Folders that Python would import from, and files it would run.
    code: set[str] = field(default_factory=set)
    #: Files that a flavor takes for `pickle`, `skops`, `onnx` or `data` (none of these).
    kinds: dict[str, str] = field(default_factory=dict)


class Settings:
    """Checks settings, and keeps what they say and what is wrong with them."""

    def __init__(self, files: set[str]):
        self.described = Described()
        self._files = files

    def problem(self, text: str) -> None:
        if len(self.described.problems) < _MAX_PROBLEMS:
            self.described.problems.add(text)

    def keys(self, prefix: str, settings: dict[Any, Any], known: dict[str, _Check]) -> None:
        for key, value in settings.items():
            check = known.get(key) if isinstance(key, str) else None
            if check is None:
                self.problem(f"it has the setting {prefix}{shown(key)}, which isn't known")
            elif value is not None and (why := check(self, value)):
                self.problem(f"{prefix}{key} is {shown(value)}, {why}")

    def expect(self, path: Any, kind: str) -> None:
        if isinstance(path, str):
            known = self.described.kinds.setdefault(path, kind)
            if known != kind:
                self.problem(f"it takes {shown(path)} for {known} and for {kind}")

    # What a setting may hold. Each returns why it may not: a clause.

    def file(self, value: Any) -> str | None:
        """A file of the version, wherever it lies."""
        why = self.inside(value)
        return why or (None if value in self._files else "no file of this version")

    def top_file(self, value: Any) -> str | None:
        """Beside MLmodel: a loader looks for settings in the folder of the file it is given."""
        why = self.file(value)
        if why is None and ("/" in value or value == "MLmodel"):
            return "which must lie beside MLmodel"
        return why

    def pickle(self, value: Any) -> str | None:
        why = self.file(value)
        if why is None:
            self.expect(value, "pickle")
        return why

    def data(self, value: Any) -> str | None:
        why = self.top_file(value)
        if why is None:
            self.expect(value, "data")
        return why

    def onnx(self, value: Any) -> str | None:
        why = self.top_file(value)
        if why is None:
            self.expect(value, "onnx")
        return why

    def file_or_folder(self, value: Any) -> str | None:
        why = self.inside(value)
        if why is None and value not in self._files and not self._is_folder(value):
            return "no file or folder of this version"
        return why

    def code(self, value: Any) -> str | None:
        """A folder that Python imports from; each file in it is code then."""
        why = self.inside(value)
        if why is None:
            if value not in self._files and not self._is_folder(value):
                return "no folder of this version"
            self.described.code.add(value)
        return why

    def model_code(self, value: Any) -> str | None:
        """Models from code: MLflow writes where the file was, and runs the one of that name beside MLmodel."""
        why = self.text(value) or self.top_file(name := value.rpartition("/")[2])
        if why is None:
            self.described.code.add(name)
        return why

    def env(self, value: Any) -> str | None:
        """Files that tell what to install. Scorers don't read them, so one that isn't there is for others to judge."""
        if isinstance(value, dict):
            self.keys("env.", value, {"conda": Settings.inside, "virtualenv": Settings.inside})
            return None
        return self.inside(value)

    def example(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return "no settings"
        self.keys("saved_input_example_info.", value, _EXAMPLE)
        return None

    def artifacts(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return "no list of files"
        for name, described in value.items():
            if not isinstance(described, dict) or "path" not in described:
                return "no list of files"
            known = {"path": Settings.file_or_folder, "uri": Settings.text}
            self.keys(f"artifacts.{shown(name)}.", described, known)
        return None

    def extra_files(self, value: Any) -> str | None:
        if not isinstance(value, list):
            return "no list of files"
        for each in value:
            if not isinstance(each, dict):
                return "no list of files"
            self.keys("extra_files.", each, {"path": Settings.file})
        return None

    def session(self, value: Any) -> str | None:
        if not isinstance(value, dict):
            return "no settings"
        self.keys("onnx_session_options.", value, dict.fromkeys(_SESSION, Settings.plain))
        return None

    def providers(self, value: Any) -> str | None:
        if isinstance(value, list) and all(type(each) is str for each in value):
            return None if set(value) <= _PROVIDERS else f"not of {', '.join(sorted(_PROVIDERS))}"
        return "no list of names"

    def text(self, value: Any) -> str | None:
        return None if isinstance(value, str) else "no text"

    def texts(self, value: Any) -> str | None:
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return None
        return "no list of texts"

    def truth(self, value: Any) -> str | None:
        return None if isinstance(value, bool) else "neither true nor false"

    def plain(self, value: Any) -> str | None:
        """A text or a number that tells where the model comes from."""
        return "no text or number" if isinstance(value, dict | list) else None

    def anything(self, value: Any) -> None:
        """For people, or checked where it is read: nothing is opened or imported because of it."""

    def nothing(self, value: Any) -> str | None:
        return None if value in ({}, []) else "which isn't allowed, as code reads it"

    def inside(self, value: Any) -> str | None:
        """A path that leads nowhere out of the version."""
        if not isinstance(value, str) or not value:
            return "no path"
        return "no plain path inside the version" if odd_name(value) or ":" in value else None

    def _is_folder(self, value: str) -> bool:
        return any(path.startswith(f"{value}/") for path in self._files)


_Check = Callable[[Settings, Any], str | None]


def _one_of(allowed: set[str]) -> _Check:
    shown = ", ".join(sorted(allowed))

    def check(_: Settings, value: Any) -> str | None:
        return None if isinstance(value, str) and value in allowed else f"not one of {shown}"

    return check


def shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


# Keys that MLflow 3.17 writes, each with what it may hold; null is the same as no key.
TOP: dict[str, _Check] = {
    "flavors": Settings.anything,
    "signature": Settings.anything,
    "metadata": Settings.anything,
    "saved_input_example_info": Settings.example,
    "env_vars": Settings.texts,
    "is_signature_from_type_hint": Settings.truth,
    "type_hint_from_example": Settings.truth,
    "resources": Settings.nothing,
    "auth_policy": Settings.nothing,
    "prompts": Settings.nothing,
} | dict.fromkeys(
    [
        "artifact_path",
        "databricks_runtime",
        "mlflow_version",
        "model_id",
        "model_size_bytes",
        "model_uuid",
        "run_id",
        "utc_time_created",
    ],
    Settings.plain,
)
_EXAMPLE: dict[str, _Check] = {
    "artifact_path": Settings.file,
    "serving_input_path": Settings.file,
    "pandas_orient": _one_of({"split", "records", "index", "columns", "values"}),
    "type": _one_of(
        {"dataframe", "ndarray", "sparse_matrix_csc", "sparse_matrix_csr", "json_object"}
    ),
    "format": _one_of({"tf-serving"}),
}
_COMMON: dict[str, _Check] = {"code": Settings.code, "extra_files": Settings.extra_files}
_SERIALIZATION = _one_of(_PICKLES | {"skops"})
FLAVORS: dict[str, dict[str, _Check]] = {
    PYFUNC: {
        "loader_module": Settings.text,
        "python_version": Settings.plain,
        "cloudpickle_version": Settings.plain,
        "env": Settings.env,
        "code": Settings.code,
        "config": Settings.nothing,
        "data": Settings.top_file,
        "model_path": Settings.top_file,
        "model_code_path": Settings.model_code,
        "python_model": Settings.pickle,
        "python_model_compression": _one_of({"none", "lzma", "bzip2", "gzip"}),
        "artifacts": Settings.artifacts,
        "predict_fn": _one_of(_PREDICT),
        "predict_stream_fn": _one_of({"predict_stream"}),
        "streamable": Settings.truth,
    },
    "sklearn": _COMMON
    | {
        "pickled_model": Settings.top_file,
        "sklearn_version": Settings.plain,
        "serialization_format": _SERIALIZATION,
        "skops_trusted_types": Settings.texts,
    },
    "xgboost": _COMMON
    | {
        "data": Settings.data,
        "xgb_version": Settings.plain,
        "model_format": _one_of({"json", "ubj", "xgb"}),
        "model_class": _one_of(
            {
                f"xgboost.{'core' if name == 'Booster' else 'sklearn'}.{name}"
                for name in _XGBOOST.split()
            }
        ),
    },
    "lightgbm": _COMMON
    | {
        "data": Settings.top_file,
        "lgb_version": Settings.plain,
        "serialization_format": _SERIALIZATION,
        "skops_trusted_types": Settings.texts,
        "model_class": _one_of(
            {"lightgbm.basic.Booster", *(f"lightgbm.sklearn.{name}" for name in _LIGHTGBM.split())}
        ),
    },
    "catboost": _COMMON
    | {
        "data": Settings.data,
        "catboost_version": Settings.plain,
        "model_type": _one_of(_CATBOOST),
        "save_format": _one_of({"cbm", "json", "onnx"}),
    },
    "onnx": _COMMON
    | {
        "data": Settings.onnx,
        "onnx_version": Settings.plain,
        "providers": Settings.providers,
        "onnx_session_options": Settings.session,
    },
}
