"""Serves one pinned model version over HTTP.

This process gets the version's bytes, listens, and starts another one in a sandbox that loads the model and answers
(``tollgate_serving.sandboxed``). That one is handed the listening socket and gets no token, no address of a registry
and none of this process's environment. Each ends with the other.

Exit codes: 0 asked to stop, 1 can't start, 3 other bytes than pinned, 4 can't be downloaded,
5 can't be loaded, 64 usage.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tollgate_serving.cache import holder_of
from tollgate_serving.control import GO, STOP
from tollgate_serving.errors import EXIT_USAGE, UserError
from tollgate_serving.levels import LEVELS
from tollgate_serving.sandbox.kinds import WANTED
from tollgate_serving.sandbox.launch import Launch, Order, Sandboxed

# Logging, hashing and what fetches are imported once the process in the sandbox is on its way: it takes longest.

#: Longest that a process which was asked to stop may take beyond its last answers, in seconds: its own 0.5, and more.
STOP_SECONDS = 10.0


class Supervisor:
    """One scorer from its start to its end."""

    def __init__(self, options: argparse.Namespace):
        self._options = options
        self._fetch: subprocess.Popen[bytes] | None = None
        self._stopping = 0
        #: Is whoever this scorer is for gone?
        self._left = False
        #: Why there are no bytes: an error of ours, or the exit code of the fetcher, which has told why.
        self._failure: UserError | int | None = None
        self._in_place = False
        self._woken, self._waking = os.pipe()

    def run(self, listener: socket.socket) -> int:
        """Returns the exit code. Raises UserError."""
        os.set_blocking(self._waking, False)
        signal.set_wakeup_fd(self._waking, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._asked)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        ours, captured = socket.socketpair() if self._options.capture_rows else (None, None)
        order = Order(
            wanted=self._options.sandbox,
            facts=self._facts(),
            holder=self._make_holder(),
            listener=listener,
            captured=captured,
            memory_bytes=self._options.memory_bytes,
        )
        launch = Launch(order)
        self._log_listening(listener)
        taking = self._take_captured(ours)
        if self._options.while_fd is not None:
            threading.Thread(target=self._watch_starter, daemon=True).start()
        threading.Thread(target=self._get, daemon=True).start()
        try:
            sandboxed = launch.wait()
            listener.close()
            if captured is not None:
                captured.close()
            code = self._keep(sandboxed, launch.lacking)
        finally:
            self._end_fetch()
        if taking is not None:
            taking.join()
        if self._stopping:
            # A fetcher that was ended with us is no failure.
            return code
        if isinstance(self._failure, UserError):
            raise self._failure
        return code if self._failure is None else self._failure

    def _facts(self) -> list[str]:
        options = self._options
        facts = ["--model", options.model, "--version", options.version]
        facts += ["--digest", options.digest, "--stage", options.stage]
        facts += ["--log-level", options.log_level]
        facts += ["--answer-seconds", str(options.answer_seconds)]
        facts += ["--no-batching"] if options.no_batching else []
        return [*facts, "--capture-rows", str(options.capture_rows)]

    def _log_listening(self, listener: socket.socket) -> None:
        from tollgate_serving.logs import configure, logger

        options = self._options
        configure(options.log_level, model=options.model, version=options.version)
        host, port = listener.getsockname()[:2]
        logger.info("listening", extra={"facts": {"host": host, "port": port}})

    def _log_sandbox(self, kind: str, lacking: list[str]) -> None:
        from tollgate_serving.logs import logger

        facts = {"facts": {"sandbox": kind, **({"lacking": lacking} if lacking else {})}}
        if kind == "none" and self._options.sandbox == "preferred":
            logger.warning("this scorer runs without a sandbox", extra=facts)
        else:
            logger.info("sandbox", extra=facts)

    def _make_holder(self) -> Path:
        holder = holder_of(self._options.digest, self._options.cache)
        try:
            holder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._cannot_keep(error) from error
        return holder

    def _take_captured(self, connection: socket.socket | None) -> threading.Thread | None:
        """The thread that puts into the file what comes, when callers' rows are kept."""
        if connection is None:
            return None
        from tollgate_serving.capture_file import CaptureFile, take_over

        file = CaptureFile(self._options.capture_file)
        taking = threading.Thread(target=take_over, args=(connection, file), daemon=True)
        taking.start()
        return taking

    def _get(self) -> None:
        """Sees to it that the pinned bytes are in place, on a thread of its own."""
        from tollgate_serving.fetch import cached

        try:
            if cached(self._pinned(), self._options.cache) is None:
                self._failure = self._run_fetch() or None
        except UserError as error:
            self._failure = error
        except OSError as error:
            self._failure = self._cannot_keep(error)
        self._in_place = self._failure is None
        with contextlib.suppress(OSError):
            os.write(self._waking, b"\0")

    def _cannot_keep(self, error: OSError) -> UserError:
        from tollgate_serving.fetch import cant_be_kept

        return cant_be_kept(self._pinned(), self._options.cache, error)

    def _pinned(self):
        """The version as what fetches names it: a ``Pinned``."""
        from tollgate_serving.fetch import Pinned

        options = self._options
        return Pinned(options.model_uri, options.model, options.version, options.digest)

    def _run_fetch(self) -> int:
        """Runs what alone has the registry's address and token; its exit code."""
        options = self._options
        command = [sys.executable, "-m", "tollgate_serving.fetch", "--model-uri", options.model_uri]
        command += ["--model", options.model, "--version", options.version]
        command += ["--digest", options.digest]
        self._fetch = subprocess.Popen(
            [*command, "--cache", str(options.cache)], stdin=subprocess.DEVNULL
        )
        return self._fetch.wait()

    def _watch_starter(self) -> None:
        """Ends the scorer with the process that holds the other end of the pipe, however that one ended."""
        while os.read(self._options.while_fd, 1):
            pass
        self._left = True
        self._end_fetch()
        with contextlib.suppress(OSError):
            os.write(self._waking, b"\0")

    def _end_fetch(self) -> None:
        if self._fetch is not None and self._fetch.poll() is None:
            self._fetch.terminate()

    def _asked(self, *_: object) -> None:
        self._stopping += 1

    def _keep(self, sandboxed: Sandboxed, lacking: list[str]) -> int:
        """Waits for the process's end, which it tells of the bytes and of a stop."""
        told = False
        told_stops = 0
        while sandboxed.process.poll() is None:
            if self._in_place and not told:
                # Not before: when there are no bytes, the fetcher's reason is the last line of the log.
                self._log_sandbox(sandboxed.kind, lacking)
                sandboxed.tell(GO)
                told = True
            if self._left or self._failure is not None or (self._stopping and not told):
                sandboxed.process.kill()
                sandboxed.end()
                return 0
            if told_stops < self._stopping:
                sandboxed.tell(STOP)
                told_stops += 1
                if told_stops == 1:
                    longest = self._options.answer_seconds + STOP_SECONDS
                    _later(longest, sandboxed.process.kill)
            elif not os.read(self._woken, 512):
                break
        return sandboxed.end()


def _later(seconds: float, do) -> None:
    timer = threading.Timer(seconds, do)
    timer.daemon = True
    timer.start()


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    # What we were started with beyond the usual three is nobody's below us.
    kept = [number for number in (options.port_fd, options.while_fd) if number is not None]
    for before, after in itertools.pairwise([2, *sorted(kept), 1024]):
        os.closerange(before + 1, after)
    try:
        listener = _listen(options.host, options.port)
        if options.port_fd is not None:
            os.write(options.port_fd, f"{listener.getsockname()[1]}\n".encode())
            os.close(options.port_fd)
        return Supervisor(options).run(listener)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # Not the error's own text, which repeats the address; a name that isn't known has only that.
        reason = (
            error.strerror if error.errno is None or error.errno < 0 else os.strerror(error.errno)
        )
        raise UserError(
            f"the scorer can't listen on {host}:{port}: {reason}; stop what holds the port or set another."
        ) from error


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tollgate_serving.scorer", description=__doc__)
    parser.add_argument(
        "--model-uri", required=True, help="such as models:/churn-model/2, or a folder"
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--digest", required=True, help="sha256:… of the version's bytes")
    parser.add_argument("--stage", required=True, help="told by /health")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument(
        "--port", type=int, required=True, help="0: any free port, named in the log"
    )
    parser.add_argument("--port-fd", type=int, help="a descriptor that is told the port")
    parser.add_argument(
        "--while-fd",
        type=int,
        help="a pipe's descriptor: the scorer ends once nobody holds its other end",
    )
    parser.add_argument("--log-level", choices=LEVELS, default="INFO")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder that keeps downloaded versions"
    )
    parser.add_argument(
        "--capture-rows",
        type=int,
        default=0,
        help="how many of the last rows callers sent are kept in --capture-file; 0: none",
    )
    parser.add_argument("--capture-file", type=Path, help="CSV file with the signature's columns")
    parser.add_argument(
        "--sandbox",
        choices=WANTED,
        default="required",
        help="required: none starts without one; preferred: goes on without and says so; "
        "pod: the container is one",
    )
    parser.add_argument(
        "--memory-bytes", type=int, help="most private memory of the model; unset: no limit"
    )
    parser.add_argument(
        "--answer-seconds",
        type=int,
        default=120,
        help="how long requests in flight may take once it was asked to stop",
    )
    parser.add_argument(
        "--no-batching",
        action="store_true",
        help="serve each request by itself, though others wait",
    )
    try:
        options = parser.parse_args(arguments)
        if options.capture_rows < 0 or (options.capture_rows and not options.capture_file):
            parser.error("--capture-rows must be 0 or more, with a --capture-file")
        if options.memory_bytes is not None and options.memory_bytes <= 0:
            parser.error("--memory-bytes must be more than 0")
        if options.answer_seconds <= 0:
            parser.error("--answer-seconds must be more than 0")
    except SystemExit as exit:
        sys.exit(EXIT_USAGE if exit.code else 0)
    return options


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stderr.flush()
    # Not sys.exit: a thread that is still busy must not delay or crash the end.
    os._exit(code)
