"""What the launchers share. A launcher prepares, then becomes the server, so that its pid is the server's."""

import os
import socket
import sys
import time


def fail(sentence):
    """One sentence for the log, which the provider shows to the user."""
    print(sentence, file=sys.stderr, flush=True)
    sys.exit(1)


def read_secret(path):
    try:
        with open(path) as file:
            secret = file.read().strip()
    except OSError as error:
        fail(f"cannot read the secret file {path} ({error.strerror}); run up again to make it")
    if not secret:
        fail(f"the secret file {path} is empty; delete it and run up again to make a new one")
    return secret


def write_private(path, text):
    """By rename, for the user only."""
    part = f"{path}.{os.getpid()}.part"
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        os.replace(part, path)
    except OSError as error:
        fail(f"cannot write {path} ({error.strerror}); make its folder writable or free some space")


def split_address(address):
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def wait_for_port(what, address, seconds):
    """Waits until a server accepts connections."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            socket.create_connection(split_address(address), timeout=2).close()
            return
        except OSError as error:
            if time.monotonic() > deadline:
                fail(
                    f"the {what} at {address} does not answer after {seconds:g} s ({error}); see its log"
                )
            time.sleep(0.1)


def become(program, arguments, environment=None):
    """Never returns: this process is the server from now on."""
    sys.stdout.flush()
    try:
        os.execve(program, [program, *arguments], environment or dict(os.environ))
    except OSError as error:
        fail(f"cannot run {program} ({error.strerror}); the Python environment is incomplete")
