"""MLflow's public test cases of its scoring server as data, by subject, in ``mlflow_cases/``.

Each case is a request to a model, what MLflow answers, and, where the scorer answers otherwise, what, and for which of
the reasons in ``reasons.json``. ``public`` names the test of MLflow's repository that it was read from; ``varied`` says
that the test's own request has another type, format or model. Without ``public`` the case is our own. ``before`` has
what was otherwise before a release of MLflow, such as ``3.18``: what it answered, and the scorer's reason then.
"""

from __future__ import annotations

import base64
import http.client
import io
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
from packaging.version import Version

FOLDER = Path(__file__).with_name("mlflow_cases")
#: Beside the subjects' files.
OTHERS = ("reasons", "left_out")
#: What a case says of the answers.
_JUDGED = ("mlflow", "differs", "ours")
_BODIES = ("json", "text", "base64", "parquet", "arrow")


@dataclass(frozen=True)
class Case:
    subject: str
    described: dict[str, Any]
    #: The model of the subject's file: what it answers, and its signature.
    model: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.described.get(name)

    def of(self, release: str) -> Case:
        """The case as it is with that release of MLflow."""
        earlier = [
            then for later, then in (self.before or {}).items() if Version(release) < Version(later)
        ]
        if not earlier:
            return self
        rest = {name: value for name, value in self.described.items() if name not in _JUDGED}
        return Case(self.subject, {**rest, **earlier[0]}, self.model)

    def ask(self, port: int) -> dict[str, Any]:
        """Status and answer of a server: the JSON document, or the text where it is none."""
        headers = {}
        content_type = self.described.get("content_type", "application/json")
        if content_type is not None:
            headers["content-type"] = content_type
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            connection.request(
                self.described.get("method", "POST"),
                self.described.get("path", "/invocations"),
                self.body(),
                headers,
            )
            answer = connection.getresponse()
            return {"status": answer.status, **_read(answer.read().decode())}
        finally:
            connection.close()

    def body(self) -> bytes | None:
        given = [name for name in _BODIES if name in self.described]
        if not given:
            return None
        name, value = given[0], self.described[given[0]]
        if name == "json":
            return json.dumps(value).encode()
        if name == "base64":
            return base64.b64decode(value)
        return value.encode() if name == "text" else _table_body(value, name)


def _read(text: str) -> dict[str, Any]:
    """NaN and infinity, which JSON doesn't have, leave an answer as it was written."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    try:
        return {"answer": json.loads(text, parse_constant=refuse)}
    except ValueError:
        return {"text": text}


def _table_body(columns: dict[str, Any], kind: str) -> bytes:
    table = pyarrow.table({name: _column(**column) for name, column in columns.items()})
    sink = io.BytesIO()
    if kind == "parquet":
        pyarrow.parquet.write_table(table, sink)
    else:
        with pyarrow.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    return sink.getvalue()


def _column(type: str, values: list[Any]) -> pyarrow.Array:
    wanted = pyarrow.type_for_alias(type)
    if type == "binary":
        values = [base64.b64decode(value) for value in values]
    if type.startswith(("timestamp", "date")):
        return pyarrow.array(values, pyarrow.string()).cast(wanted)
    return pyarrow.array(values, wanted)


def subjects() -> dict[str, Any]:
    """Each subject's models and cases."""
    files = sorted(FOLDER.glob("*.json"))
    return {path.stem: json.loads(path.read_text()) for path in files if path.stem not in OTHERS}


def cases() -> list[Case]:
    return [
        Case(subject, described, content["models"][described["model"]])
        for subject, content in subjects().items()
        for described in content["cases"]
    ]


def reasons() -> dict[str, Any]:
    return json.loads((FOLDER / "reasons.json").read_text())


def left_out() -> list[dict[str, str]]:
    """Public tests that aren't here, and why."""
    return json.loads((FOLDER / "left_out.json").read_text())


def alike(theirs: dict[str, Any], ours: dict[str, Any]) -> bool:
    """Are the answers the same, or both an error of the same kind? Its words are each server's own."""
    kind = theirs["status"] // 100
    return theirs == ours if kind == 2 else kind == ours["status"] // 100


def classes(theirs: dict[str, Any], ours: dict[str, Any]) -> str:
    """Such as ``2xx, 4xx``: what MLflow answers, and what the scorer does."""
    return f"{theirs['status'] // 100}xx, {ours['status'] // 100}xx"


def tables() -> str:
    """How many cases agree, and why the others don't, for the page in docs: with the newest release of MLflow."""
    found = cases()
    lines = [
        "| cases | in all | answered alike | otherwise, for a reason |",
        "| --- | --- | --- | --- |",
    ]
    for name, chosen in {
        "as MLflow's public tests have them": [
            case for case in found if case.public and not case.varied
        ],
        "varied from those: another type, format or model": [case for case in found if case.varied],
        "our own beside them": [case for case in found if not case.public],
        "all": found,
    }.items():
        differ = sum(case.differs is not None for case in chosen)
        lines.append(f"| {name} | {len(chosen)} | {len(chosen) - differ} | {differ} |")
    lines += ["", "| cases | MLflow, the scorer | why |", "| --- | --- | --- |"]
    counts = Counter(case.differs for case in found if case.differs)
    why = reasons()
    for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        lines.append(f"| {count} | {'; '.join(why[name]['classes'])} | {why[name]['because']} |")
    return "\n".join(lines) + "\n"
