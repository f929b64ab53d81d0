"""docs/scorer-api.md: its examples are asked, its routes and codes are those of the code."""

import ast
import json
import re

import mlflow.pyfunc
import pytest
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema
from servers import SERVING, ask, served
from tollgate_serving.app import LARGE_BODY, MAX_BODY
from tollgate_serving.media_types import MEDIA_TYPES

PAGE = (SERVING.parent / "docs" / "scorer-api.md").read_text()


class Ages(mlflow.pyfunc.PythonModel):
    """What the page says of its example."""

    def predict(self, context, model_input, params=None):
        return (model_input["age"].fillna(0) * params["factor"]).to_numpy()


def rows_of(heading):
    """Cells of the page's table with this first column."""
    lines = PAGE.split(f"\n| {heading} |", 1)[1].splitlines()[2:]
    table = lines[: next(index for index, line in enumerate(lines) if not line.startswith("|"))]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in table]


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ages") / "model"
    columns = [
        ColSpec("double", "age"),
        ColSpec("double", "income"),
        ColSpec("string", "plan", False),
    ]
    signature = ModelSignature(
        inputs=Schema(columns), params=ParamSchema([ParamSpec("factor", "double", 1.0)])
    )
    mlflow.pyfunc.save_model(folder, python_model=Ages(), signature=signature, pip_requirements=[])
    with served(folder) as (port, _):
        yield port


@pytest.mark.parametrize("row", rows_of("request"), ids=lambda row: row[0])
def test_each_example_is_answered_as_the_page_says(port, row):
    request, body, status, answer = row
    path = re.match(r"`(/\w+)`", request)[1]
    given = ask(port, "POST", path, body.strip("`").encode())
    assert given[:2] == (int(status), json.loads(answer.strip("`")))
    assert given[2]["x-model-version"] == "2"


def test_the_routes_are_those_that_there_are(port):
    listed = {tuple(row[0].strip("`").split()) for row in rows_of("route")}
    paths = ask(port, "GET", "/openapi.json")[1]["paths"]
    assert listed == {(verb.upper(), path) for path, verbs in paths.items() for verb in verbs}


def test_the_codes_are_those_that_there_are():
    listed = {
        (int(status), code)
        for row in rows_of("status")
        for status in row[0].split(", ")
        for code in re.findall(r"`([a-z-]+)`", row[1])
    }
    assert listed == _codes()


def _codes():
    """Status and code of every error that the code has."""
    found = set()
    for file in (SERVING / "tollgate_serving").glob("*.py"):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RequestError":
                status, code = node.args[:2]
                if isinstance(status, ast.Constant) and isinstance(code, ast.Constant):
                    found.add((status.value, code.value))
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "_failure":
                found.add((500, node.args[0].value))
    # Those of blame.py and of the router of routes stand in tables.
    return found | {(422, "out-of-range"), (422, "null"), (404, "not-found"), (405, "wrong-method")}


def test_the_limits_and_the_types_are_those_that_there_are():
    assert f"at most {MAX_BODY // 2**20} MiB" in PAGE
    assert f"bodies over {LARGE_BODY // 2**10} KiB" in PAGE
    assert all(f"`{kind}`" in PAGE for kind in MEDIA_TYPES if kind != "application/json")
