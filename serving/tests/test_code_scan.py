import gzip
import io
import json
import os
import pickle
import time
import zipfile
from pathlib import Path

import cloudpickle
import joblib
import models
import numpy
import pandas
import pytest
from fickling.fickle import Pickled
from hostile import SYSTEM, Call, scan, zipped
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from tollgate_serving import archives, skops_scan
from tollgate_serving.code_scan import scan_code
from tollgate_serving.digest import sha256_of_file

FOREST = {
    "sklearn.ensemble._forest.RandomForestClassifier",
    "sklearn.tree._classes.DecisionTreeClassifier",
    "sklearn.tree._tree.Tree",
}


def dumped(value: object, compress: object = 0) -> bytes:
    content = io.BytesIO()
    joblib.dump(value, content, compress=compress)
    return content.getvalue()


@pytest.fixture(scope="module")
def forest():
    """Fitted on a table, so that it holds the names of the columns as an array of objects."""
    features, label = models.table()
    return RandomForestClassifier(5, random_state=0).fit(features, label)


class TestRealModels:
    def test_lists_the_types_of_a_skops_file(self, linear):
        listed = scan_code(linear)
        assert listed["scanned"] == len([each for each in linear.rglob("*") if each.is_file()])
        assert listed["files"] == [
            {
                "path": "model.skops",
                "format": "skops",
                "sha256": sha256_of_file(linear / "model.skops"),
                "uses": {
                    "builtins.dict": ["skops DictNode"],
                    "builtins.list": ["skops key ListNode"],
                    "builtins.str": ["skops JsonNode", "skops key TypeNode"],
                    "builtins.tuple": ["skops TupleNode"],
                    "numpy.ndarray": ["skops NdArrayNode"],
                    "sklearn.linear_model._logistic.LogisticRegression": ["skops ObjectNode"],
                },
                "loads": [
                    "builtins.dict",
                    "builtins.list",
                    "builtins.str",
                    "builtins.tuple",
                    "numpy.ndarray",
                    "sklearn.linear_model._logistic.LogisticRegression",
                ],
                "problem": None,
            }
        ]
        assert listed["scanner"].startswith("fickling 0.")

    def test_lists_the_names_of_a_cloudpickled_pipeline(self, mixed):
        (listed,) = scan_code(mixed)["files"]
        assert (listed["path"], listed["format"], listed["problem"]) == (
            "model.pkl",
            "pickle",
            None,
        )
        assert "sklearn.pipeline.Pipeline" in listed["loads"]
        assert listed["loads"] == sorted(listed["loads"])

    def test_lists_python_code_beside_a_model(self, tmp_path):
        listed = {
            each["path"]: each for each in scan_code(models.save_scripted(tmp_path / "m"))["files"]
        }
        assert listed["code/models.py"] == {
            "path": "code/models.py",
            "format": "other",
            "loads": [],
            "uses": {},
            "problem": "MLmodel names it, or its folder, as code; "
            "it is Python code that loading the model may run.",
            "sha256": sha256_of_file(tmp_path / "m/code/models.py"),
        }
        assert "models.Scripted" in listed["python_model.pkl"]["loads"]

    def test_tells_functions_and_classes_pickled_by_value(self, tmp_path):
        class Local:
            def predict(self, rows):
                return [os.getpid() for _ in rows]

        listed = scan(
            tmp_path,
            {"f.pkl": cloudpickle.dumps(lambda rows: rows), "c.pkl": cloudpickle.dumps(Local())},
        )
        made_by = "It holds Python code, made by cloudpickle.cloudpickle"
        assert listed["f.pkl"]["problem"] == f"{made_by}._make_function."
        assert listed["c.pkl"]["problem"] == f"{made_by}._make_skeleton_class."

    @pytest.mark.parametrize(
        "compress", [0, 3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)], ids=str
    )
    def test_reads_what_joblib_writes_however_compressed(self, tmp_path, forest, compress):
        listed = scan(tmp_path, {"model.pkl": dumped(forest, compress)})["model.pkl"]
        assert listed["problem"] is None
        assert {name for name in listed["loads"] if name.startswith("sklearn")} == FOREST

    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_reads_every_protocol(self, tmp_path, forest, protocol):
        listed = scan(tmp_path, {"any.name": pickle.dumps(forest, protocol)})["any.name"]
        assert listed["problem"] is None
        assert {name for name in listed["loads"] if name.startswith("sklearn")} == FOREST

    def test_sees_the_same_names_as_fickling(self, tmp_path, forest):
        features, label = models.table()
        boosted = HistGradientBoostingClassifier(max_iter=3).fit(features, label)
        for index, value in enumerate([forest, boosted, features, {"a": {1, 2}, "b": 1j}]):
            content = pickle.dumps(value, 4)
            seen = {
                f"{node.module}.{alias.name}"
                for node in Pickled.load(content).properties.imports
                for alias in node.names
            }
            listed = scan(tmp_path / str(index), {"m.pkl": content})
            assert set(listed["m.pkl"]["loads"]) == seen

    def test_reads_arrays_of_every_kind_in_joblib_files(self, tmp_path):
        value = {
            "objects": numpy.array(["a", None, {1: 2}], dtype=object),
            "texts": numpy.array(["ab", "c"]),
            "bytes": numpy.array([b"ab"]),
            "times": numpy.array(["2020-01-01"], dtype="M8[ns]"),
            "parts": numpy.zeros(3, dtype=[("a", "f4"), ("b", "i8", (2,))]),
            "matrix": numpy.zeros((3, 4)),
            "none": numpy.zeros((0, 4)),
            "after": Call(os.getcwd),
        }
        listed = scan(tmp_path, {"m.joblib": dumped(value)})["m.joblib"]
        assert listed["problem"] is None
        assert f"{os.getcwd.__module__}.getcwd" in listed["loads"]

    def test_large_model_is_read_in_little_time(self, tmp_path):
        words = {f"word{index}": numpy.int64(index) for index in range(100_000)}
        started = time.monotonic()
        listed = scan(tmp_path, {"vocabulary.pkl": pickle.dumps(words)})
        assert listed["vocabulary.pkl"]["problem"] is None
        assert time.monotonic() - started < 20


class TestPlainData:
    def test_files_of_plain_data_are_not_listed(self, tmp_path):
        frame = pandas.DataFrame({"city": ["paris", "rome"], "x": [1.5, 2.5]})
        parquet, array = io.BytesIO(), io.BytesIO()
        frame.to_parquet(parquet)
        numpy.save(array, numpy.arange(5))
        files = {
            "data.csv": b"city\nparis\nrome\n",
            "cities": b"city\nparis\nrome\n",
            "notes.txt": b"(no pickle)\ncos\nis not one either\n",
            "input_example.json": b'{"columns": ["a"], "data": [[1]]}',
            "conda.yaml": b"dependencies:\n- python=3.11\n",
            "model.ubj": b"{L\x00\x00\x00\x00\x00\x00\x00\x07learner{L\x00",
            "model.onnx": b"\x08\x08\x12\x07skl2onn\x3a\x00",
            "data.parquet": parquet.getvalue(),
            "data.npy": array.getvalue(),
            "data.csv.gz": gzip.compress(b"city\nparis\n"),
            "text": b"x^2 + 1 is a formula",
            "bz": b"BZ is a country",
            "empty": b"",
            "zeros.pt": bytes(1000),
        }
        assert scan(tmp_path, files) == {}

    def test_reads_pickles_in_a_row_up_to_a_hundred(self, tmp_path):
        evil = pickle.dumps(Call(os.system, "true"))
        listed = scan(tmp_path, {"model.pkl": pickle.dumps(1) * 99 + evil})["model.pkl"]
        assert (listed["loads"], listed["problem"]) == ([SYSTEM], None)
        listed = scan(tmp_path, {"model.pkl": pickle.dumps(1) * 101 + evil})["model.pkl"]
        assert listed["problem"] == "It is more than 100 pickles in a row."


class TestArchives:
    def test_reads_pickles_in_archives_in_archives(self, tmp_path):
        evil = pickle.dumps(Call(os.system, "true"))
        content = zipped({"a/inner.zip": zipped({"data.pkl": evil}), "b.json": b"{}"})
        listed = scan(tmp_path, {"model.pt": content})["model.pt"]
        assert (listed["format"], listed["loads"], listed["problem"]) == ("pickle", [SYSTEM], None)

    def test_names_the_member_that_is_damaged(self, tmp_path):
        content = zipped({"archive/data.pkl": pickle.dumps({"a": 1})[:-3]})
        listed = scan(tmp_path, {"model.pt": content})["model.pt"]
        assert listed["problem"] == "In 'archive/data.pkl', it is damaged or truncated."

    def test_tells_python_code_in_an_archive(self, tmp_path):
        listed = scan(tmp_path, {"model.pt": zipped({"code/a.py": b"x = 1"})})["model.pt"]
        assert listed["problem"] == (
            "In 'code/a.py', it is Python code that loading the model may run."
        )

    def test_tells_archives_that_are_too_deep(self, tmp_path):
        content = pickle.dumps(1)
        for _ in range(5):
            content = zipped({"deeper": content})
        listed = scan(tmp_path, {"model.zip": content})["model.zip"]
        assert listed["problem"] == "In 'deeper', it holds archives more than 3 deep."

    def test_reads_a_file_that_is_both_a_pickle_and_an_archive(self, tmp_path):
        content = pickle.dumps(Call(os.system, "true")) + zipped({"a.json": b"{}"})
        assert scan(tmp_path, {"model.bin": content})["model.bin"]["loads"] == [SYSTEM]

    def test_tells_a_truncated_stream(self, tmp_path, forest):
        content = dumped(forest, ("gzip", 3))
        listed = scan(tmp_path, {"m.pkl": content[:-2000]})["m.pkl"]
        assert listed["problem"] == "It is a damaged or truncated archive."

    def test_tells_an_encrypted_member(self, tmp_path):
        content = bytearray(zipped({"data.pkl": pickle.dumps(1)}))
        # Bit 0 of the flags, in the member's header and in the list of members.
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
        listed = scan(tmp_path, {"m.zip": bytes(content)})["m.zip"]
        assert listed["problem"] == "In 'data.pkl', it is a damaged or encrypted archive."

    def test_tells_a_member_with_other_bytes_than_it_says(self, tmp_path):
        content = bytearray(zipped({"data.pkl": pickle.dumps("a" * 50)}))
        # Its checksum, in the member's header and in the list of members.
        for place in (14, content.index(b"PK\x01\x02") + 16):
            content[place] ^= 1
        listed = scan(tmp_path, {"m.zip": bytes(content)})["m.zip"]
        assert listed["problem"] == "In 'data.pkl', it is a damaged or encrypted archive."

    def test_tells_an_archive_without_a_readable_list(self, tmp_path):
        content = zipped({"data.pkl": pickle.dumps(1)}).replace(b"PK\x01\x02", b"PK\x09\x09")
        listed = scan(tmp_path, {"m.zip": content})["m.zip"]
        assert listed["problem"] == "It is a damaged archive."

    def test_tells_a_list_of_files_that_is_too_long(self, tmp_path, monkeypatch):
        monkeypatch.setattr(archives, "MAX_DIRECTORY", 40)
        listed = scan(tmp_path, {"m.zip": zipped({"data.pkl": pickle.dumps(1)})})["m.zip"]
        assert listed["problem"] == "Its list of files has more than 40 bytes."

    def test_tells_an_archive_with_too_many_files(self, tmp_path):
        content = zipped({f"{index}.json": b"" for index in range(10_001)})
        listed = scan(tmp_path, {"m.zip": content})["m.zip"]
        assert listed["problem"] == "It holds more than 10,000 files."

    def test_gives_up_on_a_bomb_in_bounded_time_and_memory(self, tmp_path):
        # 2 GiB of zeros as one value of a pickle; gzip joins streams.
        start = gzip.compress(b"\x80\x04\x8e" + (1 << 31).to_bytes(8, "little"))
        zeros = gzip.compress(bytes(1 << 26), 1)
        started = time.monotonic()
        listed = scan(tmp_path, {"model.pkl": start + zeros * 32 + gzip.compress(b".")})[
            "model.pkl"
        ]
        assert listed["problem"] == "It unpacks to more than 1,073,741,824 bytes."
        assert time.monotonic() - started < 60


class TestSkops:
    @staticmethod
    def altered(linear: Path, edit) -> bytes:
        """The skops file of a real model with another schema."""
        with zipfile.ZipFile(linear / "model.skops") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        schema = json.loads(members["schema.json"])
        members["schema.json"] = edit(schema)
        return zipped(members)

    def test_names_a_function_that_a_schema_smuggles_in(self, tmp_path, linear):
        def edit(schema):
            schema["content"]["content"]["C"] = {
                "__class__": "system",
                "__module__": "os",
                "__loader__": "FunctionNode",
                "__id__": 1,
            }
            return json.dumps(schema).encode()

        listed = scan(tmp_path, {"model.skops": self.altered(linear, edit)})["model.skops"]
        assert "os.system" in listed["loads"]

    def test_tells_a_schema_that_skops_cannot_read(self, tmp_path, linear):
        def edit(schema):
            return json.dumps({**schema, "__loader__": "NoSuchNode"}).encode()

        listed = scan(tmp_path, {"model.skops": self.altered(linear, edit)})["model.skops"]
        assert listed["problem"].startswith("Skops can't read it: ")

    @pytest.mark.parametrize("schema", [b"{", b"[" * 200_000, b"[1]", b"{}"], ids=range(4))
    def test_tells_a_damaged_schema(self, tmp_path, linear, schema):
        content = self.altered(linear, lambda _: schema)
        listed = scan(tmp_path, {"model.skops": content})["model.skops"]
        assert listed["problem"] == "Its schema can't be read as one of skops."

    def test_tells_a_schema_that_is_too_large(self, tmp_path, linear, monkeypatch):
        monkeypatch.setattr(skops_scan, "MAX_SCHEMA", 100)
        content = self.altered(linear, lambda schema: json.dumps(schema).encode())
        listed = scan(tmp_path, {"model.skops": content})["model.skops"]
        assert listed["problem"] == "Its schema can't be read as one of skops."

    def test_finds_a_pickle_within(self, tmp_path):
        content = zipped({"schema.json": b"{}", "x.npy": pickle.dumps(Call(os.system, "true"))})
        assert scan(tmp_path, {"model.skops": content})["model.skops"]["loads"] == [SYSTEM]
