"""Answers of many requests, put together."""

import contextlib
import http.server
import os
import threading

import numpy
import pandas
import pytest
from tollgate_serving import bulk
from tollgate_serving.fetch import Pinned
from tollgate_serving.predictor import Predictor
from tollgate_serving.probe import RunningScorer
from tollgate_serving.table_bodies import read_arrow


@contextlib.contextmanager
def answering(answer):
    """A predictor of a server that answers a table by ``answer`` of its first column, one row in a request."""

    class Answering(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            told = bulk.answer_bytes(answer(read_arrow(body).column(0).to_pylist()))
            self.send_response(200)
            self.send_header("content-length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        def log_message(self, *_):
            pass

    pinned = Pinned("models:/m/1", "m", "1", "sha256:" + "0" * 64)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        scorer = RunningScorer(server.server_address[1], os.getpid())
        yield Predictor(pinned, scorer, None, None, False, False)
        server.shutdown()


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([0.5, 1.5, 2.5], "f"),
        (["a", "b", "c"], "U"),
        ([0.5, "a", 2.5], "O"),
        ([[0.5, 1.0], [0.5, "a"]], "O"),
        (["a", None], "O"),
    ],
)
def test_answers_keep_their_types_whatever_other_requests_got(answers, kind):
    rows = pandas.DataFrame({"place": range(len(answers))})
    with answering(lambda places: [answers[place] for place in places]) as model:
        found = model(rows)
    assert found.dtype.kind == kind and found.tolist() == answers
    assert len(numpy.atleast_1d(found)) == len(rows)
