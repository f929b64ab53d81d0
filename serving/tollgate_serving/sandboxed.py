"""The process in the sandbox. Started by ``tollgate_serving.scorer`` alone, which hands it its sockets.

It gives up what ``sandbox/confine.py`` says before it imports anything that has threads, or that a model could have a
hand in. Its command line, environment and folder are the same whoever had it started, and for what.
"""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

from tollgate_serving.arguments import Parser
from tollgate_serving.control import CLOSED
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import Pinned
from tollgate_serving.logs import configure
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.sandbox.confine import Confinement, confine


def main(arguments: list[str]) -> int:
    options = _parser().parse_args(arguments)
    control = socket.socket(fileno=options.control)
    confine(Confinement(options.kind, options.memory_bytes, options.folder, tuple(options.scratch)))
    # Until now what went wrong was told to the supervisor; from now on it is the scorer's log.
    os.dup2(options.log, 2)
    os.close(options.log)
    control.send(bytes([CLOSED]))
    configure(options.log_level, model=options.model, version=options.version)
    quiet_mlflow()
    # MLflow's schema errors quote the caller's data, which must not reach the log.
    os.environ["MLFLOW_DISABLE_SCHEMA_DETAILS"] = "true"

    from tollgate_serving.server import Limits, Scorer, Sockets, serve

    captured = None if options.captured is None else socket.socket(fileno=options.captured)
    sockets = Sockets(socket.socket(fileno=options.listener), control, captured)
    folder = options.folder / options.below
    pinned = Pinned(str(folder), options.model, options.version, options.digest)
    try:
        limits = Limits(options.capture_rows, options.answer_seconds, not options.no_batching)
        serve(Scorer(pinned, options.stage, folder, sockets, limits))
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


def _parser() -> Parser:
    parser = Parser(prog="python -m tollgate_serving.sandboxed", description=__doc__)
    for name in ("--model", "--version", "--digest", "--stage", "--log-level", "--below", "--kind"):
        parser.add_argument(name, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--scratch", type=Path, action="append", default=[])
    for name in ("--listener", "--control", "--log"):
        parser.add_argument(name, type=int, required=True)
    for name in ("--captured", "--memory-bytes"):
        parser.add_argument(name, type=int)
    parser.add_argument("--capture-rows", type=int, default=0)
    parser.add_argument("--answer-seconds", type=int, required=True)
    parser.add_argument("--no-batching", action="store_true")
    return parser


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # Not sys.exit: a loading thread that is still busy must not delay or crash the end.
    os._exit(code)
