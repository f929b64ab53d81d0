"""What a model can do from where it is served: real scorers, in each sandbox and in none, run by root and nobody."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import models
import numpy
import pytest
from other_user import IS_ROOT, NOBODY, as_nobody
from servers import SERVING, ask, eventually, free_port
from tollgate_serving.digest import digest_of_folder
from tollgate_serving.host import descendants, resident_bytes
from trying import save_trying

CLOSED_HOST = [sys.executable, str(SERVING / "tests" / "closed_host.py")]
MARKER = "TOLLGATE_TEST_MARKER"
LIMIT = 2 * 1024**3
USERS = ("root", "nobody") if IS_ROOT else ("own",)
SANDBOXES = ("bubblewrap", "landlock")


@pytest.fixture(scope="module")
def place():
    """A folder that every user may enter, with the model that tries things."""
    folder = Path(tempfile.mkdtemp(prefix="tollgate-test-"))
    folder.chmod(0o755)
    save_trying(folder / "model")
    yield folder
    shutil.rmtree(folder)


class Trial:
    """One scorer with the model that tries things, and what it may be after."""

    def __init__(
        self,
        place,
        kind,
        user,
        *options,
        landlock=True,
        environment=None,
        folder="/",
        python=sys.executable,
    ):
        self.home = place / f"{kind}-{user}-{time.monotonic_ns()}"
        self.home.mkdir()
        (self.home / "diary").write_text("dear diary")
        self.cache = self.home / "cache"
        self.cache.mkdir()
        if user == "nobody":
            for path in (self.home, self.home / "diary", self.cache):
                os.chown(path, NOBODY, NOBODY)
        self.port = free_port()
        self.log = self.home / "scorer.log"
        wanted = "off" if kind == "none" else "required"
        command = [python, "-m", "tollgate_serving.scorer"]
        command += ["--model-uri", str(place / "model"), "--model", "trying", "--version", "1"]
        command += ["--digest", digest_of_folder(place / "model"), "--stage", "Production"]
        command += ["--port", str(self.port), "--cache", str(self.cache), "--sandbox", wanted]
        command += ["--memory-bytes", str(LIMIT), *options]
        if kind == "landlock" or not landlock:
            command = [*CLOSED_HOST, *([] if landlock else ["--no-landlock"]), *command]
        if user == "nobody":
            command = as_nobody(command)
        own = {"PYTHONPATH": str(SERVING), MARKER: "secret"}
        with open(self.log, "w") as log:
            self.process = subprocess.Popen(
                command,
                env={"PATH": os.environ["PATH"], **own, **(environment or {})},
                cwd=folder,
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self):
        def ready():
            assert self.process.poll() is None, self.log.read_text()
            with contextlib.suppress(OSError):
                return ask(self.port, "GET", "/ready")[0] == 200
            return False

        eventually(ready, 180)

    def attempt(self, *pairs):
        rows = [[attempt, str(subject)] for attempt, subject in pairs]
        status, document, _ = ask(self.port, "POST", "/predict", {"features": rows})
        assert status == 200, document
        return document["predictions"]

    def records(self):
        lines = self.log.read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]


@contextlib.contextmanager
def trial(*arguments, **options):
    made = Trial(*arguments, **options)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.terminate()
            made.process.wait(60)


@pytest.fixture(scope="module")
def ready(place):
    """Gives a scorer of a kind and a user that answers: the one that is there, as long as no test has ended it."""
    there = {}
    with contextlib.ExitStack() as stack:

        def scorer(kind, user):
            found = there.get((kind, user))
            if found is None or found.process.poll() is not None:
                found = there[kind, user] = stack.enter_context(trial(place, kind, user))
                found.wait_until_ready()
            return found

        yield scorer


#: What is tried, and what comes of it without a sandbox.
ATTEMPTS = {
    "read": "done",
    "write": "done",
    "write_beside_the_model": "done",
    "change_mode": "done",
    "connect": "done",
    "listen": "done",
    "lead_elsewhere": "refused: OSError",
    "start": "done",
    "fork": "done",
    "variable_of_another": "done",
    "see_process": "done",
    "signal_process": "done",
    "allocate_shared": "done",
}


def outcomes(scorer):
    """Of each attempt, and of those that no sandbox is needed for."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        supervisor = next(
            pid
            for pid in [scorer.process.pid, *descendants(scorer.process.pid)]
            if b"tollgate_serving.scorer" in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
        subjects = {
            "read": scorer.home / "diary",
            "write": scorer.home / "written",
            "write_beside_the_model": "written",
            "change_mode": scorer.home / "diary",
            "connect": port,
            "lead_elsewhere": port,
            "start": "true",
            "variable_of_another": f"{supervisor} {MARKER}",
            "see_process": supervisor,
            "signal_process": supervisor,
            "allocate_shared": 4096,
        }
        found = scorer.attempt(*((name, subjects.get(name, "")) for name in ATTEMPTS))
    return {name: outcome for name, outcome in zip(ATTEMPTS, found, strict=True)}


def test_every_attempt_works_where_there_is_no_sandbox(place):
    with trial(place, "none", USERS[0]) as scorer:
        scorer.wait_until_ready()
        found = {
            name: "done" if text.startswith("done: ") else text
            for name, text in outcomes(scorer).items()
        }
        assert found == ATTEMPTS
        # What needs no sandbox: the environment is its own, and the memory it asks for is bounded, everywhere.
        assert scorer.attempt(("variable", MARKER), ("allocate", LIMIT)) == [
            "refused: KeyError",
            "refused: MemoryError",
        ]


@pytest.mark.parametrize("user", USERS)
@pytest.mark.parametrize("kind", SANDBOXES)
def test_a_model_gets_at_nothing_but_itself(ready, kind, user):
    scorer = ready(kind, user)
    told = next(record for record in scorer.records() if record["message"] == "sandbox")
    assert told["sandbox"] == kind
    found = outcomes(scorer)
    assert {name for name, text in found.items() if not text.startswith("refused: ")} == set()
    assert found["lead_elsewhere"] == "refused: PermissionError"
    assert scorer.attempt(("variable", MARKER), ("allocate", LIMIT)) == [
        "refused: KeyError",
        "refused: MemoryError",
    ]
    # It is still there, and may do what it needs.
    assert scorer.attempt(("allocate", 1000)) == ["done: 1000"]
    assert (scorer.home / "diary").read_text() == "dear diary"
    assert not (scorer.home / "written").exists()
    assert not list(scorer.cache.rglob("written"))


def test_starts_nothing_where_a_sandbox_is_required_and_there_is_none(place):
    with trial(place, "landlock", USERS[-1], landlock=False) as scorer:
        assert scorer.process.wait(120) == 1
        said = scorer.log.read_text().strip().splitlines()[-1]
    assert said.startswith("the scorer can't be put into a sandbox on this host (bubblewrap: ")
    assert said.endswith(
        "; landlock: the kernel has no Landlock); allow user namespaces, use a kernel with Landlock, "
        "or set tollgate:scorer.sandbox to preferred in a reviewed change."
    )
    assert not [record for record in scorer.records() if record["message"] == "ready"]


def test_goes_on_without_where_one_is_preferred_and_says_so(place):
    options = ("--sandbox", "preferred")
    with trial(place, "landlock", USERS[-1], *options, landlock=False) as scorer:
        scorer.wait_until_ready()
        [told] = [one for one in scorer.records() if "without a sandbox" in one["message"]]
    assert (told["level"], told["sandbox"]) == ("WARNING", "none")
    assert [reason.partition(":")[0] for reason in told["lacking"]] == ["bubblewrap", "landlock"]


@pytest.mark.parametrize("kind", SANDBOXES)
def test_a_release_and_an_evaluation_look_the_same_from_within(kind, place, tmp_path):
    """Started from another folder, by another command line, with another environment."""
    seen = []
    # bubblewrap alone hides what lies around it.
    attempts = ("given", "surroundings") if kind == "bubblewrap" else ("given",)
    for environment, folder in (
        ({"MLFLOW_TRACKING_URI": "http://127.0.0.1:1", "MLFLOW_TRACKING_TOKEN": "t"}, "/"),
        ({"HOME": str(tmp_path), "TOLLGATE_EVALUATION": "1", "OMP_NUM_THREADS": "1"}, tmp_path),
    ):
        with trial(place, kind, USERS[0], environment=environment, folder=folder) as scorer:
            scorer.wait_until_ready()
            told = [
                text.removeprefix("done: ")
                for text in scorer.attempt(*((one, "") for one in attempts))
            ]
            found = [json.loads(text) for text in told]
            # Landlock hides no paths: that of the bytes is the environment's own in both, and a /tmp has a name.
            own = found[0]["environment"]["HOME"]
            hidden = json.dumps(found).replace(str(scorer.cache), "CACHE").replace(own, "HOME")
            seen.append(json.loads(hidden))
    assert seen[0] == seen[1]
    assert seen[0][0]["environment"].keys() >= {"HOME", "PYTHONPATH"}
    assert not any("evaluat" in text.lower() for text in told)
    if kind == "bubblewrap":
        assert seen[0][0]["model"].startswith("/model/")
        assert seen[0][1]["ids"][:3] == [1, 0, 65532]
        assert seen[0][1]["processes"] == ["1"]


def test_a_python_environment_below_tmp_is_there(place):
    """A cache in /tmp is common in CI."""
    environment = Path(tempfile.mkdtemp(dir="/tmp", prefix="tollgate-test-")) / "python"
    environment.symlink_to(sys.prefix)
    try:
        python = str(environment / "bin" / "python")
        with trial(place, "bubblewrap", USERS[0], python=python) as scorer:
            scorer.wait_until_ready()
            [told] = [one for one in scorer.records() if one["message"] == "sandbox"]
    finally:
        shutil.rmtree(environment.parent)
    assert told["sandbox"] == "bubblewrap"


@pytest.mark.parametrize("kind", SANDBOXES)
def test_both_processes_end_with_either(ready, kind):
    for ends in ("supervisor", "inner"):
        scorer = ready(kind, USERS[-1] if kind == "landlock" else USERS[0])
        started = descendants(scorer.process.pid)
        assert resident_bytes(scorer.process.pid) > 100_000_000
        if ends == "supervisor":
            scorer.process.send_signal(signal.SIGKILL)
            scorer.process.wait(20)
        else:
            os.kill(started[-1], signal.SIGKILL)
            assert scorer.process.wait(20) == 128 + signal.SIGKILL
        eventually(lambda pids=started: not any(map(_lives, pids)), 20)
        with pytest.raises(OSError):
            ask(scorer.port, "GET", "/ready")


def _lives(pid):
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@pytest.mark.parametrize("kind", SANDBOXES)
def test_libraries_compute_with_threads(kind, place, tmp_path):
    folder = models.save_threaded(tmp_path / "threaded")
    features = models.table()[0].head(50)
    import mlflow.sklearn

    expected = mlflow.sklearn.load_model(str(folder)).predict(features)
    options = ("--model-uri", str(folder), "--digest", digest_of_folder(folder))
    with trial(place, kind, USERS[0], *options) as scorer:
        scorer.wait_until_ready()
        rows = features.to_numpy().tolist()
        status, document, _ = ask(scorer.port, "POST", "/predict", {"features": rows})
        warned = [one for one in scorer.records() if one["level"] in ("WARNING", "ERROR")]
    assert (status, warned) == (200, [])
    assert numpy.array_equal(document["predictions"], expected)
