"""The check of a release in a cluster: a real scorer passes, and what each bad one is refused for."""

import json
import re
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import models
import pytest
from entries import run_entry
from servers import SERVING, free_port, served
from tollgate_serving.digest import digest_of_folder

DIGEST = "sha256:" + "a" * 64


class ScriptedScorer:
    """A scorer that does as it is told. ``script`` gives status and body of the n-th ``POST /predict``, from 0."""

    def __init__(self):
        self.health = {"model": "churn-model", "version": "2", "digest": DIGEST}
        self.sample = {"features": [[1.0, 2.0], [3.0, 4.0]]}
        self.not_ready = 0
        self.version = "2"
        self.script = lambda number: (200, b'{"predictions": [0, 1]}')
        self.predicted = 0
        self.bodies = set()
        self.connections = 0

    def answer(self, path):
        if path == "/ready":
            self.not_ready -= 1
            return (503 if self.not_ready >= 0 else 200), b"{}"
        if path == "/health":
            return 200, json.dumps(self.health).encode()
        if path == "/version":
            return 200, json.dumps({"sample": self.sample}).encode()
        number, self.predicted = self.predicted, self.predicted + 1
        return self.script(number)


@contextmanager
def listening(scorer):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # The head and the body are two packets; the second would wait for the first to be acknowledged.
        disable_nagle_algorithm = True

        def setup(self):
            scorer.connections += 1
            super().setup()

        def handle_any(self):
            sent = self.rfile.read(int(self.headers.get("content-length", 0)))
            if sent:
                scorer.bodies.add(sent)
            status, body = scorer.answer(self.path)
            if status == 0:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("x-model-version", scorer.version)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = handle_any

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def check(url, *arguments, digest=DIGEST, max_p95_ms="0"):
    """Exit code, the JSON line and stderr."""
    pin = ["--url", url, "--model", "churn-model", "--version", "2", "--digest", digest]
    done = run_entry("cluster.release_check", *pin, "--max-p95-ms", max_p95_ms, *arguments)
    assert "Traceback" not in done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1
    return done.returncode, json.loads(lines[0]), done.stderr


def refused(scorer, *arguments, **options):
    """The clause after the address, once the check refused, and what was measured."""
    with listening(scorer) as url:
        code, told, error = check(url, *arguments, **options)
    opening = f"version 2 of churn-model gets no traffic: {url} "
    assert (code, told["passed"]) == (1, False)
    assert error == f"{told['reason']}\n"
    assert told["reason"].startswith(opening)
    return told["reason"].removeprefix(opening), told


@pytest.fixture
def scorer():
    return ScriptedScorer()


def test_passes_a_real_scorer_and_tells_what_it_measured(linear):
    digest = digest_of_folder(linear)
    with served(linear) as (port, _):
        url = f"http://127.0.0.1:{port}"
        limits = ("--max-error-rate", "0.01", "--requests", "50")
        code, told, error = check(url, *limits, digest=digest, max_p95_ms="5000")
    assert (code, error) == (0, "")
    assert 0 < told.pop("p95Ms") < 5000
    assert told == {
        "url": url,
        "model": "churn-model",
        "version": "2",
        "digest": digest,
        "passed": True,
        "sample": True,
        "latencyRequests": 100,
        "latencyRounds": 1,
        "requests": 50,
        "errors": 0,
        "errorRate": 0,
        "reason": None,
    }


@pytest.mark.parametrize("answer", ['{"class": 1, "why": null}', '["no", null]'])
def test_takes_null_beside_an_answer(scorer, answer):
    scorer.script = lambda number: (200, f'{{"predictions": [{answer}, {answer}]}}'.encode())
    with listening(scorer) as url:
        code, _, error = check(url)
    assert (code, error) == (0, "")


@pytest.mark.parametrize("answer", ["null", "[null]", '{"class": null, "why": null}', "[1e999, 1]"])
def test_takes_neither_null_nor_infinity_for_an_answer(scorer, answer):
    scorer.script = lambda number: (200, f'{{"predictions": [0, {answer}]}}'.encode())
    reason, _ = refused(scorer)
    assert reason == "answers POST /predict with a prediction that is not finite"


def test_asks_the_sample_with_its_digits(scorer):
    scorer.sample = {"features": [[2**53 + 1, 1.0], [-(2**53) - 1, 0.1]]}
    with listening(scorer) as url:
        assert check(url)[0] == 0
    assert {repr(json.loads(body)) for body in scorer.bodies} == {repr(scorer.sample)}


def test_refuses_a_real_scorer_of_another_digest(linear):
    with served(linear) as (port, _):
        code, told, _ = check(f"http://127.0.0.1:{port}")
    assert code == 1
    assert told["reason"].endswith(
        f'serves digest "{digest_of_folder(linear)}", the pin says "{DIGEST}"'
    )


def test_refuses_a_real_scorer_whose_model_predicts_nan(tmp_path):
    folder = models.save_scripted(tmp_path / "nan")
    with served(folder) as (port, loaded):
        loaded.sample[:] = [[-2.0, 1.0]]
        code, told, _ = check(f"http://127.0.0.1:{port}", digest=digest_of_folder(folder))
    assert code == 1
    assert told["reason"].endswith("answers 500 to POST /predict")


def test_passes_a_model_without_a_sample_unasked(scorer):
    scorer.sample = None
    with listening(scorer) as url:
        code, told, said = check(url, "--max-error-rate", "0")
    assert (code, told["sample"], scorer.predicted) == (0, False, 0)
    assert told["note"] == said.strip()
    assert said.endswith("log it with an input_example.\n")


def test_waits_for_a_scorer_that_is_not_ready_yet(scorer):
    scorer.not_ready = 2
    with listening(scorer) as url:
        assert check(url)[0] == 0


def test_refuses_a_scorer_that_never_gets_ready(scorer):
    scorer.not_ready = 1_000_000
    said, _ = refused(scorer, "--timeout-seconds", "0.1")
    assert said == "answers 503 to GET /ready for 0.1 s"


def test_refuses_an_address_where_nobody_listens():
    url = f"http://127.0.0.1:{free_port()}"
    code, told, _ = check(url, "--timeout-seconds", "0")
    assert code == 1
    assert told["reason"].endswith(f"{url} does not answer (Connection refused) for 0 s")


@pytest.mark.parametrize(
    ("fact", "found", "wanted"),
    [("model", "other", "churn-model"), ("version", "1", "2"), ("digest", None, DIGEST)],
)
def test_refuses_another_identity_than_the_pins(scorer, fact, found, wanted):
    scorer.health[fact] = found
    said, _ = refused(scorer)
    assert said == f'serves {fact} {json.dumps(found)}, the pin says "{wanted}"'


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (500, b"{}", "answers 500 to POST /predict"),
        (200, b"{}", "answers POST /predict without predictions"),
        (
            200,
            b'{"predictions": [1]}',
            "answers POST /predict with 1 predictions for 2 rows",
        ),
        (
            200,
            b'{"predictions": [1, NaN]}',
            "answers POST /predict with something that is not a JSON object",
        ),
        (
            200,
            b'{"predictions": [1, 1e999]}',
            "answers POST /predict with a prediction that is not finite",
        ),
        (
            200,
            b'{"predictions": [1, {"yes": [0.5, null]}]}',
            "answers POST /predict with a prediction that is not finite",
        ),
        (200, b"[1, 2]", "answers POST /predict with something that is not a JSON object"),
        (0, b"", "does not answer (RemoteDisconnected)"),
    ],
)
def test_refuses_a_wrong_answer(scorer, status, body, said):
    scorer.script = lambda number: (status, body)
    assert refused(scorer)[0] == said


def test_takes_columns_of_as_many_answers_as_rows_for_predictions(scorer):
    scorer.script = lambda number: (200, b'{"predictions": {"class": ["no", "yes"], "p": [0, 1]}}')
    with listening(scorer) as url:
        assert check(url)[0] == 0
    for columns, said in [
        (b'{"class": ["no"], "p": [0]}', "with 1 predictions for 2 rows"),
        (b'{"class": ["no", "yes"], "p": 0}', "without predictions"),
        (b"{}", "without predictions"),
    ]:
        scorer.script = lambda number, columns=columns: (200, b'{"predictions": %s}' % columns)
        assert refused(scorer)[0] == f"answers POST /predict {said}"


def test_takes_labels_and_records_of_finite_numbers_for_predictions(scorer):
    scorer.script = lambda number: (200, b'{"predictions": [["yes", true], {"no": [0.5, 1]}]}')
    with listening(scorer) as url:
        assert check(url)[0] == 0


def test_refuses_an_error_among_the_requests_that_are_timed(scorer):
    scorer.script = lambda number: (503, b"") if number == 60 else (200, b'{"predictions": [0, 1]}')
    assert refused(scorer)[0] == "answers 503 to POST /predict after 60 good answers"


def test_refuses_answers_of_another_version(scorer):
    scorer.version = "1"
    assert refused(scorer)[0] == "answers POST /predict by version 1"


def test_refuses_a_latency_above_the_limit(scorer):
    said, told = refused(scorer, max_p95_ms="0.0001")
    assert (told["latencyRequests"], told["latencyRounds"]) == (100, 3)
    rounds = re.fullmatch(
        r"has a P95 latency of (.*) over 100 requests each, above the limit of 0\.0001 ms "
        r"\(tollgate:release\.maxP95Ms\); pin a faster version or raise the limit",
        said,
    )
    assert rounds[1].count(" ms") == 3 and rounds[1].endswith(f"{told['p95Ms']:.2f} ms")
    assert scorer.predicted == 1 + 10 + 3 * 100


def test_passes_a_latency_that_is_within_the_limit_in_a_later_round(scorer):
    def script(number):
        if number <= 111:
            time.sleep(0.05)
        return 200, b'{"predictions": [0, 1]}'

    scorer.script = script
    with listening(scorer) as url:
        code, told, error = check(url, max_p95_ms="40")
    assert (code, error) == (0, "")
    assert told["latencyRounds"] > 1 and told["p95Ms"] <= 40


def errors_from_the_share_on(numbers):
    """Fails on these of the requests that are counted, which come after one and 110 others."""
    return lambda number: (500 if number - 111 in numbers else 200, b'{"predictions": [0, 1]}')


def test_refuses_an_error_share_above_the_limit(scorer):
    scorer.script = errors_from_the_share_on({0, 100, 199})
    said, told = refused(scorer, "--max-error-rate", "0.01")
    assert said == (
        "failed 3 of 200 requests (1.5 %), above the limit of 1 % (tollgate:release.maxErrorRate); "
        "the last one: answers 500 to POST /predict"
    )
    assert (told["requests"], told["errors"], told["errorRate"]) == (200, 3, 0.015)


def test_passes_an_error_share_exactly_at_the_limit(scorer):
    scorer.script = errors_from_the_share_on({0, 199})
    with listening(scorer) as url:
        code, told, _ = check(url, "--max-error-rate", "0.01")
    assert (code, told["errors"]) == (0, 2)


def test_counts_errors_over_a_connection_each_so_that_a_service_spreads_them(scorer):
    with listening(scorer) as url:
        assert check(url)[0] == 0
        before, scorer.connections = scorer.connections, 0
        assert check(url, "--max-error-rate", "0", "--requests", "40")[0] == 0
    assert scorer.connections == before + 40


@pytest.mark.parametrize(
    "arguments",
    [
        ["--max-p95-ms", "-1"],
        ["--max-p95-ms", "nan"],
        ["--max-error-rate", "1.1"],
        ["--requests", "0"],
        ["--timeout-seconds", "inf"],
    ],
)
def test_refuses_numbers_out_of_range_with_code_64(arguments):
    pin = ["--model", "m", "--version", "1", "--digest", DIGEST, "--max-p95-ms", "1"]
    done = run_entry("cluster.release_check", "--url", "http://h:1", *pin, *arguments)
    assert (done.returncode, done.stdout) == (64, "")


@pytest.mark.parametrize("url", ["scorer:8000", "https://scorer", "http://h:port", "http://h/v1"])
def test_refuses_an_address_of_another_form(url):
    pin = ["--model", "m", "--version", "1", "--digest", DIGEST, "--max-p95-ms", "1"]
    done = run_entry("cluster.release_check", "--url", url, *pin)
    assert done.returncode == 1
    assert done.stderr == (
        f"{url} is no address of a scorer; give one such as http://scorer-preview:8000.\n"
    )


def test_needs_nothing_but_the_standard_library():
    code = "import tollgate_serving.cluster.release_check, sys; print(*sorted(sys.modules))"
    told = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(SERVING)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"mlflow", "numpy", "pandas", "starlette", "orjson"} & set(told)
