"""Settings of MLmodel, judged without loading anything."""

import copy
import importlib
import inspect
import random
import re

import pytest
import yaml
from hostile import scan
from mlflow.models import Model
from tollgate_serving.mlmodel import LOADERS, read_mlmodel
from tollgate_serving.mlmodel_settings import TOP
from tollgate_serving.yaml_file import OddYaml, read_plain_yaml

FILES = {"MLmodel", "model.pkl", "input_example.json", "conda.yaml", "python_env.yaml"}
GOOD = {
    "flavors": {
        "python_function": {
            "env": {"conda": "conda.yaml", "virtualenv": "python_env.yaml"},
            "loader_module": "mlflow.sklearn",
            "model_path": "model.pkl",
            "predict_fn": "predict",
            "python_version": "3.11.7",
        },
        "sklearn": {
            "code": None,
            "pickled_model": "model.pkl",
            "serialization_format": "cloudpickle",
            "sklearn_version": "1.9.1",
        },
    },
    "mlflow_version": "3.17.2",
    "model_id": None,
    "model_size_bytes": 1234,
    "model_uuid": "0123456789abcdef0123456789abcdef",
    "saved_input_example_info": {
        "artifact_path": "input_example.json",
        "pandas_orient": "split",
        "type": "dataframe",
    },
    "signature": {"inputs": '[{"type": "double", "name": "a", "required": true}]', "outputs": None},
    "utc_time_created": "2026-01-31 12:00:00.000000",
}
PREDICT = ("predict", "predict_proba", "predict_log_proba", "predict_joint_log_proba", "score")
#: Settings of which the value decides nothing about what is loaded.
INFORMATION = [
    "artifact_path",
    "databricks_runtime",
    "env_vars",
    "is_signature_from_type_hint",
    "metadata",
    "mlflow_version",
    "model_id",
    "model_size_bytes",
    "model_uuid",
    "prompts",
    "resources",
    "auth_policy",
    "run_id",
    "saved_input_example_info",
    "signature",
    "type_hint_from_example",
    "utc_time_created",
]


def problems(document, files=FILES):
    return read_mlmodel(yaml.safe_dump(document).encode(), set(files)).problems


def edited(path, value):
    document = copy.deepcopy(GOOD)
    *parents, key = path.split(".")
    place = document
    for parent in parents:
        place = place[parent]
    place[key] = value
    return document


def test_takes_what_mlflow_writes():
    described = read_mlmodel(yaml.safe_dump(GOOD).encode(), FILES)
    assert (described.problems, described.code) == (set(), set())
    assert described.kinds == {"model.pkl": "pickle"}


def test_leaves_it_to_others_whether_it_says_what_it_needs():
    assert problems(GOOD, FILES - {"conda.yaml", "python_env.yaml"}) == set()


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        (
            "flavors.python_function.loader_module",
            "my_loader",
            "python_function.loader_module is 'my_loader', not one of mlflow.sklearn, mlflow.xgboost, "
            "mlflow.lightgbm, mlflow.catboost, mlflow.onnx, mlflow.pyfunc.model, mlflow.pyfunc.loaders.code_model",
        ),
        (
            "flavors.sklearn.pickled_model",
            "../model.pkl",
            "sklearn.pickled_model is '../model.pkl', no plain path inside the version",
        ),
        (
            "flavors.sklearn.loader",
            "a",
            "it has the setting sklearn.'loader', which isn't known",
        ),
        (
            "flavors.python_function.config",
            {"a": 1},
            "python_function.config is {'a': 1}, which isn't allowed, as code reads it",
        ),
        ("flavors.keras", {}, "its flavor 'keras' is none whose files can be judged"),
        ("load_input_example", "a", "it has the setting 'load_input_example', which isn't known"),
    ],
)
def test_says_which_setting_it_refuses(path, value, problem):
    assert problem in problems(edited(path, value))


def test_marks_files_that_it_names_as_code(tmp_path):
    described = edited("flavors.python_function.code", "code")
    listed = scan(
        tmp_path,
        {
            "MLmodel": yaml.safe_dump(described).encode(),
            "code/data": b"a = 1",
            "model.pkl": b"\x80\x04N.",
            "conda.yaml": b"",
            "python_env.yaml": b"",
            "input_example.json": b"{}",
        },
    )
    assert listed["code/data"]["problem"] == "MLmodel names it, or its folder, as code."
    assert "MLmodel" not in listed


def test_tells_a_file_that_is_something_else_than_it_says(tmp_path):
    described = edited("flavors.sklearn.serialization_format", "skops")
    files = {path: b"" for path in FILES}
    files |= {"MLmodel": yaml.safe_dump(described).encode(), "model.pkl": b"\x80\x04N."}
    assert scan(tmp_path, files)["MLmodel"]["problem"] == (
        "It takes 'model.pkl' for skops, which is pickle."
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a: 1\na: 2\n", "it has the key 'a' twice"),
        (b"a: &b 1\n", "it has an anchor or an alias"),
        (b"a: !b 1\n", "it has the tag '!b'"),
        (b"a: !!str 1\n", "it has the tag 'tag:yaml.org,2002:str'"),
        (b"<<: {a: 1}\n", "it has a key that is no plain text"),
        (b"? [a]\n: 1\n", "it has a key that is no plain text"),
        (b"a: 1\n---\nb: 1\n", "expected a single document in the stream"),
        (b"\xff\xfea\x00", "it isn't UTF-8"),
        ("a: b\u2028c: d\n".encode(), "it holds the character U+2028"),
        ("\ufeffa: b\n".encode(), "it holds the character U+FEFF"),
        (b"[" * 100_000, "it is more than 20 levels deep"),
        (b"[" + b"a," * 60_000 + b"]", "it has more than 50,000 values"),
        (b"#" * 200_001, "it has more than 200,000 bytes"),
        (b"a: [", "while parsing a flow node"),
        (b"a: 2026-99-99\n", "month must be in 1..12"),
    ],
)
def test_reads_yaml_in_one_way_only(content, why):
    with pytest.raises(OddYaml, match=f"^{re.escape(why)}"):
        read_plain_yaml(content, 200_000)


def test_ten_thousand_changed_files_neither_crash_nor_pass():
    """Bytes and settings changed at random. What still passes loads the same model in the same way."""
    numbers = random.Random(4711)
    good = yaml.safe_dump(GOOD).encode()
    decisive = decisive_of(yaml.safe_load(good))
    passed = 0
    for index in range(10_000):
        content = changed_bytes(good, numbers) if index % 2 else changed_settings(numbers)
        described = read_mlmodel(content, FILES)
        if described.problems or described.code:
            continue
        passed += 1
        # As MLflow reads it, which opens the file as text.
        found = yaml.safe_load(content.decode())
        assert decisive_of(found) == decisive, content.decode()
        assert described.kinds == {"model.pkl": "pickle"}
    # Most of the file is information, so some do pass: otherwise this would show nothing.
    assert 300 < passed < 6000


def decisive_of(document):
    """All but information, with nulls left out, as MLflow takes them for nothing."""
    left = {key: value for key, value in document.items() if key not in INFORMATION}
    flavors = left["flavors"]
    for flavor in flavors.values():
        for key in ("python_version", "sklearn_version", "cloudpickle_version", "env"):
            flavor.pop(key, None)
        # Named by people, or read only by who asks for a stream.
        for key in ("skops_trusted_types", "streamable", "predict_stream_fn", "extra_files"):
            flavor.pop(key, None)
        # Which of the model's own answers it gives is measured.
        assert flavor.pop("predict_fn", None) in (None, *PREDICT)
        # Both are unpickled from the same file.
        if flavor.get("serialization_format") in (None, "pickle"):
            flavor["serialization_format"] = "cloudpickle"
        for key in [key for key, value in flavor.items() if value in (None, {}, [])]:
            del flavor[key]
    flavors["sklearn"].setdefault("serialization_format", "cloudpickle")
    return left


def changed_bytes(good, numbers):
    content = bytearray(good)
    for _ in range(numbers.randint(1, 3)):
        place = numbers.randrange(len(content))
        how = numbers.randrange(4)
        if how == 0:
            content[place] ^= 1 << numbers.randrange(8)
        elif how == 1:
            content[place] = numbers.choice(b" :'\"-[]{}&*!|>%@`#,\n\tab0")
        elif how == 2:
            del content[place : place + numbers.randint(1, 20)]
        else:
            start = numbers.randrange(len(content))
            content[place:place] = content[start : start + numbers.randint(1, 40)]
    return bytes(content)


def changed_settings(numbers):
    """A key of some mapping gets another value, is removed, renamed, or put somewhere else."""
    document = copy.deepcopy(GOOD)
    for _ in range(numbers.randint(1, 3)):
        places = list(mappings_in(document))
        place = numbers.choice(places)
        values = [
            None,
            {},
            [],
            "",
            "a",
            "..",
            "../a",
            "/etc",
            "model.pkl",
            "conda.yaml",
            "mlflow.xgboost",
            "mlflow.pyfunc.model",
            "skops",
            "pickle",
            "predict_proba",
            7,
            True,
            ["a"],
            {"path": "../a"},
        ]
        keys = [
            *place,
            "code",
            "config",
            "data",
            "python_model",
            "model_code_path",
            "loader_module",
        ]
        key, value = numbers.choice(keys), numbers.choice(values)
        how = numbers.randrange(4)
        if how == 0:
            place.pop(key, None)
        elif how == 1 and key in place:
            place[numbers.choice(keys) + numbers.choice(["", "_", "s"])] = place.pop(key)
        elif how == 2 and key in place:
            numbers.choice(places)[key] = copy.deepcopy(place[key])
        else:
            place[key] = copy.deepcopy(value)
    return yaml.dump(document, Dumper=PlainDumper).encode()


class PlainDumper(yaml.SafeDumper):
    def ignore_aliases(self, _):
        return True


def mappings_in(value):
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from mappings_in(each)


@pytest.mark.parametrize("module", LOADERS)
def test_knows_loaders_that_this_mlflow_has(module):
    assert callable(importlib.import_module(module)._load_pyfunc)


def test_knows_every_setting_that_this_mlflow_writes():
    """A new one has to be looked at: MLflow might read it as a path or as code."""
    written = set(inspect.signature(Model.__init__).parameters) - {"self", "kwargs"}
    assert written - TOP.keys() == set()
