"""Asks the pods of a release, before callers reach them: are they ready, the pinned version, right and fast enough?

For Argo Rollouts' analysis, as a Job. In this order:

1. ``GET /ready`` answers 200, within ``--timeout-seconds``: a new Service refuses connections for about a second.
2. ``GET /health`` names the model, the version and the digest of the pin.
3. The request that ``GET /version`` offers as a sample is answered with as many finite predictions as rows, each time:
   10 times to warm up and 100 times for the P95 of the latency, over one connection; where that is above the limit, a
   hundred times again, up to three rounds, as other work on the machines only adds to it. A model that offers no sample
   isn't asked to predict, which is said: its kept answers are asked for later, from outside.
4. With ``--max-error-rate``: again ``--requests`` times, each over a connection of its own, so that behind a Service
   all pods are asked. No answer, another status than 200, another version and predictions that are wrong count as
   errors, and their share may be at most ``--max-error-rate``.

How likely a pod that fails on a share of its requests is found: step 3 lets no error pass and step 4 at most
``--max-error-rate``, so it goes unseen with (1 - share)^111 times the binomial chance of so few errors. With 200
requests and a limit of 1 % (two errors): a share of 0.5 % is found in 47 of 100 cases, 1 % in 78, 2 % in 97.5, 3 % in
99.8, 5 % in 99.999.

Prints one line of JSON with what was measured. Exit codes: 0 passed, 1 refused, with the reason on stderr and in the
JSON, 64 usage, 143 asked to stop.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from typing import Any

from tollgate_serving.arguments import Parser
from tollgate_serving.cluster.sample_requests import BadAnswer, Caller, Sample
from tollgate_serving.ending import end_on_request, pause
from tollgate_serving.errors import UserError

#: Requests one after the other whose P95 is judged.
LATENCY_REQUESTS = 100
#: Times they are asked, until one P95 is within the limit.
LATENCY_ROUNDS = 3
#: Requests before them that don't count.
WARM_UP_REQUESTS = 10

#: What to log, where there is nothing to ask.
NO_SAMPLE = "The model offers no sample request, so it wasn't asked to predict: log it with an input_example."


def p95(samples: list[float]) -> float:
    """The value below which 95 % of the samples lie (nearest rank)."""
    return sorted(samples)[math.ceil(0.95 * len(samples)) - 1]


class ReleaseCheck:
    """One check. ``measured`` holds what it found so far, also when it raised."""

    def __init__(self, options: argparse.Namespace):
        self._options = options
        self._caller = Caller(options.url)
        self.measured: dict[str, Any] = {}

    def run(self) -> None:
        """Raises BadAnswer, one clause that follows the address."""
        self._await_ready()
        self._check_identity()
        sample = self._caller.ask_sample()
        self.measured["sample"] = sample is not None
        if sample is None:
            self.measured["note"] = NO_SAMPLE
            print(NO_SAMPLE, file=sys.stderr)
            return
        self._caller.ask_predictions(sample, self._options.version)
        self._check_latency(sample)
        if self._options.max_error_rate is not None:
            self._check_errors(sample)

    def _await_ready(self) -> None:
        started = time.monotonic()
        while True:
            try:
                status = self._caller.ask("/ready", anew=True).status
                if status == 200:
                    return
                problem = BadAnswer(f"answers {status} to GET /ready")
            except BadAnswer as error:
                problem = error
            if time.monotonic() - started > self._options.timeout_seconds:
                raise BadAnswer(f"{problem} for {self._options.timeout_seconds:g} s")
            pause(0.2)

    def _check_identity(self) -> None:
        identity = self._caller.ask_object("/health")
        for fact in ("model", "version", "digest"):
            wanted = getattr(self._options, fact)
            if identity.get(fact) != wanted:
                raise BadAnswer(
                    f'serves {fact} {json.dumps(identity.get(fact))}, the pin says "{wanted}"'
                )

    def _check_latency(self, sample: Sample) -> None:
        limit, good = self._options.max_p95_ms, 0
        found: list[float] = []

        def ask() -> float:
            nonlocal good
            try:
                ms = self._caller.ask_predictions(sample, self._options.version)
            except BadAnswer as error:
                raise BadAnswer(f"{error} after {good + 1} good answers") from error
            good += 1
            return ms

        for _ in range(WARM_UP_REQUESTS):
            ask()
        while len(found) < LATENCY_ROUNDS:
            found.append(p95([ask() for _ in range(LATENCY_REQUESTS)]))
            measured = {"latencyRequests": LATENCY_REQUESTS, "latencyRounds": len(found)}
            self.measured |= measured | {"p95Ms": round(found[-1], 2)}
            if limit == 0 or found[-1] <= limit:
                return
        told = ", ".join(f"{each:.2f} ms" for each in found)
        raise BadAnswer(
            f"has a P95 latency of {told} over {LATENCY_REQUESTS} requests each, above the limit of {limit:g} ms "
            "(tollgate:release.maxP95Ms); pin a faster version or raise the limit"
        )

    def _check_errors(self, sample: Sample) -> None:
        limit, requests = self._options.max_error_rate, self._options.requests
        problems: list[BadAnswer] = []
        for _ in range(requests):
            try:
                self._caller.ask_predictions(sample, self._options.version, anew=True)
            except BadAnswer as error:
                problems.append(error)
        share = len(problems) / requests
        self.measured |= {"requests": requests, "errors": len(problems), "errorRate": share}
        if share > limit:
            raise BadAnswer(
                f"failed {len(problems)} of {requests} requests ({100 * share:.4g} %), above the limit of "
                f"{100 * limit:.4g} % (tollgate:release.maxErrorRate); the last one: {problems[-1]}"
            )


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    end_on_request()
    document = {name: getattr(options, name) for name in ("url", "model", "version", "digest")}
    reason = None
    try:
        check = ReleaseCheck(options)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    try:
        check.run()
    except BadAnswer as error:
        reason = (
            f"version {options.version} of {options.model} gets no traffic: {options.url} {error}"
        )
    print(json.dumps({**document, "passed": reason is None, **check.measured, "reason": reason}))
    if reason is not None:
        print(reason, file=sys.stderr)
    return 0 if reason is None else 1


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m tollgate_serving.cluster.release_check", description=__doc__)
    parser.add_argument("--url", required=True, help="such as http://scorer-preview:8000")
    parser.add_argument("--model", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--digest", required=True)
    parser.add_argument(
        "--max-p95-ms", required=True, type=_not_negative, help="milliseconds; 0: no limit"
    )
    parser.add_argument(
        "--max-error-rate", type=_share, help="0 to 1; default: no requests for it are made"
    )
    parser.add_argument("--requests", type=_count, default=200, help="for --max-error-rate")
    parser.add_argument(
        "--timeout-seconds", type=_not_negative, default=60, help="until it is ready"
    )
    return parser.parse_args(arguments)


def _not_negative(text: str) -> float:
    value = float(text)
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text} is not 0 or more")
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a share from 0 to 1")
    return value


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
