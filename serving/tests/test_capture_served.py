"""What a real scorer captures, and how its file takes what it hands over."""

import contextlib
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import models
import pandas
import pytest
from servers import SERVING, ask, eventually, free_port
from tollgate_serving import capture_file
from tollgate_serving.capture_file import CaptureFile, HandedOver, take_over
from tollgate_serving.digest import digest_of_folder


@contextlib.contextmanager
def scorer(folder: Path, model: Path, *options: str):
    """A scorer as the runtime starts it: its port and process. It is asked to end at the end."""
    port = free_port()
    command = [sys.executable, "-m", "tollgate_serving.scorer", "--model-uri", str(model)]
    command += ["--model", "churn-model", "--version", "2", "--digest", digest_of_folder(model)]
    command += ["--stage", "Staging", "--port", str(port), "--cache", str(folder / "cache")]
    environment = {**os.environ, "PYTHONPATH": str(SERVING)}
    with open(folder / "scorer.log", "w") as log:
        process = subprocess.Popen([*command, *options], env=environment, stdout=log, stderr=log)

    def ready() -> bool:
        assert process.poll() is None, (folder / "scorer.log").read_text()
        with contextlib.suppress(OSError):
            return ask(port, "GET", "/ready")[0] == 200
        return False

    try:
        eventually(ready)
        yield port, process
    finally:
        process.terminate()
        process.wait(20)


def test_a_scorer_captures_what_callers_sent(linear, tmp_path):
    file = tmp_path / "captured" / "scorer.csv"
    with scorer(tmp_path, linear, "--capture-rows", "3", "--capture-file", str(file)) as (port, _):
        sample = ask(port, "GET", "/version")[1]["sample"]
        for value in range(5):
            row = [float(value)] * 10
            assert ask(port, "POST", "/predict", {"features": [row]})[0] == 200
        assert ask(port, "POST", "/predict", sample)[0] == 200
        assert ask(port, "POST", "/predict", {"features": [["no number"] * 10]})[0] == 422
        split = {"columns": [f"f{index}" for index in range(10)], "data": [[9.0] * 10]}
        assert ask(port, "POST", "/invocations", {"dataframe_split": split})[0] == 200
    frame = pandas.read_csv(file)
    assert list(frame.columns) == [f"f{index}" for index in range(10)]
    assert frame["f0"].tolist() == [3.0, 4.0, 9.0]


def test_a_scorer_captures_columns_of_every_kind(mixed, tmp_path):
    file = tmp_path / "captured" / "scorer.csv"
    with scorer(tmp_path, mixed, "--capture-rows", "10", "--capture-file", str(file)) as (port, _):
        rows = models.mixed_table().head(4).astype(object).values.tolist()
        assert ask(port, "POST", "/predict", {"features": rows})[0] == 200
    pandas.testing.assert_frame_equal(pandas.read_csv(file), models.mixed_table().head(4))


def test_a_scorer_that_is_not_asked_to_captures_nothing(linear, tmp_path):
    with scorer(tmp_path, linear) as (port, _):
        assert ask(port, "POST", "/predict", {"features": [[0.5] * 10]})[0] == 200
    assert not list(tmp_path.rglob("*.csv"))


@pytest.mark.parametrize("options", [["--capture-rows", "5"], ["--capture-rows", "-1"]])
def test_refuses_capture_options_that_fit_no_file(linear, tmp_path, options):
    command = [sys.executable, "-m", "tollgate_serving.scorer", "--model-uri", str(linear)]
    command += ["--model", "m", "--version", "2", "--digest", "sha256:0", "--stage", "None"]
    command += ["--port", "0", "--cache", str(tmp_path), *options]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONPATH": str(SERVING)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 64
    assert done.stderr.strip().endswith("--capture-rows must be 0 or more, with a --capture-file")


class TestTakeOver:
    """What a scorer hands over, whatever it is."""

    @pytest.fixture
    def handing(self, tmp_path):
        """The scorer's end, the file, and a wait for the other end's end."""
        ours, theirs = socket.socketpair()
        file = CaptureFile(tmp_path / "captured" / "rows.csv")
        taking = threading.Thread(target=take_over, args=(ours, file), daemon=True)
        yield theirs, file, taking
        theirs.close()
        taking.join(10)
        assert not taking.is_alive()

    def test_keeps_what_was_handed_over_whole_and_gives_it_to_the_next(self, handing, tmp_path):
        theirs, file, taking = handing
        taking.start()
        kept = HandedOver(theirs)
        assert kept.earlier() == b""
        content = b"x,y\n" + b"1,2\n" * 600_000
        kept.replace([content])
        eventually(file.path.exists, 10)
        eventually(lambda: file.path.read_bytes() == content, 10)
        assert stat.S_IMODE(file.path.stat().st_mode) == 0o600
        ours, next_one = socket.socketpair()
        threading.Thread(target=take_over, args=(ours, file), daemon=True).start()
        with next_one:
            assert HandedOver(next_one).earlier() == content

    def test_keeps_the_file_of_before_when_a_hand_over_breaks_off(self, handing):
        theirs, file, taking = handing
        file.replace([b"x,y\n1,2\n"])
        taking.start()
        assert HandedOver(theirs).earlier() == b"x,y\n1,2\n"
        theirs.sendall((5).to_bytes(4, "big") + b"x,")
        theirs.close()
        taking.join(10)
        assert file.path.read_bytes() == b"x,y\n1,2\n"

    @pytest.mark.parametrize("first", [b"\xff\xff\xff\xff", b"GET / HTTP/1.1\r\n\r\n", b"\0"])
    def test_ends_with_a_scorer_that_hands_over_something_else(self, handing, first):
        theirs, file, taking = handing
        taking.start()
        assert HandedOver(theirs).earlier() == b""
        theirs.sendall(first)
        theirs.shutdown(socket.SHUT_WR)
        taking.join(10)
        assert not taking.is_alive() and not file.path.exists()

    def test_keeps_no_more_than_there_is_room_for_and_goes_on(self, handing, monkeypatch, caplog):
        theirs, file, taking = handing
        monkeypatch.setattr(capture_file, "MOST_BYTES", 3 * 1024**2)
        taking.start()
        kept = HandedOver(theirs)
        kept.earlier()
        with caplog.at_level("WARNING", "tollgate"):
            for _ in range(2):
                kept.replace([bytes(5 * 1024**2)])
            kept.replace([b"x,y\n1,2\n"])
            eventually(file.path.exists, 10)
        assert file.path.read_bytes() == b"x,y\n1,2\n"
        [warning] = [record for record in caplog.records if "captured" in record.message]
        assert warning.facts["reason"] == "more than 3 MiB"
