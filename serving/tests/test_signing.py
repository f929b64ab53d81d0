import base64
import hashlib
import io
import json
import os
import pty
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from servers import SERVING
from tollgate_serving import signing
from tollgate_serving.errors import UserError

STATEMENT = {
    "_type": "https://in-toto.io/Statement/v1",
    "subject": [{"name": "models:/churn/2", "digest": {"sha256": "a" * 64}}],
    "predicateType": "https://tollgate.dev/waiver/v1",
    "predicate": {"gate": "latency", "reason": "größer"},
}
EVIDENCE = b'{"schema": "tollgate.evidence/2"}\n'
EVIDENCE_DIGEST = f"sha256:{hashlib.sha256(EVIDENCE).hexdigest()}"
MODEL = {"name": "churn", "version": "2", "digest": "sha256:" + "b" * 64}


@pytest.fixture(autouse=True)
def no_passphrase(monkeypatch):
    monkeypatch.delenv("TOLLGATE_SIGNING_PASSPHRASE", raising=False)


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key made by OpenSSH's own tool."""
    return keygen(tmp_path / "ssh" / "id_ed25519")


def keygen(path: Path, kind: str = "ed25519", passphrase: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    command = ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "ada", "-f", str(path)]
    subprocess.run(command, check=True)
    return path


def pem(path: Path, passphrase: bytes = b"") -> Path:
    encryption = (
        serialization.BestAvailableEncryption(passphrase)
        if passphrase
        else serialization.NoEncryption()
    )
    content = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption
    )
    path.touch(mode=0o600)
    path.write_bytes(content)
    return path


def run(arguments: list[str], stdin: bytes = b"", **environment: str):
    return subprocess.run(
        [sys.executable, "-m", "tollgate_serving.signing", *arguments],
        input=stdin,
        capture_output=True,
        cwd=SERVING,
        env={**os.environ, **environment},
        # Without a terminal, so that nothing is asked.
        start_new_session=True,
    )


def opened(envelope: bytes, key: Path) -> dict:
    """The statement, after its signature was verified."""
    document = json.loads(envelope)
    payload = base64.b64decode(document["payload"], validate=True)
    (signature,) = document["signatures"]
    signed = signing.pre_authentication_encoding(document["payloadType"], payload)
    public = signing.load_key(key).public_key()
    public.verify(base64.b64decode(signature["sig"], validate=True), signed)
    return json.loads(payload)


def test_encoding_is_that_of_the_dsse_specification():
    encoded = signing.pre_authentication_encoding("http://example.com/HelloWorld", b"hello world")
    assert encoded == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_signs_evidence_for_exactly_these_bytes_and_this_version(key):
    envelope = signing.sign_evidence(key, EVIDENCE, EVIDENCE_DIGEST, "evidence-2.json", MODEL)
    statement = opened(envelope, key)
    signed_at = statement["predicate"].pop("signedAt")
    assert statement == {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [
            {"name": "evidence-2.json", "digest": {"sha256": EVIDENCE_DIGEST[7:]}},
            {"name": "models:/churn/2", "digest": {"sha256": "b" * 64}},
        ],
        "predicateType": "https://tollgate.dev/evidence/v1",
        "predicate": {"evidence": "evidence-2.json"},
    }
    assert signed_at.endswith("Z")
    assert len(signed_at) == len("2026-01-01T00:00:00Z")


def test_refuses_to_sign_evidence_with_another_digest(key):
    with pytest.raises(UserError, match=r"the evidence evidence-2.json has digest sha256:"):
        signing.sign_evidence(key, EVIDENCE, MODEL["digest"], "evidence-2.json", MODEL)


def test_one_changed_byte_of_the_payload_breaks_the_signature(key):
    envelope = json.loads(
        signing.sign_evidence(key, EVIDENCE, EVIDENCE_DIGEST, "evidence-2.json", MODEL)
    )
    payload = base64.b64decode(envelope["payload"]).replace(b"churn/2", b"churn/3")
    envelope["payload"] = base64.b64encode(payload).decode()
    with pytest.raises(InvalidSignature):
        opened(json.dumps(envelope).encode(), key)


def test_command_signs_the_statement_it_was_given_byte_for_byte(key):
    given = json.dumps(STATEMENT, indent=1, ensure_ascii=False).encode()
    done = run(["sign", "--key", str(key)], given)
    assert (done.returncode, done.stderr) == (0, b"")
    assert opened(done.stdout, key) == STATEMENT
    assert base64.b64decode(json.loads(done.stdout)["payload"]) == given


def test_key_id_and_public_key_are_what_ssh_keygen_prints(key):
    done = run(["public", "--key", str(key), "--comment", "ada@example.com"])
    answer = json.loads(done.stdout)
    printed = subprocess.run(
        ["ssh-keygen", "-l", "-f", f"{key}.pub"], capture_output=True, text=True, check=True
    )
    assert answer["keyId"] == printed.stdout.split()[1]
    line = Path(f"{key}.pub").read_text().split()
    assert answer["publicKey"] == f"{line[0]} {line[1]} ada@example.com"


def test_created_key_is_private_and_read_by_ssh_keygen(tmp_path):
    path = tmp_path / "keys" / "ci"
    done = run(["create", "--key", str(path), "--comment", "ci@example.com"])
    assert done.returncode == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    derived = subprocess.run(
        ["ssh-keygen", "-y", "-f", str(path)], capture_output=True, text=True, check=True
    )
    answer = json.loads(done.stdout)
    assert answer["publicKey"] == f"{derived.stdout.split(' ci@')[0].strip()} ci@example.com"
    assert path.with_name("ci.pub").read_text() == answer["publicKey"] + "\n"
    assert b"PRIVATE" not in done.stdout + done.stderr


def test_created_key_has_the_passphrase_of_the_environment(tmp_path):
    path = tmp_path / "ci"
    run(["create", "--key", str(path), "--comment", "x"], TOLLGATE_SIGNING_PASSPHRASE="secret-1")
    command = ["ssh-keygen", "-y", "-P"]
    right = subprocess.run([*command, "secret-1", "-f", str(path)], capture_output=True)
    wrong = subprocess.run([*command, "secret-2", "-f", str(path)], capture_output=True)
    assert (right.returncode == 0, wrong.returncode == 0) == (True, False)


@pytest.mark.parametrize("existing", ["ci", "ci.pub"])
def test_refuses_to_create_a_key_over_a_file(tmp_path, existing):
    (tmp_path / existing).write_text("kept")
    done = run(["create", "--key", str(tmp_path / "ci"), "--comment", "x"])
    assert done.returncode == 1
    assert done.stderr.decode() == (
        f"{tmp_path / existing} is there already; give another place with --key.\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == [existing]
    assert (tmp_path / existing).read_text() == "kept"


def test_refuses_a_comment_of_two_lines(tmp_path):
    done = run(["create", "--key", str(tmp_path / "ci"), "--comment", "a\nssh-ed25519 AAAA b"])
    assert done.returncode == 64
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("make", [keygen, lambda path, passphrase: pem(path, passphrase.encode())])
def test_passphrase_comes_from_the_environment(tmp_path, make):
    path = make(tmp_path / "locked", passphrase="secret-4711")
    arguments = ["public", "--key", str(path)]
    right = run(arguments, TOLLGATE_SIGNING_PASSPHRASE="secret-4711")
    assert json.loads(right.stdout)["keyId"].startswith("SHA256:")
    wrong = run(arguments, TOLLGATE_SIGNING_PASSPHRASE="secret-4712")
    assert (wrong.returncode, wrong.stdout) == (1, b"")
    assert wrong.stderr.decode() == (
        f"the key {path} can't be read: it is damaged or the passphrase is wrong; "
        "check the file, and TOLLGATE_SIGNING_PASSPHRASE when it is set.\n"
    )
    none = run(arguments)
    assert none.returncode == 1
    assert none.stderr.decode() == (
        f"the key {path} has a passphrase; set TOLLGATE_SIGNING_PASSPHRASE, or sign on a terminal.\n"
    )


def test_passphrase_is_asked_for_on_the_terminal(tmp_path):
    path = pem(tmp_path / "locked", b"secret-4711")
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(SERVING)
        arguments = ["-m", "tollgate_serving.signing", "public", "--key", str(path)]
        os.execv(sys.executable, [sys.executable, *arguments])
    seen = b""
    while b"Passphrase of" not in seen:
        seen += os.read(terminal, 1024)
    os.write(terminal, b"secret-4711\n")
    # A terminal that closes reads as an error on Linux.
    try:
        while chunk := os.read(terminal, 1024):
            seen += chunk
    except OSError:
        pass
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"SHA256:" in seen
    assert b"secret-4711" not in seen


def test_says_that_an_openssh_passphrase_needs_bcrypt(tmp_path, monkeypatch):
    def unsupported(*_, **__):
        raise UnsupportedAlgorithm("Need bcrypt module")

    path = keygen(tmp_path / "locked", passphrase="secret")
    monkeypatch.setattr(serialization, "load_ssh_private_key", unsupported)
    with pytest.raises(UserError, match=r"needs the Python package bcrypt; add it to"):
        signing.load_key(path)


@pytest.mark.parametrize(("kind", "named"), [("rsa", "rsa"), ("ecdsa", "ecdsa")])
def test_refuses_another_kind_of_key(tmp_path, kind, named):
    path = keygen(tmp_path / "other", kind)
    done = run(["sign", "--key", str(path)], json.dumps(STATEMENT).encode())
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.decode() == (
        f"the key {path} is of kind {named}, but only ed25519 keys sign here; "
        "make one with: ssh-keygen -t ed25519 -f PATH.\n"
    )


@pytest.mark.parametrize("algorithm", ["x25519", "ed448"])
def test_refuses_another_kind_of_key_in_pem(tmp_path, algorithm):
    path = tmp_path / "other"
    subprocess.run(["openssl", "genpkey", "-algorithm", algorithm, "-out", str(path)], check=True)
    path.chmod(0o600)
    with pytest.raises(UserError, match=rf"is of kind {algorithm}, but only ed25519 keys sign"):
        signing.load_key(path)


def with_unknown_kind(path):
    """As a key on a hardware token has: one that only OpenSSH knows."""
    keygen(path)
    begin, *middle, end = path.read_text().splitlines()
    content = base64.b64decode("".join(middle)).replace(b"ssh-ed25519", b"ssh-unknown")
    path.write_text("\n".join([begin, base64.b64encode(content).decode(), end, ""]))


def with_unknown_cipher(path):
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-Z", "3des-cbc"]
    subprocess.run([*command, "-f", str(path)], check=True)


@pytest.mark.parametrize("make", [with_unknown_kind, with_unknown_cipher])
@pytest.mark.parametrize("passphrase", [None, "secret", "wrong"])
def test_refuses_a_key_that_only_other_tools_can_read(tmp_path, monkeypatch, make, passphrase):
    path = tmp_path / "other"
    make(path)
    if passphrase is not None:
        monkeypatch.setenv("TOLLGATE_SIGNING_PASSPHRASE", passphrase)
    with pytest.raises(UserError) as refusal:
        signing.load_key(path)
    assert str(refusal.value) == (
        f"the key {path} is of a kind, or is encrypted in a way, that can't be read here; make an ed25519 key "
        "with: ssh-keygen -t ed25519 -f PATH, or encrypt this one anew with: ssh-keygen -p -f PATH."
    )


@pytest.mark.parametrize("cipher", ["aes256-ctr", "aes256-gcm@openssh.com"])
def test_refuses_a_wrong_passphrase_whatever_the_cipher(tmp_path, monkeypatch, cipher):
    path = tmp_path / "locked"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-Z", cipher, "-f", str(path)]
    subprocess.run(command, check=True)
    monkeypatch.setenv("TOLLGATE_SIGNING_PASSPHRASE", "wrong")
    with pytest.raises(UserError, match=r"it is damaged or the passphrase is wrong; check the"):
        signing.load_key(path)
    monkeypatch.setenv("TOLLGATE_SIGNING_PASSPHRASE", "secret")
    assert signing.public_key(signing.load_key(path)) in Path(f"{path}.pub").read_text()


def test_refuses_to_create_a_key_where_nothing_can_be_written(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match=r"/file/ci can't be written: .*; give another place"):
        signing.create_key(tmp_path / "file" / "ci", "ci")


def test_says_that_a_new_key_with_a_passphrase_needs_bcrypt(tmp_path, monkeypatch):
    def unsupported(*_):
        raise UnsupportedAlgorithm("Need bcrypt module")

    monkeypatch.setenv("TOLLGATE_SIGNING_PASSPHRASE", "secret")
    monkeypatch.setattr(serialization, "BestAvailableEncryption", unsupported)
    with pytest.raises(UserError, match=r"ci can't be made: .* needs the Python package bcrypt"):
        signing.create_key(tmp_path / "ci", "ci")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644])
def test_refuses_a_key_that_others_can_read_or_write(key, mode):
    key.chmod(mode)
    with pytest.raises(UserError, match=rf"can be read by others \(mode 0{mode:o}\); run: chmod"):
        signing.load_key(key)


def test_refuses_a_public_key(key):
    public = Path(f"{key}.pub")
    public.chmod(0o600)
    with pytest.raises(UserError, match=r"is not a private key; give the file without .pub"):
        signing.load_key(public)


def test_refuses_a_missing_key(tmp_path):
    with pytest.raises(UserError, match=r"nowhere can't be read: No such file or directory; give"):
        signing.load_key(tmp_path / "nowhere")


def test_refuses_a_damaged_key_without_showing_it(key):
    lines = key.read_text().splitlines()
    key.write_text("\n".join([lines[0], lines[1][:20], *lines[2:]]))
    with pytest.raises(UserError, match=r"it is damaged or the passphrase is wrong") as refusal:
        signing.load_key(key)
    assert lines[2] not in str(refusal.value)


def test_refuses_a_huge_file_as_key(tmp_path):
    path = tmp_path / "huge"
    path.touch(mode=0o600)
    path.write_bytes(b"x" * 200_000)
    with pytest.raises(UserError, match=r"is larger than 100000 bytes, so it is no private key"):
        signing.load_key(path)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (b"{", "the statement on stdin is not JSON"),
        (b"[" * 100_000, "the statement on stdin is not JSON"),
        (b"[]", "the statement's _type is None"),
        (json.dumps({**STATEMENT, "_type": "x"}).encode(), "the statement's _type is 'x'"),
        (
            json.dumps({**STATEMENT, "predicateType": "https://slsa.dev/provenance/v0.2"}).encode(),
            "the statement's predicateType is 'https://slsa.dev/provenance/v0.2'; allowed are",
        ),
        (b" " * 700_001, "the statement is larger than 700000 bytes"),
    ],
)
def test_refuses_to_sign_anything_but_our_statements(key, monkeypatch, capsys, statement, reason):
    stdin = io.TextIOWrapper(io.BytesIO(statement))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert signing.main(["sign", "--key", str(key)]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(reason)
    assert printed.err.count("\n") == 1


def test_usage_error_has_exit_code_64(capsys):
    assert signing.main(["sign"]) == 64
    assert "--key" in capsys.readouterr().err


def test_two_at_once_never_write_the_same_key(tmp_path):
    answers: list[str] = []

    def create() -> None:
        try:
            answers.append(signing.fingerprint(signing.create_key(tmp_path / "ci", "x")))
        except UserError as error:
            answers.append(str(error))

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    made = [answer for answer in answers if answer.startswith("SHA256:")]
    assert made == [signing.fingerprint(signing.load_key(tmp_path / "ci"))]


def test_import_stays_small():
    code = "import sys, tollgate_serving.signing; print(sorted({'mlflow', 'numpy', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=SERVING, capture_output=True, text=True)
    assert done.stdout == "[]\n"
