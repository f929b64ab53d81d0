"""Skops files whose schema says more than a model needs."""

from __future__ import annotations

import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import payload
from hostile import Call, zipped

Change = tuple[str, Callable[[Path], None]]


def _schema(edit: Callable[[dict[str, Any]], Any]) -> Callable[[Path], None]:
    """Edits the attributes of a logistic regression."""

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / "model.skops") as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        schema = json.loads(members["schema.json"])
        edit(schema)
        members["schema.json"] = json.dumps(schema).encode()
        (folder / "model.skops").write_bytes(zipped(members))

    return change


def _node(name: str, loader: str, module: str = "payload", **more: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "__id__": 1, **more}


def _attribute(node: dict[str, Any]) -> Callable[[Path], None]:
    def edit(schema: dict[str, Any]) -> None:
        schema["content"]["content"]["C"] = node

    return _schema(edit)


_NONE = _node("str", "JsonNode", "builtins", content="null", is_json=True)
_EMPTY = _node("tuple", "TupleNode", "builtins", content=[])


def _keys(schema: dict[str, Any]) -> None:
    schema["content"]["key_types"]["content"][0] = _node("Marking", "TypeNode")


def _older(schema: dict[str, Any]) -> None:
    schema["protocol"] = 0


def _with_pickle(folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.skops", "a") as archive:
        archive.writestr("more.npy", pickle.dumps(Call(payload.mark)))


def _second_schema(folder: Path) -> None:
    with zipfile.ZipFile(folder / "model.skops", "a") as archive:
        archive.writestr("schema.json", archive.read("schema.json"))


SKOPS: dict[str, Change] = {
    "skops-function": ("a function", _attribute(_node("mark", "FunctionNode"))),
    "skops-type": ("a class as a value", _attribute(_node("Marking", "TypeNode"))),
    "skops-object": ("an object of a foreign class", _attribute(_node("Marking", "ObjectNode"))),
    "skops-constructor": (
        "calls a foreign class",
        _attribute(_node("Marking", "ConstructorFromReduceNode", content=_EMPTY)),
    ),
    "skops-method": (
        "a method of an object",
        _attribute(
            _node(
                "LogisticRegression",
                "MethodNode",
                "sklearn.linear_model._logistic",
                content={
                    "func": "fit",
                    "obj": _node(
                        "LogisticRegression", "ObjectNode", "sklearn.linear_model._logistic"
                    ),
                },
            )
        ),
    ),
    "skops-operator": (
        "looks an attribute up",
        _attribute(_node("attrgetter", "OperatorFuncNode", "operator", attrs=_EMPTY)),
    ),
    "skops-partial": (
        "a partial function",
        _attribute(
            _node(
                "partial",
                "PartialNode",
                "functools",
                content={
                    "func": _node("mark", "FunctionNode"),
                    "args": _EMPTY,
                    "kwds": _EMPTY,
                    "namespace": _NONE,
                },
            )
        ),
    ),
    "skops-list-of": (
        "a list that is made by an estimator's class",
        _attribute(
            _node("LogisticRegression", "ListNode", "sklearn.linear_model._logistic", content=[])
        ),
    ),
    "skops-keys": ("keys made by a foreign class", _schema(_keys)),
    "skops-loss": (
        "a loss made by a foreign class",
        _attribute(_node("Marking", "LossNode", content=_EMPTY, __reduce__={"args": _EMPTY})),
    ),
    "skops-no-such-node": ("an unknown kind of node", _attribute(_node("Marking", "NoSuchNode"))),
    "skops-older": ("says it is of an older format, which checks less", _schema(_older)),
    "skops-with-pickle": ("a pickle within", _with_pickle),
    "skops-second-schema": ("two schemas", _second_schema),
    "skops-damaged": (
        "a schema that can't be read",
        lambda folder: (folder / "model.skops").write_bytes(zipped({"schema.json": b"{"})),
    ),
    "skops-is-pickle": (
        "a pickle where MLmodel says skops",
        lambda folder: (folder / "model.skops").write_bytes(pickle.dumps(1)),
    ),
}
