import base64
import json
import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from model_signing import hashing, signing
from tollgate_serving import model_signature
from tollgate_serving.errors import UserError


def key_pair(folder: Path, name: str) -> Path:
    """A private key, with its public half beside it."""
    key = ec.generate_private_key(ec.SECP256R1())
    (folder / name).write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    (folder / f"{name}.pub").write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return folder / name


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return key_pair(tmp_path, "publisher")


@pytest.fixture
def model(tmp_path: Path, linear: Path, key: Path) -> Path:
    """A real model, signed by the model-signing package."""
    folder = Path(shutil.copytree(linear, tmp_path / "model"))
    sign(folder, key)
    return folder


def sign(folder: Path, key: Path, config: hashing.Config | None = None, name="model.sig") -> None:
    signer = signing.Config().use_elliptic_key_signer(private_key=key)
    if config:
        signer.set_hashing_config(config)
    signer.sign(folder, folder / name)


def rewrite(folder: Path, edit) -> None:
    """Changes the statement in the bundle."""
    path = folder / "model.sig"
    bundle = json.loads(path.read_text())
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    edit(statement)
    bundle["dsseEnvelope"]["payload"] = base64.b64encode(json.dumps(statement).encode()).decode()
    path.write_text(json.dumps(bundle))


def public(key: Path) -> dict[str, str]:
    return {"modelSigningKey": f"{key}.pub"}


def test_version_without_signature_has_none(linear):
    assert model_signature.check(linear, {}, Path()) is None


def test_manifest_that_names_exactly_the_files_is_valid(model):
    files = len([path for path in model.rglob("*") if path.is_file()])
    assert model_signature.check(model, {}, Path()) == {
        "path": "model.sig",
        "status": "valid",
        "detail": f"Its manifest names exactly the version's {files - 1} other files; "
        "whose signature it is was not checked, because no key is given.",
    }


def test_signature_by_the_given_key_is_valid(model, key):
    found = model_signature.check(model, public(key), Path())
    assert found["status"] == "verified"
    assert found["detail"].endswith("and its signature is by the key publisher.pub.")


def test_files_that_the_registrys_client_adds_do_not_count(model, key):
    (model / "registered_model_meta").write_text("model_name: churn\n")
    assert model_signature.check(model, public(key), Path())["status"] == "verified"


def test_another_name_counts_when_it_is_such_a_bundle(tmp_path, linear, key):
    folder = Path(shutil.copytree(linear, tmp_path / "model"))
    (folder / "a.sig").write_bytes(b"\x89 a detached signature of another kind")
    assert model_signature.check(folder, {}, Path()) is None
    (folder / "a.sig").unlink()
    sign(folder, key, name="publisher.sig")
    found = model_signature.check(folder, {}, Path())
    assert (found["path"], found["status"]) == ("publisher.sig", "valid")


def test_refuses_a_signature_by_another_key(tmp_path, model):
    other = key_pair(tmp_path, "stranger")
    found = model_signature.check(model, public(other), Path())
    assert found["status"] == "invalid"
    assert found["detail"].startswith("Its signature isn't by the key stranger.pub: ")


def test_refuses_a_manifest_that_was_changed_after_signing(model, key):
    def rename(statement):
        statement["subject"][0]["name"] = "another"

    rewrite(model, rename)
    assert model_signature.check(model, {}, Path())["status"] == "valid"
    assert model_signature.check(model, public(key), Path())["status"] == "invalid"


def test_refuses_bytes_that_were_swapped(model):
    (model / "model.skops").write_bytes(b"other")
    assert model_signature.check(model, {}, Path()) == {
        "path": "model.sig",
        "status": "invalid",
        "detail": "The file model.skops has other bytes than its manifest says.",
    }


def test_refuses_a_file_that_was_added(model):
    (model / "code.py").write_text("x = 1")
    found = model_signature.check(model, {}, Path())
    assert (found["status"], found["detail"]) == (
        "invalid",
        "Its manifest doesn't name the file code.py.",
    )


def test_refuses_a_file_that_was_removed(model):
    (model / "conda.yaml").unlink()
    assert model_signature.check(model, {}, Path())["detail"] == (
        "Its manifest names the file conda.yaml, which the version doesn't have."
    )


def test_refuses_files_that_the_signer_left_out(tmp_path, linear, key):
    folder = Path(shutil.copytree(linear, tmp_path / "model"))
    sign(folder, key, hashing.Config().set_ignored_paths(paths=["conda.yaml", "model.sig"]))
    found = model_signature.check(folder, public(key), Path())
    assert (found["status"], found["detail"]) == (
        "invalid",
        "Its manifest doesn't name the file conda.yaml.",
    )


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "It is not JSON."),
        (b"[" * 100_000, "It is not JSON."),
        (b"[]", "It is not a Sigstore bundle."),
        (b"{}", "It holds no manifest of the model-signing format."),
        (
            b'{"dsseEnvelope": {"payload": "!"}}',
            "It holds no manifest of the model-signing format.",
        ),
    ],
)
def test_tells_a_file_that_cannot_be_read(model, content, detail):
    (model / "model.sig").write_bytes(content)
    assert model_signature.check(model, {}, Path()) == {
        "path": "model.sig",
        "status": "unreadable",
        "detail": detail,
    }


def test_tells_a_file_that_is_too_large_to_be_one(model, monkeypatch):
    monkeypatch.setattr(model_signature, "MAX_FILE", 1000)
    found = model_signature.check(model, {}, Path())
    assert (found["status"], found["detail"]) == ("unreadable", "It has more than 1,000 bytes.")


def without_root(statement):
    statement["subject"][0]["digest"]["sha256"] = "0" * 64


def named_twice(statement):
    statement["predicate"]["resources"] *= 2


def of_another_kind(statement):
    statement["predicateType"] = "https://slsa.dev/provenance/v1"


def in_shards(statement):
    statement["predicate"]["serialization"]["method"] = "shards"


def without_digest(statement):
    statement["predicate"]["resources"][0]["digest"] = "xyz"


@pytest.mark.parametrize(
    ("edit", "detail"),
    [
        (without_root, "contradicts the digest of all files"),
        (named_twice, "its manifest names MLmodel twice"),
        (of_another_kind, "is of the kind https://slsa.dev/provenance/v1"),
        (in_shards, "isn't one sha256 a file"),
        (without_digest, "has no sha256 of MLmodel"),
    ],
)
def test_tells_a_manifest_that_is_no_proof(model, edit, detail):
    rewrite(model, edit)
    found = model_signature.check(model, {}, Path())
    assert found["status"] == "unreadable"
    assert detail.lower() in found["detail"].lower()


def test_a_key_of_another_kind_proves_nothing(model, tmp_path):
    (tmp_path / "other.pub").write_text("ssh-ed25519 AAAA")
    found = model_signature.check(model, {"modelSigningKey": str(tmp_path / "other.pub")}, Path())
    assert found["status"] == "invalid"
    assert found["detail"].startswith("Its signature isn't by the key other.pub: ")


def test_refuses_a_missing_key(model, tmp_path):
    with pytest.raises(
        UserError, match=r"gone.pub \(modelSigningKey\) can't be read: No such file"
    ):
        model_signature.check(model, public(tmp_path / "gone"), Path())
