"""The settings of a version's MLmodel: what MLflow would import, open or call because of them.

Every key is known here, with what it may hold; one that isn't known is a problem, since a flavor may read it as a path
or as code. Files that a key names must lie in the version as plain files, so they are in its digest and were looked
into, and must be what the key takes them for.
"""

from __future__ import annotations

from typing import Any

from tollgate_serving.mlmodel_settings import FLAVORS, PYFUNC, TOP, Described, Settings, shown
from tollgate_serving.yaml_file import OddYaml, read_plain_yaml

#: Bytes of an MLmodel file.
MAX_MLMODEL = 1_000_000
#: Modules of MLflow whose `_load_pyfunc` opens only what is judged here, each with the flavor it reads.
LOADERS = {
    "mlflow.sklearn": "sklearn",
    "mlflow.xgboost": "xgboost",
    "mlflow.lightgbm": "lightgbm",
    "mlflow.catboost": "catboost",
    "mlflow.onnx": "onnx",
    "mlflow.pyfunc.model": None,
    "mlflow.pyfunc.loaders.code_model": None,
}


def read_mlmodel(content: bytes, files: set[str]) -> Described:
    """Judges an MLmodel file's bytes; ``files`` are the version's paths. Bounded, and imports nothing."""
    reader = _Reader(files)
    try:
        document = read_plain_yaml(content, MAX_MLMODEL)
    except OddYaml as error:
        reader.problem(f"it can't be read: {error}")
        return reader.described
    if isinstance(document, dict):
        reader.read(document)
    else:
        reader.problem("it can't be read: it holds no settings")
    return reader.described


class _Reader(Settings):
    def read(self, document: dict[Any, Any]) -> None:
        self.keys("", document, TOP)
        flavors = document.get("flavors")
        if not isinstance(flavors, dict) or not flavors:
            self.problem("it names no flavors")
            return
        for name, settings in flavors.items():
            known = FLAVORS.get(name) if isinstance(name, str) else None
            if known is None:
                self.problem(f"its flavor {shown(name)} is none whose files can be judged")
            elif not isinstance(settings, dict):
                self.problem(f"its flavor {name} holds no settings")
            else:
                self.keys(f"{name}.", settings, known)
        if PYFUNC not in flavors:
            self.problem(f"it has no flavor {PYFUNC}, by which a scorer loads it")
        elif isinstance(flavors[PYFUNC], dict):
            self._loader(flavors[PYFUNC], flavors)
        if isinstance(flavors.get("sklearn"), dict):
            self._sklearn(flavors["sklearn"])
        if isinstance(flavors.get("lightgbm"), dict):
            self._lightgbm(flavors["lightgbm"])

    def _loader(self, pyfunc: dict[str, Any], flavors: dict[str, Any]) -> None:
        """A loader reads its own flavor's settings, and a file that both must name alike."""
        module = pyfunc.get("loader_module")
        if not isinstance(module, str) or module not in LOADERS:
            # Whatever it is called, importing it is what runs it.
            self.problem(
                f"{PYFUNC}.loader_module is {shown(module)}, not one of {', '.join(LOADERS)}"
            )
            return
        flavor = LOADERS[module]
        own = {"python_model", "python_model_compression", "artifacts", "model_code_path"}
        if flavor is None:
            if "python_model" not in pyfunc and "model_code_path" not in pyfunc:
                self.problem(f"{PYFUNC} names no python_model")
            self._not_here(pyfunc, {"data", "model_path"}, module)
            return
        self._not_here(pyfunc, own, module)
        settings = flavors.get(flavor)
        if not isinstance(settings, dict):
            self.problem(f"{module} reads the settings of the flavor {flavor}, which isn't there")
            return
        here, there = ("model_path", "pickled_model") if flavor == "sklearn" else ("data", "data")
        self._not_here(pyfunc, {"data", "model_path"} - {here}, module)
        if here not in pyfunc or pyfunc[here] != settings.get(there):
            self.problem(f"{PYFUNC}.{here} and {flavor}.{there} name two files")

    def _not_here(self, settings: dict[str, Any], keys: set[str], module: str) -> None:
        for key in sorted(keys & settings.keys()):
            self.problem(f"{PYFUNC}.{key} is no setting of {module}")

    def _sklearn(self, settings: dict[str, Any]) -> None:
        # Without a format MLflow unpickles.
        written = settings.get("serialization_format", "pickle")
        self.expect(settings.get("pickled_model"), "skops" if written == "skops" else "pickle")

    def _lightgbm(self, settings: dict[str, Any]) -> None:
        if settings.get("model_class", "lightgbm.basic.Booster") == "lightgbm.basic.Booster":
            self.expect(settings.get("data"), "data")
        else:
            written = settings.get("serialization_format", "cloudpickle")
            self.expect(settings.get("data"), "skops" if written == "skops" else "pickle")
