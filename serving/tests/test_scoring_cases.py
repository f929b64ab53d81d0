"""MLflow's public test cases, asked of its server and of ours: both answer alike, or for a reason that is named."""

import contextlib
import json
import os
from pathlib import Path

import answering
import mlflow.pyfunc
import pytest
import scoring_cases
from mlflow.environment_variables import _MLFLOW_IS_IN_SERVING_ENVIRONMENT as SERVING
from mlflow.pyfunc import scoring_server
from servers import listening, served

PAGE = Path(__file__).parents[2] / "docs" / "mlflow-cases.md"
ALL = scoring_cases.cases()
CASES = [case.of(mlflow.__version__) for case in ALL]
#: As they are with any release.
EVER = [*ALL, *(case.of("0") for case in ALL if case.before)]
REASONS = scoring_cases.reasons()


@pytest.fixture(scope="module")
def ports(tmp_path_factory):
    """MLflow's port and ours for a model. Both are started when the first case asks for it, and stay."""
    folder = tmp_path_factory.mktemp("cases")
    before = os.environ.get(SERVING.name)
    started = {}
    with contextlib.ExitStack() as stack:

        def of(model):
            key = json.dumps(model, sort_keys=True)
            if key not in started:
                saved = answering.save(folder / str(len(started)), model["answers"], model)
                theirs = scoring_server.init(mlflow.pyfunc.load_model(str(saved)))
                started[key] = (
                    stack.enter_context(listening(theirs)),
                    stack.enter_context(served(saved))[0],
                )
            return started[key]

        yield of
    SERVING.unset() if before is None else SERVING.set(before)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.subject}: {case.name}")
def test_both_servers_answer_alike_or_for_a_reason(case, ports):
    theirs, ours = map(case.ask, ports(case.model))
    assert_holds(case.mlflow, theirs)
    if scoring_cases.alike(theirs, ours):
        assert case.differs is None, "both answer alike, so the case needs no reason"
        return
    assert case.differs, f"MLflow answers {theirs}, the scorer {ours}, and the case names no reason"
    classes = scoring_cases.classes(theirs, ours)
    assert classes in REASONS[case.differs]["classes"], "the reason is about another difference"
    assert_holds(case.ours, ours)


def assert_holds(recorded, answer):
    """What the case says of an answer; of an error that is its status, its code and its field."""
    error = answer.get("answer", {}).get("error", {}) if answer["status"] >= 400 else {}
    for name, value in recorded.items():
        assert {**error, **answer}.get(name) == value, answer


def test_every_reason_is_needed_and_each_model_too():
    assert {case.differs for case in EVER} - {None} == set(REASONS)
    needed = {(why, classes) for why, reason in REASONS.items() for classes in reason["classes"]}
    assert needed == {
        (case.differs, scoring_cases.classes(case.mlflow, case.ours))
        for case in EVER
        if case.differs
    }
    for content in scoring_cases.subjects().values():
        assert {case["model"] for case in content["cases"]} == set(content["models"])


def test_no_case_is_there_twice():
    names = [(case.subject, case.name) for case in CASES]
    assert len(set(names)) == len(names)
    requests = [json.dumps({**case.described, "name": "", "public": ""}) for case in CASES]
    assert len(set(zip(requests, (json.dumps(case.model) for case in CASES)))) == len(CASES)


def test_what_is_left_out_is_no_case():
    public = {case.public for case in CASES}
    assert not public & {left["public"] for left in scoring_cases.left_out()}


def test_the_page_has_the_counts():
    tables = scoring_cases.tables()
    print(tables)
    assert tables in PAGE.read_text(), f"{PAGE.name} has other tables than these:\n\n{tables}"
