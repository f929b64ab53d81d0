"""Captured rows: the ring, its file, and the copies that an evaluation makes."""

import os
import stat
import threading
import time

import numpy
import pandas
import pytest
from servers import eventually
from tollgate_serving import capture as capturing
from tollgate_serving.capture import Capture, copy_captured
from tollgate_serving.capture_file import KEPT_SECONDS, CaptureFile
from tollgate_serving.conversion import from_json
from tollgate_serving.errors import UserError
from tollgate_serving.signature import Column, Signature

NUMBERS = Signature(
    kind="columns",
    inputs=(Column("x", "double", True), Column("y", "double", True)),
    outputs=(),
    named=True,
    width=2,
)
MIXED = Signature(
    kind="columns",
    inputs=tuple(
        Column(name, kind, False)
        for name, kind in (("amount", "double"), ("plan", "string"), ("active", "boolean"))
    ),
    outputs=(),
    named=True,
    width=3,
)


@pytest.fixture
def captured(tmp_path):
    """Makes captures on one file, and closes them at the end."""
    made = []

    def make(rows=5, signature=NUMBERS, sample=None, write_seconds=60.0):
        capture = Capture(
            rows, CaptureFile(tmp_path / "data" / "rows.csv"), signature, sample, write_seconds
        )
        made.append(capture)
        return capture

    make.path = tmp_path / "data" / "rows.csv"
    yield make
    for capture in made:
        capture.close()


def rows_from(start, count):
    return numpy.arange(start, start + 2.0 * count).reshape(count, 2)


def test_keeps_the_last_rows_in_a_table_of_the_signature(captured):
    capture = captured()
    for start in range(0, 20, 2):
        capture.keep(rows_from(start, 1))
    capture.close()
    frame = pandas.read_csv(captured.path)
    assert list(frame.columns) == ["x", "y"]
    assert frame.to_numpy().tolist() == rows_from(10, 5).tolist()


def test_keeps_the_end_of_a_request_with_more_rows_than_fit(captured):
    capture = captured()
    capture.keep(rows_from(0, 50))
    assert capture.rows == 5
    capture.close()
    assert pandas.read_csv(captured.path).to_numpy().tolist() == rows_from(90, 5).tolist()


def test_writes_texts_and_missing_values_as_training_tables_have_them(captured):
    capture = captured(signature=MIXED)
    rows = [[1.5, 'said "no",\nthen é', True], [None, None, False]]
    capture.keep(from_json(rows, MIXED))
    capture.close()
    frame = pandas.read_csv(captured.path)
    assert frame["plan"].tolist()[0] == 'said "no",\nthen é'
    assert frame["active"].tolist() == [True, False]
    assert frame.iloc[1][["amount", "plan"]].isna().all()


def test_a_model_that_changes_its_input_changes_nothing_that_was_kept(captured):
    capture = captured()
    rows = rows_from(0, 2)
    capture.keep(rows)
    rows *= 100
    capture.close()
    assert pandas.read_csv(captured.path).to_numpy().tolist() == [[0.0, 1.0], [2.0, 3.0]]


@pytest.mark.parametrize(
    ("signature", "sample", "other"),
    [
        (NUMBERS, [[1, 2]], [[1.0, 2.5]]),
        (MIXED, [[1.0, "a", True]], [[1.0, "b", True]]),
    ],
)
def test_does_not_keep_the_request_that_checks_releases(captured, signature, sample, other):
    capture = captured(signature=signature, sample=sample)
    for _ in range(3):
        capture.keep(from_json(sample, signature))
    capture.keep(from_json(other, signature))
    assert capture.rows == 1


def test_goes_on_from_the_file_that_is_there(captured):
    first = captured()
    first.keep(rows_from(0, 4))
    first.close()
    again = captured()
    again.keep(rows_from(8, 2))
    again.close()
    assert pandas.read_csv(captured.path).to_numpy().tolist() == rows_from(2, 5).tolist()


def aged(path, seconds):
    written = time.time() - seconds
    os.utime(path, (written, written))


def test_starts_anew_after_a_file_that_is_old(captured):
    first = captured()
    first.keep(rows_from(0, 4))
    first.close()
    aged(captured.path, KEPT_SECONDS + 60)
    again = captured()
    assert again.rows == 0 and not captured.path.exists()


def test_removes_what_no_scorer_has_written_for_seven_days(captured):
    folder = captured.path.parent
    folder.mkdir()
    ages = {"old.csv": 60, "killed.part": 60, "recent.csv": -60, "other.txt": 60}
    for name, beyond in ages.items():
        (folder / name).write_text("x,y\n1,2\n")
        aged(folder / name, 7 * 24 * 3600 + beyond)
    capture = captured(write_seconds=0.02)
    assert {path.name for path in folder.iterdir()} == {"recent.csv", "other.txt"}
    # A scorer that runs for weeks does so too, whenever it writes.
    aged(folder / "recent.csv", 7 * 24 * 3600 + 60)
    capture.keep(rows_from(0, 1))
    eventually(lambda: not (folder / "recent.csv").exists(), 5)
    eventually(captured.path.exists, 5)
    assert {path.name for path in folder.iterdir()} == {"rows.csv", "other.txt"}


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\xff\xfe", b""])
def test_starts_anew_beside_a_file_of_something_else(captured, content):
    captured.path.parent.mkdir()
    captured.path.write_bytes(content)
    capture = captured()
    assert capture.rows == 0
    capture.keep(rows_from(0, 1))
    capture.close()
    assert pandas.read_csv(captured.path).to_numpy().tolist() == [[0.0, 1.0]]


def test_only_the_user_can_read_what_callers_sent(captured):
    capture = captured()
    capture.keep(rows_from(0, 1))
    capture.close()
    assert stat.S_IMODE(captured.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(captured.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in captured.path.parent.iterdir()] == ["rows.csv"]


def test_writes_by_itself_and_only_when_rows_came(captured):
    capture = captured(write_seconds=0.02)
    capture.keep(rows_from(0, 1))
    eventually(captured.path.exists, 5)
    written = captured.path.stat().st_mtime_ns
    time.sleep(0.1)
    assert captured.path.stat().st_mtime_ns == written
    capture.keep(rows_from(2, 1))
    eventually(lambda: len(pandas.read_csv(captured.path)) == 2, 5)


def test_a_reader_never_sees_half_a_file(captured):
    capture = captured(rows=3000, write_seconds=0.001)
    capture.keep(rows_from(0, 3000))
    eventually(captured.path.exists, 5)
    ending = time.monotonic() + 0.5
    while time.monotonic() < ending:
        capture.keep(rows_from(0, 7))
        frame = pandas.read_csv(captured.path)
        assert len(frame) == 3000 and not frame.isna().any().any()


def test_a_file_that_cannot_be_written_is_logged_once_and_costs_no_request(captured, caplog):
    captured.path.parent.parent.joinpath("data").write_text("in the way")
    capture = captured(write_seconds=0.01)
    with caplog.at_level("WARNING", "tollgate"):
        for start in range(5):
            capture.keep(rows_from(start, 1))
            time.sleep(0.03)
    capture.close()
    warnings = [record for record in caplog.records if "captured" in record.message]
    assert [record.message for record in warnings] == ["captured rows can't be written"]
    assert warnings[0].facts["reason"] in ("Not a directory", "File exists")
    assert capture.rows == 5


def test_keeping_a_row_takes_microseconds_also_while_the_file_is_written(captured):
    capture = captured(rows=20_000, write_seconds=0.001)
    rows = rows_from(0, 1)
    capture.keep(rows_from(0, 20_000))
    times = []
    for _ in range(20_000):
        started = time.perf_counter()
        capture.keep(rows)
        times.append(time.perf_counter() - started)
    assert numpy.median(times) < 20e-6


def test_is_safe_from_several_threads(captured):
    capture = captured(rows=10_000, write_seconds=0.001)
    keepers = [
        threading.Thread(target=lambda: [capture.keep(rows_from(0, 3)) for _ in range(500)])
        for _ in range(4)
    ]
    for keeper in keepers:
        keeper.start()
    for keeper in keepers:
        keeper.join()
    capture.close()
    assert len(pandas.read_csv(captured.path)) == 6000


def test_the_pause_after_a_slow_write_is_longer(captured, monkeypatch):
    writes = []

    def slow(self, rows):
        writes.append(time.monotonic())
        time.sleep(0.05)

    monkeypatch.setattr(Capture, "_replace_file", slow)
    capture = captured(write_seconds=0.01)
    ending = time.monotonic() + 0.8
    while time.monotonic() < ending:
        capture.keep(rows_from(0, 1))
        time.sleep(0.005)
    pauses = numpy.diff(writes)
    assert len(pauses) >= 1 and pauses.min() > 0.05 * (1 + capturing._PAUSE_RATIO) * 0.9


class TestCopyCaptured:
    @pytest.fixture
    def folders(self, tmp_path):
        for name in ("captured", "copies"):
            (tmp_path / name).mkdir()
        return tmp_path / "captured", tmp_path / "copies"

    @staticmethod
    def write(path, content="x,y\n1,2\n", age=0):
        path.write_text(content)
        aged(path, age)

    def copied(self, folders):
        return {path.name: path.read_text() for path in copy_captured(*folders)}

    def test_copies_the_files_of_all_scorers_by_name(self, folders):
        self.write(folders[0] / "scorer-b-1.csv", age=10)
        self.write(folders[0] / "scorer-a-0.csv", "x,y\n3,4\n", age=20)
        self.write(folders[0] / "scorer-b-1.part", "x,")
        assert [path.name for path in copy_captured(*folders)] == [
            "scorer-a-0.csv",
            "scorer-b-1.csv",
        ]
        assert self.copied(folders)["scorer-a-0.csv"] == "x,y\n3,4\n"

    def test_leaves_out_what_is_older_than_seven_days(self, folders):
        self.write(folders[0] / "just.csv", age=7 * 24 * 3600 - 60)
        self.write(folders[0] / "old.csv", age=7 * 24 * 3600 + 60)
        assert list(self.copied(folders)) == ["just.csv"]
        # Reading removes nothing: that is for the scorers.
        assert (folders[0] / "old.csv").exists()

    def test_leaves_out_other_columns_than_the_newest_has(self, folders):
        self.write(folders[0] / "a.csv", "x,y,z\n1,2,3\n", age=5)
        self.write(folders[0] / "b.csv", "x,y\n1,2\n", age=50)
        self.write(folders[0] / "c.csv", "x,y,z\n4,5,6\n", age=500)
        (folders[0] / "d.csv").write_bytes(b"\xff\xfe\x00")
        aged(folders[0] / "d.csv", 5000)
        assert list(self.copied(folders)) == ["a.csv", "c.csv"]

    def test_gives_nothing_where_nothing_was_captured(self, folders, tmp_path):
        assert copy_captured(*folders) == []
        assert copy_captured(tmp_path / "gone", folders[1]) == []

    def test_refuses_what_cannot_be_read(self, folders):
        (folders[0] / "a.csv").mkdir()
        with pytest.raises(UserError) as refusal:
            copy_captured(*folders)
        assert str(refusal.value) == (
            f"the captured rows {folders[0] / 'a.csv'} can't be read: Is a directory; "
            "run the evaluation as the user that runs the scorers."
        )

    def test_copies_whole_files_while_scorers_replace_them(self, captured, tmp_path):
        (tmp_path / "copies").mkdir()
        capture = captured(rows=3000, write_seconds=0.001)
        capture.keep(rows_from(0, 3000))
        eventually(captured.path.exists, 5)
        ending = time.monotonic() + 0.5
        while time.monotonic() < ending:
            capture.keep(rows_from(0, 7))
            [copy] = copy_captured(captured.path.parent, tmp_path / "copies")
            assert len(pandas.read_csv(copy)) == 3000
