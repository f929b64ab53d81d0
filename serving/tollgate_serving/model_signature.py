"""Checks the signature of the OpenSSF model-signing format that a version may carry among its files."""

from __future__ import annotations

import base64
import binascii
import contextlib
import hashlib
import io
import json
from pathlib import Path
from typing import Any

from tollgate_serving.digest import model_files, sha256_of_file
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line

#: The usual name, as ``model_signing sign`` writes it.
USUAL_NAME = "model.sig"
#: Bytes of a signature file; it has about 150 for each file of the model.
MAX_FILE = 20_000_000
_BUNDLE = "application/vnd.dev.sigstore.bundle"
_STATEMENT = "https://in-toto.io/Statement/v1"
_PREDICATE = "https://model_signing/signature/v1.0"


class _Unreadable(Exception):
    """Why a file is no such signature: a clause without a full stop."""


def check(folder: Path, settings: dict[str, Any], project: Path) -> dict[str, Any] | None:
    """What the version's own signature says, as evidence's ``modelSignature``; None when there is none.

    ``valid`` means that its manifest names exactly the version's files with their sha256, ``verified`` that the
    signature is by ``modelSigningKey`` of ``settings`` besides: the path, seen from the project's folder, of an ECDSA
    public key in PEM. Raises UserError when that key can't be read.
    """
    path = _find(folder)
    if path is None:
        return None
    try:
        manifest = _manifest(_bundle(folder / path))
    except _Unreadable as error:
        return {"path": path, "status": "unreadable", "detail": _sentence(str(error))}
    difference = _difference(folder, path, manifest)
    if difference:
        return {"path": path, "status": "invalid", "detail": _sentence(difference)}
    named = f"its manifest names exactly the version's {len(manifest)} other files"
    key = settings.get("modelSigningKey")
    if not key:
        detail = f"{named}; whose signature it is was not checked, because no key is given"
        return {"path": path, "status": "valid", "detail": _sentence(detail)}
    problem = _verify(folder, folder / path, project / key)
    if problem:
        detail = f"its signature isn't by the key {Path(key).name}: {problem}"
        return {"path": path, "status": "invalid", "detail": _sentence(detail)}
    detail = f"{named}, and its signature is by the key {Path(key).name}"
    return {"path": path, "status": "verified", "detail": _sentence(detail)}


def _find(folder: Path) -> str | None:
    """``model.sig``, or the first other file of that kind. Other kinds of signature aren't ours to judge."""
    names = sorted(name for name in model_files(folder) if name.endswith(".sig"))
    if USUAL_NAME in names:
        return USUAL_NAME
    for name in names:
        with contextlib.suppress(_Unreadable):
            if str(_bundle(folder / name).get("mediaType", "")).startswith(_BUNDLE):
                return name
    return None


def _bundle(path: Path) -> dict[str, Any]:
    with open(path, "rb") as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise _Unreadable(f"it has more than {MAX_FILE:,} bytes")
    try:
        bundle = json.loads(content)
    except (ValueError, RecursionError):
        raise _Unreadable("it is not JSON") from None
    if not isinstance(bundle, dict):
        raise _Unreadable("it is not a Sigstore bundle")
    return bundle


def _manifest(bundle: dict[str, Any]) -> dict[str, str]:
    """sha256 by file name, from the statement in the bundle's DSSE envelope."""
    try:
        payload = base64.b64decode(bundle["dsseEnvelope"]["payload"], validate=True)
        statement = json.loads(payload)
        kind, predicate_type = statement["_type"], statement["predicateType"]
        predicate = statement["predicate"]
        method = predicate["serialization"]["method"]
        resources = [
            (each["name"], each["algorithm"], each["digest"]) for each in predicate["resources"]
        ]
        root = statement["subject"][0]["digest"]["sha256"]
    except (KeyError, IndexError, TypeError, ValueError, binascii.Error, RecursionError):
        raise _Unreadable("it holds no manifest of the model-signing format") from None
    if (kind, predicate_type) != (_STATEMENT, _PREDICATE):
        raise _Unreadable(
            f"its manifest is of the kind {predicate_type}, and {_PREDICATE} is wanted"
        )
    if method != "files" or any(algorithm != "sha256" for _, algorithm, _ in resources):
        raise _Unreadable(
            "its manifest isn't one sha256 a file, as model-signing writes by default"
        )
    manifest: dict[str, str] = {}
    total = hashlib.sha256()
    for name, _, digest in resources:
        if not isinstance(name, str) or name in manifest:
            raise _Unreadable(f"its manifest names {name} twice")
        try:
            total.update(bytes.fromhex(digest))
        except (TypeError, ValueError):
            raise _Unreadable(f"its manifest has no sha256 of {name}") from None
        manifest[name] = digest
    if total.hexdigest() != root:
        raise _Unreadable("its manifest contradicts the digest of all files in it")
    return manifest


def _difference(folder: Path, signature: str, manifest: dict[str, str]) -> str | None:
    """The first way in which the files aren't those of the manifest. Nothing in it may be left out."""
    files = sorted(name for name in model_files(folder) if name != signature)
    unsigned = [name for name in files if name not in manifest]
    if unsigned:
        return f"its manifest doesn't name the file {unsigned[0]}"
    missing = sorted(set(manifest) - set(files))
    if missing:
        return f"its manifest names the file {missing[0]}, which the version doesn't have"
    for name in files:
        if sha256_of_file(folder / name) != manifest[name]:
            return f"the file {name} has other bytes than its manifest says"
    return None


def _verify(folder: Path, signature: Path, key: Path) -> str | None:
    """Why the signature isn't by that key; None when it is."""
    from model_signing import verifying

    try:
        key.read_bytes()
    except OSError as error:
        raise UserError(
            f"the key {key} (modelSigningKey) can't be read: {error.strerror}; "
            "give the path of an ECDSA public key in PEM."
        ) from error
    # Files it doesn't name were told above; the registry's client adds one that is no part of the version.
    config = verifying.Config().set_ignore_unsigned_files(True)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            config.use_elliptic_key_verifier(public_key=key).verify(folder, signature)
    except Exception as error:
        return one_line(error) if str(error) else "it doesn't verify"
    return None


def _sentence(clause: str) -> str:
    return f"{clause[0].upper()}{clause[1:]}."
