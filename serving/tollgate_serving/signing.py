"""Signs in-toto statements with an Ed25519 key, and makes such keys.

    python -m tollgate_serving.signing sign --key PATH              statement on stdin, DSSE envelope on stdout
    python -m tollgate_serving.signing evidence --key PATH          evidence on stdin; a line once it has the key,
                                                                    then the DSSE envelope
    python -m tollgate_serving.signing public --key PATH [--comment TEXT]
    python -m tollgate_serving.signing create --key PATH --comment TEXT

A key is an OpenSSH private key (``ssh-keygen -t ed25519``) or PKCS 8 in PEM. Its passphrase comes from
TOLLGATE_SIGNING_PASSPHRASE, or is asked for on the terminal. ``trust/`` verifies what this signs.
Exit codes: 0 done, 1 can't be done, 64 usage.
"""

from __future__ import annotations

import argparse
import base64
import getpass
import hashlib
import json
import os
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tollgate_serving.errors import UserError

#: Media type of an in-toto statement in a DSSE envelope.
PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
EVIDENCE_PREDICATE = "https://tollgate.dev/evidence/v1"
#: SLSA provenance v1, by which ``tollgate train`` says how a version was made.
PROVENANCE_PREDICATE = "https://slsa.dev/provenance/v1"
#: What a statement may say; anything else isn't signed.
PREDICATE_TYPES = (
    EVIDENCE_PREDICATE,
    PROVENANCE_PREDICATE,
    "https://tollgate.dev/approval/v1",
    "https://tollgate.dev/waiver/v1",
)
PASSPHRASE_VARIABLE = "TOLLGATE_SIGNING_PASSPHRASE"

#: Largest statement in bytes: its envelope, in base64, is at most the 1 MB that ``trust/`` reads.
MAX_STATEMENT = 700_000
#: Largest evidence document in bytes, as the gates read it.
MAX_EVIDENCE = 4 * 1024 * 1024
#: Largest key file in bytes; a real one has less than 2,000.
MAX_KEY_FILE = 100_000


def sign_evidence(
    key: Ed25519PrivateKey | Path | str,
    evidence_bytes: bytes,
    evidence_digest: str,
    evidence_name: str,
    model: dict[str, str],
) -> bytes:
    """The DSSE envelope, as JSON, that says: these bytes are the evidence for this version.

    ``key`` is a loaded one or its file's path, ``evidence_name`` is the document's file name, ``model`` has name,
    version and digest. Raises UserError when the key can't be used, or when the bytes don't have the digest.
    """
    found = f"sha256:{hashlib.sha256(evidence_bytes).hexdigest()}"
    if found != evidence_digest:
        raise UserError(
            f"the evidence {evidence_name} has digest {found}, not {evidence_digest}; evaluate again."
        )
    statement = {
        "_type": STATEMENT_TYPE,
        "subject": [
            {"name": evidence_name, "digest": {"sha256": _hex(evidence_digest)}},
            {
                "name": f"models:/{model['name']}/{model['version']}",
                "digest": {"sha256": _hex(model["digest"])},
            },
        ],
        "predicateType": EVIDENCE_PREDICATE,
        "predicate": {
            "evidence": evidence_name,
            "signedAt": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    }
    loaded = key if isinstance(key, Ed25519PrivateKey) else load_key(Path(key))
    return sign_statement(loaded, _compact(statement))


def sign_statement(key: Ed25519PrivateKey, payload: bytes) -> bytes:
    """The DSSE v1 envelope of a statement's bytes, as one line of JSON."""
    signature = key.sign(pre_authentication_encoding(PAYLOAD_TYPE, payload))
    envelope = {
        "payloadType": PAYLOAD_TYPE,
        "payload": base64.b64encode(payload).decode(),
        "signatures": [
            {"keyid": fingerprint(key), "sig": base64.b64encode(signature).decode()},
        ],
    }
    return _compact(envelope)


def pre_authentication_encoding(payload_type: str, payload: bytes) -> bytes:
    """What DSSE v1 signs: type and payload with their lengths, so that neither can be taken for the other."""
    name = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(name), name, len(payload), payload)


def load_key(path: Path) -> Ed25519PrivateKey:
    """Reads a private key. Raises UserError for a file that others can read, and for any other kind of key."""
    content = _read_key_file(path)
    if b"PRIVATE KEY-----" not in content:
        hint = "; give the file without .pub" if path.suffix == ".pub" else ""
        raise UserError(
            f"{path} is not a private key{hint}; make one with: ssh-keygen -t ed25519 -f PATH."
        )
    load = (
        serialization.load_ssh_private_key
        if b"OPENSSH PRIVATE KEY" in content
        else serialization.load_pem_private_key
    )
    try:
        key = _with_passphrase(load, content, path)
    except UnsupportedAlgorithm as error:
        if "bcrypt" in str(error):
            raise UserError(_without_bcrypt(f"the key {path} can't be opened")) from error
        raise UserError(
            f"the key {path} is of a kind, or is encrypted in a way, that can't be read here; make an ed25519 key "
            "with: ssh-keygen -t ed25519 -f PATH, or encrypt this one anew with: ssh-keygen -p -f PATH."
        ) from error
    except (ValueError, InvalidTag) as error:
        # The library's own sentences may quote the file, so none of them is passed on.
        raise UserError(
            f"the key {path} can't be read: it is damaged or the passphrase is wrong; "
            f"check the file, and {PASSPHRASE_VARIABLE} when it is set."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError(
            f"the key {path} is of kind {_kind(key)}, but only ed25519 keys sign here; "
            "make one with: ssh-keygen -t ed25519 -f PATH."
        )
    return key


def public_key(key: Ed25519PrivateKey, comment: str = "") -> str:
    """The line of a ``.pub`` file, without a line end."""
    encoded = key.public_key().public_bytes(
        serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    )
    return f"{encoded.decode()} {comment}".rstrip()


def fingerprint(key: Ed25519PrivateKey) -> str:
    """``SHA256:`` and the unpadded base64 of the public key's hash, as ``ssh-keygen -l`` prints it."""
    blob = base64.b64decode(public_key(key).split(" ")[1])
    digest = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return f"SHA256:{digest}"


def create_key(path: Path, comment: str) -> Ed25519PrivateKey:
    """Writes a new key to ``path``, readable by the user only, and its public half to ``path.pub``.

    Raises UserError when either file is there: an old key is never lost. TOLLGATE_SIGNING_PASSPHRASE encrypts it.
    """
    public_path = path.with_name(path.name + ".pub")
    for existing in (path, public_path):
        if existing.exists() or existing.is_symlink():
            raise UserError(f"{existing} is there already; give another place with --key.")
    key = Ed25519PrivateKey.generate()
    passphrase = os.environ.get(PASSPHRASE_VARIABLE, "").encode()
    try:
        private = key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.OpenSSH,
            serialization.BestAvailableEncryption(passphrase)
            if passphrase
            else serialization.NoEncryption(),
        )
    except UnsupportedAlgorithm as error:
        raise UserError(_without_bcrypt(f"the key {path} can't be made")) from error
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(path, private, 0o600)
        _write_new(public_path, f"{public_key(key, comment)}\n".encode(), 0o644)
    except OSError as error:
        raise UserError(
            f"the key {path} can't be written: {error.strerror}; give another place with --key."
        ) from error
    return key


def _read_key_file(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            facts = os.fstat(file.fileno())
            if facts.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                mode = f"{stat.S_IMODE(facts.st_mode):04o}"
                raise UserError(
                    f"the key {path} can be read by others (mode {mode}); run: chmod 600 {path}."
                )
            content = file.read(MAX_KEY_FILE + 1)
    except OSError as error:
        raise UserError(
            f"the key {path} can't be read: {error.strerror}; "
            "give the path of an Ed25519 private key, or make one with: ssh-keygen -t ed25519."
        ) from error
    if len(content) > MAX_KEY_FILE:
        raise UserError(f"{path} is larger than {MAX_KEY_FILE} bytes, so it is no private key.")
    return content


def _with_passphrase(load: Any, content: bytes, path: Path) -> Any:
    """Loads a key, and asks for a passphrase only where the key has one."""
    try:
        return load(content, password=None)
    except TypeError:
        pass
    except ValueError as error:
        # An OpenSSH key with a passphrase is told by this sentence alone.
        if "password" not in str(error).lower():
            raise
    passphrase = os.environ.get(PASSPHRASE_VARIABLE)
    if passphrase is None:
        if not _has_terminal():
            raise UserError(
                f"the key {path} has a passphrase; set {PASSPHRASE_VARIABLE}, or sign on a terminal."
            )
        passphrase = getpass.getpass(f"Passphrase of {path}: ")
    return load(content, password=passphrase.encode())


def _without_bcrypt(what: str) -> str:
    """OpenSSH derives the key of a passphrase by bcrypt, which ``cryptography`` takes from a package."""
    return (
        f"{what}: a passphrase of the OpenSSH format needs the Python package bcrypt; "
        "add it to tollgate:python.requirements, or use a key in PEM (openssl genpkey -algorithm ed25519)."
    )


def _has_terminal() -> bool:
    """Stdin may be the statement, so a prompt goes to the terminal itself."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True


def _kind(key: Any) -> str:
    """``ecdsa`` or ``rsa``, as ssh-keygen names them."""
    name = type(key).__name__.lstrip("_").removesuffix("PrivateKey")
    return {"EC": "ecdsa", "EllipticCurve": "ecdsa"}.get(name, name.lower())


def _write_new(path: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with open(descriptor, "wb") as file:
        file.write(content)


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()


def _read_statement(content: bytes) -> bytes:
    """The statement's bytes as given: what was signed is exactly what the caller wrote."""
    if len(content) > MAX_STATEMENT:
        raise UserError(f"the statement is larger than {MAX_STATEMENT} bytes; sign a smaller one.")
    try:
        statement = json.loads(content)
    except (ValueError, RecursionError):
        raise UserError("the statement on stdin is not JSON; give an in-toto statement.") from None
    kind = statement.get("_type") if isinstance(statement, dict) else None
    if kind != STATEMENT_TYPE:
        raise UserError(f"the statement's _type is {kind!r}; only {STATEMENT_TYPE} is signed here.")
    if statement.get("predicateType") not in PREDICATE_TYPES:
        raise UserError(
            f"the statement's predicateType is {statement.get('predicateType')!r}; "
            f"allowed are {', '.join(PREDICATE_TYPES)}."
        )
    return content.strip()


def _evidence_from_stdin(key: Ed25519PrivateKey) -> bytes:
    """Says that it has the key, waits for a document and signs it. Raises UserError when that is no evidence."""
    print("ready", flush=True)
    document = sys.stdin.buffer.read(MAX_EVIDENCE + 1)
    if len(document) > MAX_EVIDENCE:
        raise UserError(f"the evidence is larger than {MAX_EVIDENCE} bytes; evaluate fewer slices.")
    try:
        model = {
            name: str(json.loads(document)["model"][name]) for name in ("name", "version", "digest")
        }
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(
            "what is on stdin is no evidence; give the document of an evaluation."
        ) from None
    digest = f"sha256:{hashlib.sha256(document).hexdigest()}"
    return sign_evidence(key, document, digest, f"evidence-{model['version']}.json", model)


def _described(key: Ed25519PrivateKey, comment: str) -> bytes:
    return _compact({"publicKey": public_key(key, comment), "keyId": fingerprint(key)})


def _one_line(text: str) -> str:
    """A comment ends the line it is on, so it can't have a line end itself."""
    if any(ord(character) < 32 for character in text):
        raise argparse.ArgumentTypeError("a comment is one line")
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tollgate_serving.signing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb in ("sign", "evidence", "public", "create"):
        options = verbs.add_parser(verb)
        options.add_argument("--key", type=Path, required=True)
        if verb in ("public", "create"):
            options.add_argument("--comment", type=_one_line, default="", required=verb == "create")
    return parser


def main(arguments: list[str]) -> int:
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as exit:
        return 64 if exit.code else 0
    try:
        if options.verb == "sign":
            payload = _read_statement(sys.stdin.buffer.read(MAX_STATEMENT + 1))
            answer = sign_statement(load_key(options.key), payload)
        elif options.verb == "evidence":
            answer = _evidence_from_stdin(load_key(options.key))
        elif options.verb == "public":
            answer = _described(load_key(options.key), options.comment)
        else:
            answer = _described(create_key(options.key, options.comment), options.comment)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    sys.stdout.buffer.write(answer + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
