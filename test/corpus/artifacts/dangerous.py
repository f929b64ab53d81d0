"""Dangerous and lying artifacts: a good version in which one file or one setting is changed.

What they would run only touches a file (``payload.py``). None is ever loaded: they say what has to be refused, opcode
by opcode, and aren't put together to work.
"""

from __future__ import annotations

import io
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path

import cloudpickle
import joblib
import models
import numpy
import payload
from artifact import Artifact
from dangerous_files import FILES
from dangerous_mlmodel import MLMODELS
from dangerous_skops import SKOPS
from harmless import PYFUNCS, STORED
from hostile import Call, call, dtype, integer, joblib_array, load, program, text, zipped
from sklearn import linear_model, model_selection, preprocessing

MARK = load("payload", "mark")
EVIL = pickle.dumps(Call(payload.mark))
_LOGISTIC = ("sklearn.linear_model._logistic", "LogisticRegression")
_NEW_LOGISTIC = load(*_LOGISTIC) + b")\x81"


def _joblib(value: object, compress: object = 0) -> bytes:
    content = io.BytesIO()
    joblib.dump(value, content, compress=compress)
    return content.getvalue()


def _array(value: object) -> bytes:
    content = io.BytesIO()
    numpy.save(content, numpy.array([value], dtype=object), allow_pickle=True)
    return content.getvalue()


def _after_a_function(function: bytes) -> bytes:
    """A FunctionTransformer that is told to call this."""
    made = load("sklearn.preprocessing._function_transformer", "FunctionTransformer") + b")\x81"
    return program(made + b"}" + text("func") + function + b"sb")


def _partial() -> object:
    import functools

    return preprocessing.FunctionTransformer(functools.partial(numpy.clip, a_min=0))


def _distribution() -> object:
    from scipy import stats

    return model_selection.RandomizedSearchCV(
        linear_model.LogisticRegression(), {"C": stats.uniform(0, 1)}
    )


def _method_caller() -> object:
    import operator

    return preprocessing.FunctionTransformer(operator.methodcaller("copy"))


class _Local:
    def predict(self, rows):
        return rows


#: Instead of the model's own pickle: what is special, and the bytes.
PICKLES: dict[str, tuple[str, Callable[[], bytes]]] = {
    **{
        f"pickle-protocol-{protocol}": (
            f"calls a function, protocol {protocol}",
            lambda protocol=protocol: pickle.dumps(Call(payload.mark), protocol),
        )
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickle-obj": ("opcode OBJ", lambda: program(b"(" + MARK + text("a") + b"o")),
    "pickle-inst": ("opcode INST", lambda: program(b"(" + text("a") + b"ipayload\nmark\n")),
    "pickle-new": ("makes an object", lambda: program(load("payload", "Marking") + b")\x81")),
    "pickle-new-keywords": (
        "makes an object with keywords",
        lambda: program(load("payload", "Marking") + b")}\x92"),
    ),
    "pickle-state": (
        "gives it a state",
        lambda: pickle.dumps(payload.Marking.__new__(payload.Marking)),
    ),
    "pickle-dropped": ("loads a name and drops it", lambda: program(MARK + b"0N")),
    "pickle-memo": ("calls it from the memo", lambda: program(MARK + b"\x940h\x00)R")),
    "pickle-value": ("is a function", lambda: program(MARK)),
    "pickle-extension": ("an extension's number", lambda: program(b"\x82\x07)R")),
    "pickle-computed": (
        "computes a name",
        lambda: program(
            call("builtins", "str", "payload") + call("builtins", "str", "mark") + b"\x93)R"
        ),
    ),
    "pickle-changes-class": (
        "changes a class",
        lambda: program(load("sklearn.base", "BaseEstimator") + b"}" + text("a") + b"Nsb"),
    ),
    "pickle-calls-result": ("calls what a call returned", lambda: program(_NEW_LOGISTIC + b")R")),
    "pickle-sets-class": (
        "gives an object another class",
        lambda: program(
            _NEW_LOGISTIC + b"N}" + text("__class__") + load("builtins", "dict") + b"s\x86b"
        ),
    ),
    "pickle-init": (
        "calls an allowed class",
        lambda: program(load(*_LOGISTIC) + text("l1") + b"\x85R"),
    ),
    "pickle-arguments": (
        "calls an allowed function with another kind of argument",
        lambda: program(load("numpy", "dtype") + load(*_LOGISTIC) + b"\x85R"),
    ),
    "pickle-given-class": (
        "hands a class to a function that calls it",
        lambda: program(
            load("numpy.random._pickle", "__bit_generator_ctor") + load(*_LOGISTIC) + b"\x85R"
        ),
    ),
    "pickle-given-function": (
        "hands a function to one that calls it",
        lambda: program(
            load("numpy.random._pickle", "__randomstate_ctor")
            + text("MT19937")
            + load("numpy", "log1p")
            + b"\x86R"
        ),
    ),
    "pickle-codec": (
        "decodes by a codec that isn't Latin-1",
        lambda: program(load("_codecs", "encode") + text("a") + text("payload") + b"\x86R"),
    ),
    "pickle-method": (
        "a method of an allowed class",
        lambda: program(load("sklearn.linear_model._logistic", "LogisticRegression.fit") + b")R"),
    ),
    "pickle-attribute": (
        "a name through an attribute of an allowed module",
        lambda: program(load("sklearn.base", "clone.__globals__") + b")R"),
    ),
    "pickle-below": (
        "a function beside an allowed class",
        lambda: program(load("sklearn.base", "clone") + _NEW_LOGISTIC + b"\x85R"),
    ),
    "pickle-items": (
        "puts entries into an estimator",
        lambda: program(_NEW_LOGISTIC + text("a") + b"Ns"),
    ),
    "pickle-append": ("appends to an estimator", lambda: program(_NEW_LOGISTIC + b"Na")),
    "pickle-keywords": (
        "makes an allowed class with keywords",
        lambda: program(load(*_LOGISTIC) + b")}\x92"),
    ),
    "pickle-transformer": (
        "a transformer that calls a function of its own",
        lambda: _after_a_function(MARK),
    ),
    "pickle-transformer-constructor": (
        "a transformer that calls what only pickles call",
        lambda: _after_a_function(load("numpy.random._pickle", "__bit_generator_ctor")),
    ),
    "pickle-partial": ("a partial function", lambda: pickle.dumps(_partial())),
    "pickle-partial-changed": (
        "a partial function of an allowed one, changed into another by its state",
        lambda: _after_a_function(
            load("functools", "partial")
            + load("sklearn.utils.validation", "check_array")
            + b"\x85R("
            + MARK
            + b")}Ntb"
        ),
    ),
    "pickle-methodcaller": ("calls a method by its name", lambda: pickle.dumps(_method_caller())),
    "pickle-distribution": (
        "a distribution, whose state is run as text",
        lambda: pickle.dumps(_distribution()),
    ),
    "pickle-ufunc": (
        "a function looked up by its name",
        lambda: program(
            load("numpy.core", "_ufunc_reconstruct") + text("payload") + text("mark") + b"\x86R"
        ),
    ),
    "pickle-second": ("a second pickle behind the first", lambda: pickle.dumps(1) + EVIL),
    "pickle-many": ("a hundred and one pickles in a row", lambda: pickle.dumps(1) * 101 + EVIL),
    "pickle-broken": ("runs and then breaks", lambda: EVIL[:-1] + b"\xff"),
    "pickle-truncated": ("ends in the middle", lambda: EVIL[:-3]),
    "pickle-line": ("a line read in two ways", lambda: program(b"I0x10\n", MARK + b")R")),
    "pickle-python-2": ("a name of Python 2", lambda: b"c__builtin__\nintern\n(S'1'\ntR."),
    "pickle-no-model": ("isn't a pickle", lambda: b"not a pickle"),
    "cloudpickle-function": ("a function by value", lambda: cloudpickle.dumps(lambda rows: rows)),
    "cloudpickle-class": ("a class by value", lambda: cloudpickle.dumps(_local())),
    "dill-function": ("a function by dill", lambda: (STORED / "pieces/function.dill").read_bytes()),
    "joblib-plain": ("joblib", lambda: _joblib([numpy.zeros(3), Call(payload.mark)])),
    "joblib-zlib": ("joblib, compressed", lambda: _joblib(Call(payload.mark), 3)),
    "joblib-gzip": ("joblib, gzip", lambda: _joblib(Call(payload.mark), ("gzip", 3))),
    "joblib-bz2": ("joblib, bzip2", lambda: _joblib(Call(payload.mark), ("bz2", 3))),
    "joblib-xz": ("joblib, xz", lambda: _joblib(Call(payload.mark), ("xz", 3))),
    "joblib-lzma": ("joblib, lzma", lambda: _joblib(Call(payload.mark), ("lzma", 3))),
    "joblib-objects": (
        "joblib, in an array of objects",
        lambda: _joblib(numpy.array([Call(payload.mark)], dtype=object)),
    ),
    "joblib-in-bytes": (
        "hidden in an array's bytes from joblib, not from pickle",
        lambda: program(
            joblib_array(0, dtype("u1")),
            b"N" + (call("payload", "mark", "a") + b".").ljust(ord("N"), b"."),
            b"0" + text("harmless"),
        ),
    ),
    "joblib-behind-bytes": (
        "hidden behind an array's bytes from pickle, not from joblib",
        lambda: program(joblib_array(1, dtype("u1")) + b"\x00.", call("payload", "mark", "a")),
    ),
    "joblib-lying-size": (
        "an array that says a wrong size",
        lambda: program(joblib_array(2**31 - 1, dtype("f8")) + b"\x00")[:-1],
    ),
    "joblib-lying-type": (
        "an array whose type contradicts itself",
        lambda: program(
            joblib_array(
                1, dtype("O8", b"(K\x03" + text("|") + b"NNN" + integer(-1) * 2 + b"K\x00t")
            )
        )[:-1],
    ),
    "zip-of-pickle": ("a pickle in an archive", lambda: zipped({"data.pkl": EVIL})),
    "zip-and-pickle": ("both a pickle and an archive", lambda: EVIL + zipped({"a.json": b"{}"})),
    "npy-objects": ("an array of objects", lambda: _array(Call(payload.mark))),
}


def _local() -> object:
    class Local(_Local):
        pass

    return Local()


def _instead(content: Callable[[], bytes]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / "model.pkl").write_bytes(content())

    return change


def dangerous_artifacts(scratch: Path) -> list[Artifact]:
    """``scratch`` keeps the good versions that they are made from."""
    pickled, skops = models.save_mixed(scratch / "mixed"), models.save_linear(scratch / "linear")

    def from_good(good: Path, change: Callable[[Path], None]) -> Callable[[Path], None]:
        def write(folder: Path) -> None:
            shutil.copytree(good, folder)
            change(folder)

        return write

    changes = {name: (what, _instead(content)) for name, (what, content) in PICKLES.items()}
    bases = [(pickled, changes | FILES | MLMODELS), (skops, SKOPS)]
    unreviewed = [
        Artifact(f"{name}-unreviewed", "code that nobody reviewed", write, False)
        for name, write in PYFUNCS.items()
    ]
    return [
        Artifact(name, what, from_good(good, change), False)
        for good, several in bases
        for name, (what, change) in several.items()
    ] + unreviewed
