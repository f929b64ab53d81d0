import asyncio
import threading
import time

import models
import numpy
import pytest
from servers import ask, served
from tollgate_serving.batching import Batcher
from tollgate_serving.conversion import from_json
from tollgate_serving.signature import Column, Signature


def run(scenario):
    """Runs a coroutine function that takes no arguments."""
    return asyncio.run(scenario())


def batcher(predict, rowwise=True):
    calls = []
    return Batcher(predict, rowwise, calls.append), calls


def test_requests_of_one_turn_are_joined_and_each_gets_its_own_rows():
    made, calls = batcher(lambda rows: rows.sum(axis=1))

    async def scenario():
        requests = [numpy.full((count, 2), float(count)) for count in (1, 3, 2)]
        answers = await asyncio.gather(*(made.submit(rows) for rows in requests))
        assert [answer.tolist() for answer in answers] == [[2.0], [6.0] * 3, [4.0] * 2]

    run(scenario)
    assert calls == [6]


TEXTS = Signature(
    "columns", (Column("x", "string", True), Column("y", "string", False)), (), True, 2
)


def test_tables_of_the_same_columns_are_joined_as_well():
    made, calls = batcher(lambda rows: rows.frame()["x"].tolist())

    async def scenario():
        requests = ([["a", "-"], ["b", None]], [["c", "-"]], [{"x": "d"}], [{"x": "e"}])
        answers = await asyncio.gather(*(made.submit(from_json(rows, TEXTS)) for rows in requests))
        assert answers == [["a", "b"], ["c"], ["d"], ["e"]]

    run(scenario)
    # The optional column isn't there in the last two, which the model can see.
    assert calls == [3, 2]


def test_a_model_that_is_not_rowwise_is_called_once_for_each_request():
    made, calls = batcher(lambda rows: rows - rows.mean(), rowwise=False)

    async def scenario():
        answers = await asyncio.gather(
            *(made.submit(numpy.full((2, 1), value)) for value in (1.0, 9.0))
        )
        assert [answer.tolist() for answer in answers] == [[[0.0], [0.0]]] * 2

    run(scenario)
    assert calls == [2, 2]


def test_a_bad_request_spoils_no_other():
    def predict(rows):
        if (rows == 13).any():
            raise ValueError("thirteen")
        return rows[:, 0]

    made, _ = batcher(predict)

    async def scenario():
        jobs = [made.submit(numpy.full((1, 1), float(value))) for value in (1, 13, 2)]
        return await asyncio.gather(*jobs, return_exceptions=True)

    first, bad, last = run(scenario)
    assert (first.tolist(), last.tolist()) == ([1.0], [2.0])
    assert isinstance(bad, ValueError)


def test_a_wrong_number_of_predictions_is_never_dealt_out():
    made, _ = batcher(lambda rows: rows[:1, 0])

    async def scenario():
        jobs = [made.submit(numpy.full((1, 1), float(value))) for value in (7, 8)]
        return [answer.tolist() for answer in await asyncio.gather(*jobs)]

    assert run(scenario) == [[7.0], [8.0]]


def test_short_calls_run_inline_and_long_ones_beside_the_loop():
    threads = []

    def predict(rows):
        threads.append(threading.current_thread() is threading.main_thread())
        time.sleep(0.1 if rows[0, 0] else 0)
        return rows[:, 0]

    made, _ = batcher(predict)

    async def scenario():
        for value in (0, 0, 1, 1, 0, 0):
            await made.submit(numpy.full((1, 1), float(value)))

    run(scenario)
    # The first of a kind is found out in the worker or paid for once; the next ones follow from it.
    assert threads == [False, True, True, False, False, True]


def test_a_cancelled_request_leaves_the_others_alone():
    made, _ = batcher(lambda rows: rows[:, 0])

    async def scenario():
        gone = made.submit(numpy.zeros((1, 1)))
        kept = made.submit(numpy.ones((1, 1)))
        gone.cancel()
        assert (await kept).tolist() == [1.0]

    run(scenario)


@pytest.fixture(scope="module")
def linear_server(linear):
    with served(linear) as server:
        yield server


def test_concurrent_answers_equal_direct_predictions(linear_server):
    port, loaded = linear_server
    rows = numpy.random.default_rng(7).normal(size=(160, 10))
    expected = loaded.predict(rows).tolist()
    found: dict[int, int] = {}

    def caller(start: int) -> None:
        for index in range(start, 160, 16):
            answer = ask(port, "POST", "/predict", {"features": [rows[index].tolist()]})[1]
            found[index] = answer["predictions"][0]

    callers = [threading.Thread(target=caller, args=(start,)) for start in range(16)]
    for thread in callers:
        thread.start()
    for thread in callers:
        thread.join()
    assert [found[index] for index in range(160)] == expected


def test_health_answers_while_the_model_is_busy(scratch):
    with served(models.save_scripted(scratch / "slow")) as (port, _):
        slow = threading.Thread(
            target=ask, args=(port, "POST", "/predict", {"features": [[-3, 0]]})
        )
        slow.start()
        time.sleep(0.2)
        assert ask(port, "GET", "/health")[0] == 200
        assert slow.is_alive()
        slow.join()
