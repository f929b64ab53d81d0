"""A model that tries what its requests name, harmlessly, and answers what came of it."""

from __future__ import annotations

import json
import mmap
import os
import socket
import subprocess
from pathlib import Path

import mlflow.pyfunc
from mlflow.models.signature import ModelSignature
from mlflow.types import ColSpec, Schema


def read(path):
    return Path(path).read_text()


def write(path):
    Path(path).write_text("written")


def write_beside_the_model(name):
    Path(__file__).with_name(name).write_text("written")


def change_mode(path):
    os.chmod(path, 0o777)


def connect(port):
    socket.create_connection(("127.0.0.1", int(port)), 5).close()


def listen(_):
    socket.create_server(("127.0.0.1", 0)).close()


def lead_elsewhere(port):
    """A socket that it was handed. Nobody may connect one that listens, so this one fails everywhere."""
    for number in map(int, os.listdir("/proc/self/fd")):
        try:
            handed = socket.socket(fileno=os.dup(number))
        except OSError:
            continue
        with handed:
            if handed.family == socket.AF_INET:
                handed.connect(("127.0.0.1", int(port)))


def start(program):
    subprocess.run([program], check=True)


def fork(_):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def variable(name):
    return os.environ[name]


def variable_of_another(text):
    pid, _, name = text.partition(" ")
    if name not in Path(f"/proc/{pid}/environ").read_text():
        raise FileNotFoundError(name)


def see_process(pid):
    if pid not in os.listdir("/proc"):
        raise FileNotFoundError(pid)


def signal_process(pid):
    os.kill(int(pid), 0)


def allocate(size):
    return len(bytearray(int(size)))


def allocate_shared(size):
    with mmap.mmap(-1, int(size)) as shared:
        return len(shared)


def new_root(path):
    os.chroot(path)


def given(_):
    """All that it was started with."""
    return json.dumps(
        {
            "arguments": Path("/proc/self/cmdline").read_text().split("\0"),
            "environment": dict(os.environ),
            "folder": os.getcwd(),
            "model": __file__,
        }
    )


def surroundings(_):
    """All that could tell one start from another."""
    return json.dumps(
        {
            "files": {path: sorted(os.listdir(path)) for path in ("/", "/tmp", "/etc", "/opt")},
            "processes": sorted(name for name in os.listdir("/proc") if name.isdigit()),
            "ids": [os.getpid(), os.getppid(), os.getuid(), os.getgid()],
            "host": socket.gethostname(),
            "open": sorted(os.listdir("/proc/self/fd"), key=int)[:8],
        }
    )


class Trying(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input):
        pairs = zip(model_input["attempt"], model_input["subject"], strict=True)
        return [_outcome(attempt, subject) for attempt, subject in pairs]


def _outcome(attempt, subject):
    try:
        return f"done: {globals()[attempt](subject)}"
    except (OSError, KeyError, MemoryError, ValueError) as error:
        return f"refused: {type(error).__name__}"


def save_trying(folder: Path) -> Path:
    text = [ColSpec("string", "attempt"), ColSpec("string", "subject")]
    mlflow.pyfunc.save_model(
        folder,
        python_model=Trying(),
        signature=ModelSignature(Schema(text), Schema([ColSpec("string")])),
        pip_requirements=["scikit-learn"],
        code_paths=[__file__],
    )
    return folder
