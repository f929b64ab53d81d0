import contextlib
import copyreg
import io
import os
import pickle
import random
import time
import tracemalloc
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

import numpy
import pandas
import pytest
from hostile import (
    DAMAGED,
    SYSTEM,
    Call,
    call,
    dtype,
    integer,
    joblib_array,
    load,
    program,
    protocols,
    scan,
    text,
)
from tollgate_serving import pickle_names
from tollgate_serving.pickle_input import Budget, PickleProblem, Reader
from tollgate_serving.pickle_names import PickleReader, full_name


class TestEvilPickles:
    def test_names_what_would_run_and_runs_nothing(self, tmp_path):
        canary = tmp_path / "canary"
        for protocol, content in enumerate(protocols(Call(os.system, f"touch {canary}"))):
            listed = scan(tmp_path / str(protocol), {"model.pkl": content})
            assert listed["model.pkl"]["loads"] == [SYSTEM]
        assert not canary.exists()

    @pytest.mark.parametrize("function", [eval, exec, compile, getattr, __import__, open])
    def test_names_builtins_in_every_protocol(self, tmp_path, function):
        for protocol, content in enumerate(protocols(Call(function, "1", "x"))):
            listed = scan(tmp_path / str(protocol), {"model.pkl": content})
            assert f"{function.__module__.replace('_io', 'io')}.{function.__name__}" in {
                name.replace("_io.", "io.") for name in listed["model.pkl"]["loads"]
            }

    @pytest.mark.parametrize("name", ["notes.txt", "weights.bin", "conda.yaml", "a.json", "plain"])
    def test_finds_a_pickle_without_header_under_any_name(self, tmp_path, name):
        content = b"cos\nsystem\n(S'true'\ntR."
        assert scan(tmp_path, {name: content})[name]["loads"] == ["os.system"]

    def test_finds_a_pickle_that_runs_and_then_breaks(self, tmp_path):
        content = b"cos\nsystem\n(S'true'\ntR\x00 no more opcodes"
        listed = scan(tmp_path, {"notes.txt": content})["notes.txt"]
        assert (listed["loads"], listed["problem"]) == (["os.system"], DAMAGED)

    @pytest.mark.parametrize(
        "steps",
        [
            b"(cos\nsystem\nS'true'\no",
            b"(S'true'\nios\nsystem\n",
            load("os", "system") + text("true") + b"\x85\x81",
            load("os", "system") + text("true") + b"\x85}\x92",
            load("os", "system") + b"0" + text("kept"),
            load("os", "system") + b"\x94" + text("true") + b"\x85Rh\x00",
        ],
        ids=["obj", "inst", "newobj", "newobj_ex", "popped", "memoized"],
    )
    def test_names_what_every_opcode_loads(self, tmp_path, steps):
        assert scan(tmp_path, {"m.pkl": program(steps)})["m.pkl"]["loads"] == ["os.system"]

    def test_translates_names_of_python_2(self, tmp_path):
        content = b"c__builtin__\neval\n(S'1'\ntR."
        assert scan(tmp_path, {"m.pkl": content})["m.pkl"]["loads"] == ["builtins.eval"]

    def test_tells_a_name_that_is_computed(self, tmp_path):
        steps = call("builtins", "str", "os") + call("builtins", "str", "system") + b"\x93)R"
        listed = scan(tmp_path, {"m.pkl": program(steps)})["m.pkl"]
        assert listed["problem"] == "It computes the name of what it loads."

    def test_tells_a_change_to_what_was_loaded(self, tmp_path):
        steps = load("sklearn.base", "BaseEstimator") + b"}" + text("a") + b"Nsb"
        listed = scan(tmp_path, {"m.pkl": program(steps)})["m.pkl"]
        assert listed["problem"] == "It changes sklearn.base.BaseEstimator itself."

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b"I0x10\n", "It has a line that unpicklers may read otherwise."),
            ("c\u00fcber\nalles\n".encode(), "It has a line that unpicklers may read otherwise."),
            (b"cnumpy\n\\x64type\n", "It loads a name with a space or a backslash."),
            (b"cnumpy\nd type\n", "It loads a name with a space or a backslash."),
        ],
    )
    def test_tells_lines_that_unpicklers_read_otherwise(self, tmp_path, line, problem):
        content = program(line, b"cos\nsystem\n)R")
        assert scan(tmp_path, {"m.pkl": content})["m.pkl"]["problem"] == problem

    def test_names_what_a_known_extension_loads(self, tmp_path):
        copyreg.add_extension("os", "system", 77)
        try:
            listed = scan(tmp_path, {"m.pkl": b"\x80\x02\x82\x4dX\x01\x00\x00\x00a\x85R."})["m.pkl"]
        finally:
            copyreg.remove_extension("os", "system", 77)
        assert (listed["loads"], listed["problem"]) == (["os.system"], None)

    def test_tells_an_opcode_that_a_later_python_may_add(self, tmp_path, monkeypatch):
        monkeypatch.delitem(pickle_names._ACTIONS, "BINGET")
        listed = scan(tmp_path, {"m.pkl": program(b"N", b"h\x00")})["m.pkl"]
        assert listed["problem"] == "It uses the opcode BINGET, which no model needs."

    def test_tells_an_unknown_extension(self, tmp_path):
        listed = scan(tmp_path, {"m.pkl": program(b"\x82\x07)R")})["m.pkl"]
        assert listed["problem"] == "It loads the registered extension 7."

    def test_tells_a_truncated_pickle_and_what_it_loads_before(self, tmp_path):
        content = pickle.dumps([Call(os.system, "true"), Call(os.getpid)])
        listed = scan(tmp_path, {"m.pkl": content[: content.index(b"getpid")]})["m.pkl"]
        assert (listed["loads"], listed["problem"]) == ([SYSTEM], DAMAGED)

    def test_tells_a_file_that_is_no_pickle_by_its_name_only(self, tmp_path):
        assert scan(tmp_path, {"m.pkl": b"not a pickle"})["m.pkl"]["problem"] == DAMAGED

    def test_reads_pickles_in_a_row(self, tmp_path):
        content = pickle.dumps(1) + pickle.dumps(2) + pickle.dumps(Call(os.system, "true"))
        assert scan(tmp_path, {"old.pt": content})["old.pt"]["loads"] == [SYSTEM]

    @pytest.mark.parametrize(
        ("name", "content", "problem"),
        [
            ("lib.bin", b"\x7fELF\x02\x01", "It is a native library."),
            ("w.h5", b"\x89HDF\r\n\x1a\n", "It is HDF5, which may hold Python code of Keras."),
            (
                "m.lz4",
                b"\x04\x22\x4d\x18abc",
                "It is compressed by lz4, which a scan can't look into.",
            ),
            ("a.npy", b"\x93NUMPY\x01\x00", "It is a damaged array file."),
        ],
    )
    def test_tells_other_formats_that_may_hold_code(self, tmp_path, name, content, problem):
        assert scan(tmp_path, {name: content})[name]["problem"] == problem

    def test_reads_arrays_of_objects(self, tmp_path):
        array, several = io.BytesIO(), io.BytesIO()
        evil = numpy.array([Call(os.system, "true")], dtype=object)
        numpy.save(array, evil)
        numpy.savez(several, plain=numpy.arange(3), evil=evil)
        listed = scan(tmp_path, {"a.npy": array.getvalue(), "b.npz": several.getvalue()})
        assert SYSTEM in listed["a.npy"]["loads"]
        assert SYSTEM in listed["b.npz"]["loads"]


class TestJoblibsArrays:
    """A file with joblib's arrays reads differently by joblib and by plain pickle."""

    def test_names_what_plain_pickle_finds_in_an_arrays_bytes(self, tmp_path):
        hidden = call("os", "system", "true") + b"."
        # To joblib, the first byte is a padding's length; plain pickle takes it for the opcode NONE.
        padding = b"N" + hidden.ljust(ord("N"), b".")
        content = program(joblib_array(0, dtype("u1")), padding, b"0" + text("harmless"))
        listed = scan(tmp_path, {"m.pkl": content})["m.pkl"]
        assert "os.system" in listed["loads"]

    def test_tells_a_line_in_an_arrays_bytes_that_only_pickle_reads_on_after(self, tmp_path):
        hidden = b"I0x10\n0" + call("os", "system", "true") + b"."
        padding = b"N" + hidden.ljust(ord("N"), b".")
        content = program(joblib_array(0, dtype("u1")), padding, b"0" + text("harmless"))
        listed = scan(tmp_path, {"m.pkl": content})["m.pkl"]
        assert listed["problem"] == (
            "Read as a plain pickle, it has a line that unpicklers may read otherwise."
        )

    def test_names_what_joblib_finds_behind_an_arrays_bytes(self, tmp_path):
        array = joblib_array(1, dtype("u1")) + b"\x00."
        content = program(array, call("os", "system", "true"))
        listed = scan(tmp_path, {"m.joblib": content})["m.joblib"]
        assert "os.system" in listed["loads"]

    def test_names_what_memo_numbers_mean_to_plain_pickle(self, tmp_path):
        # Within an array of objects joblib's memo starts anew: its entry 0 is `numpy`, pickle's is `os`.
        inner = program(text("numpy") + b"\x94" + b"0" + b"h\x00" + text("system") + b"\x93)R")
        content = program(text("os") + b"\x940", joblib_array(1, dtype("O8")), inner, b"0N")
        listed = scan(tmp_path, {"m.pkl": content})["m.pkl"]
        assert {"numpy.system", "os.system"} <= set(listed["loads"])

    @pytest.mark.parametrize(
        ("array", "problem"),
        [
            (
                joblib_array(1, dtype("u1"), alignment=b"N"),
                "It holds an array with an unknown alignment.",
            ),
            (
                joblib_array(
                    1, dtype("u1"), wrapper=load("joblib.numpy_pickle", "NumpyArrayWrapper") + b")R"
                ),
                "It builds joblib's arrays in an unusual way.",
            ),
            (
                load("copyreg", "_reconstructor")
                + load("joblib.numpy_pickle", "NumpyArrayWrapper")
                + load("builtins", "object")
                + b"N\x87R",
                "It builds joblib's arrays in an unusual way.",
            ),
            (joblib_array(-1, dtype("u1")), "It holds an array without a plain shape."),
            (joblib_array(1, dtype("u1")) + b"\x00", DAMAGED),
            (joblib_array(2**31 - 1, dtype("f8")) + b"\x00", DAMAGED),
            (joblib_array(1, text("u1")), "It holds an array of an unknown type."),
            (joblib_array(1, dtype("u99")), "It holds an array of an unknown type."),
            (joblib_array(1, dtype("f8,O")), "It holds an array of an unknown type."),
            (
                joblib_array(
                    1, dtype("O8", b"(K\x03" + text("|") + b"NNN" + integer(-1) * 2 + b"K\x00t")
                ),
                "It holds an array whose type contradicts itself.",
            ),
        ],
        ids=range(10),
    )
    def test_tells_arrays_that_are_not_as_joblib_writes_them(self, tmp_path, array, problem):
        assert scan(tmp_path, {"m.joblib": program(array)[:-1]})["m.joblib"]["problem"] == problem


class TestPickleReader:
    def read(self, content: bytes, opcodes: int = 100_000) -> PickleReader:
        reader = PickleReader(Reader(io.BytesIO(content)), Budget(opcodes))
        reader.run()
        return reader

    def test_stops_at_its_budget(self):
        with pytest.raises(PickleProblem, match="more than 1,000 opcodes, too many to read"):
            self.read(program(b"N0" * 600), opcodes=1000)

    @pytest.mark.parametrize(
        "steps", [b"N" * 1_100_000, b"N" + b"\x94" * 2_100_000], ids=["stack", "memo"]
    )
    def test_stops_where_it_needs_much_memory(self, steps):
        with pytest.raises(PickleProblem, match="it needs more memory than a scan may use"):
            self.read(program(steps), opcodes=10_000_000)

    def test_holds_no_long_value_in_memory(self):
        content = program(b"\x8e" + (50_000_000).to_bytes(8, "little") + bytes(50_000_000))
        stream = io.BytesIO(content)
        tracemalloc.start()
        PickleReader(Reader(stream), Budget()).run()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 5_000_000

    def test_is_not_slowed_by_values_that_are_slow_to_hash(self):
        # Each tuple holds the one before it twice: hashing the last takes 2 ** 200 steps.
        nested = b")" + b"2\x86" * 200
        started = time.monotonic()
        self.read(program(b"}" + nested + b"Ns"))
        self.read(program(b"\x8f(" + nested + b"\x90"))
        assert time.monotonic() - started < 1

    @pytest.mark.parametrize(
        "steps", [b"0", b"s", b"R", b"h\x00", b"\x93", b"t", b"(0R", b"N(R", b"\xff"], ids=repr
    )
    def test_tells_a_pickle_whose_stack_is_wrong(self, steps):
        with pytest.raises(PickleProblem, match="it is damaged or truncated"):
            self.read(program(steps))

    def test_sees_every_name_that_pythons_own_unpickler_asks_for(self):
        """10,000 pickles with bytes changed at random, read by both."""
        random_numbers = random.Random(4711)
        seeds = [
            *protocols({"a": [1, 2.5, ("x", b"y")], "b": Call(os.getenv, "X"), "c": {1, 2}}),
            # Protocol 5 has a length that Python's unpickler trusts, and takes that much memory.
            *protocols(numpy.array([1.5, 2.5]))[:-1],
            *protocols(pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}).dtypes.to_dict()),
        ]
        asked_in_all = 0
        for _ in range(10_000):
            content = bytearray(random_numbers.choice(seeds))
            for _ in range(random_numbers.randint(1, 4)):
                content[random_numbers.randrange(len(content))] = random_numbers.randrange(256)
            asked = names_asked(bytes(content))
            reader = PickleReader(Reader(io.BytesIO(content)), Budget(100_000))
            problem = None
            try:
                reader.run()
            except PickleProblem as error:
                problem = str(error)
            told = problem not in (None, "it is damaged or truncated")
            assert asked <= reader.loads or told, (bytes(content), asked, reader.loads, problem)
            asked_in_all += len(asked)
        assert asked_in_all > 5_000


class _Inert:
    """Stands for whatever a pickle loads, and does nothing."""

    def __new__(cls, *_, **__):
        return object.__new__(cls)

    def __init__(self, *_, **__):
        pass

    def __setstate__(self, _):
        pass

    def __setitem__(self, _, __):
        pass

    def append(self, _):
        pass


def names_asked(content: bytes) -> set[str]:
    """The names that pickle's Python code asks for; like pickle itself, each is loaded before the next is read."""
    asked: set[str] = set()

    class Recorder(pickle._Unpickler):
        def find_class(self, module, name):
            # As pickle does before it imports.
            if self.proto < 3:
                module, name = NAME_MAPPING.get(
                    (module, name), (IMPORT_MAPPING.get(module, module), name)
                )
            asked.add(full_name(module, name))
            return _Inert

        def persistent_load(self, _):
            return None

    # What is damaged further on changes nothing of what was asked before.
    with contextlib.suppress(Exception):
        Recorder(io.BytesIO(content)).load()
    return asked
