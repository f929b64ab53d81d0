"""Puts the rows of everything that waits into one call of the model."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy

from tollgate_serving.table import Rows, joined, kind_of

#: A call expected to take longer than this, in seconds, runs in the worker thread.
INLINE_SECONDS = 0.005
#: Most rows in one joined call, and in the first piece of a request that is larger.
MAX_ROWS = 4096
#: Pieces get larger while one takes less than this, in seconds: others wait for one, and each call costs something.
PIECE_SECONDS = 0.05


@dataclass
class _Job:
    run: Callable[[Rows], Any]
    rows: Any
    count: int
    joinable: bool
    #: Only rows of one kind are joined.
    kind: Any
    answer: asyncio.Future[Any] = field(repr=False)


class Batcher:
    """Calls the model, one call at a time.

    Requests that arrive in the same turn of the event loop are joined when the model is row-wise. A
    joined call that fails is repeated one request at a time, so that a bad one spoils no other.
    Short calls run inline, which saves the thread switch; how many rows are short is learnt from
    every call. While a long one is in the worker thread, what arrives is collected for the next.
    A row-wise model gets a large request in pieces, so that others have their turn between them.
    """

    def __init__(
        self, predict: Callable[[Rows], Any], rowwise: bool, observe: Callable[[int], None]
    ):
        self._predict = predict
        self._rowwise = rowwise
        self._observe = observe
        self._waiting: deque[_Job] = deque()
        self._scheduled = False
        self._inline_rows = 0
        self._worker = ThreadPoolExecutor(1, "predict")

    def submit(self, rows: Rows) -> Awaitable[Any]:
        """Predictions for checked rows."""
        if self._rowwise and len(rows) > MAX_ROWS:
            return self._in_pieces(rows)
        return self._enqueue(self._predict, rows, len(rows), self._rowwise)

    def submit_alone(self, run: Callable[[Any], Any], data: Any) -> asyncio.Future[Any]:
        """The result of ``run(data)``, joined with nothing and always in the worker thread."""
        return self._enqueue(run, data, MAX_ROWS, False)

    async def _in_pieces(self, rows: Rows) -> Any:
        answers: list[Any] = []
        start, size = 0, MAX_ROWS
        while start < len(rows):
            piece = rows[start : start + size]
            started = time.perf_counter()
            answer = await self._enqueue(self._predict, piece, len(piece), False)
            if not _is_by_row(answer, len(piece)):
                # What comes of it can't be put together: the model gets all rows at once.
                return await self._enqueue(self._predict, rows, len(rows), False)
            answers.append(answer)
            start += size
            if time.perf_counter() - started < PIECE_SECONDS:
                size *= 2
        return _together(answers)

    def close(self) -> None:
        # All answers are given by now, or nobody waits for them: a call that hangs must not keep the process.
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _enqueue(
        self, run: Callable[[Any], Any], rows: Any, count: int, joinable: bool
    ) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        answer = loop.create_future()
        kind = kind_of(rows) if joinable else None
        self._waiting.append(_Job(run, rows, count, joinable, kind, answer))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._flush)
        return answer

    def _flush(self) -> None:
        batch = self._take()
        if sum(job.count for job in batch) <= self._inline_rows:
            self._settle(batch, self._work(batch))
            return
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._worker, self._work, batch)
        running.add_done_callback(lambda done: self._settle(batch, done.result()))

    def _settle(self, batch: list[_Job], results: list[Any]) -> None:
        for job, result in zip(batch, results):
            if job.answer.cancelled():
                continue
            if isinstance(result, Exception):
                job.answer.set_exception(result)
            else:
                job.answer.set_result(result)
        self._scheduled = bool(self._waiting)
        if self._scheduled:
            # Not at once: the event loop takes in new requests first, and answers /health.
            asyncio.get_running_loop().call_soon(self._flush)

    def _take(self) -> list[_Job]:
        batch = [self._waiting.popleft()]
        rows = batch[0].count
        while self._waiting and batch[0].joinable and self._waiting[0].joinable:
            if self._waiting[0].kind != batch[0].kind:
                break
            rows += self._waiting[0].count
            if rows > MAX_ROWS:
                break
            batch.append(self._waiting.popleft())
        return batch

    def _work(self, batch: list[_Job]) -> list[Any]:
        """One result for each job: predictions, or the exception."""
        try:
            if len(batch) == 1:
                return [self._call(batch[0].run, batch[0].rows, batch[0].count)]
            counts = [job.count for job in batch]
            rows = joined([job.rows for job in batch])
            return _split(self._call(batch[0].run, rows, sum(counts)), counts)
        except Exception as error:
            if len(batch) == 1:
                return [error]
            return [self._work([job])[0] for job in batch]

    def _call(self, run: Callable[[Any], Any], rows: Any, count: int) -> Any:
        started = time.perf_counter()
        try:
            return run(rows)
        finally:
            if run == self._predict:
                self._learn(count, time.perf_counter() - started)
                self._observe(count)

    def _learn(self, count: int, seconds: float) -> None:
        if seconds > INLINE_SECONDS:
            self._inline_rows = min(self._inline_rows, count // 2)
        elif count * 2 > self._inline_rows:
            self._inline_rows = min(count * 2, MAX_ROWS - 1)


def _is_by_row(answer: Any, rows: int) -> bool:
    """Is it an array or a table, with a place for each row?"""
    return (isinstance(answer, numpy.ndarray) or hasattr(answer, "iloc")) and (
        numpy.ndim(answer) > 0 and len(answer) == rows
    )


def _together(answers: list[Any]) -> Any:
    if isinstance(answers[0], numpy.ndarray):
        return numpy.concatenate(answers)
    import pandas

    return pandas.concat(answers)


def _split(predictions: Any, counts: list[int]) -> list[Any]:
    if len(predictions) != sum(counts):
        raise ValueError("the model gave another number of predictions than rows")
    parts, start = [], 0
    cut = predictions.iloc if hasattr(predictions, "iloc") else predictions
    for count in counts:
        parts.append(cut[start : start + count])
        start += count
    return parts
