"""Files beside a good model that are code, hide some, or lead elsewhere."""

from __future__ import annotations

import gzip
import io
import os
import pickle
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy
import payload
from harmless import STORED
from hostile import Call, zipped

Change = tuple[str, Callable[[Path], None]]
_CODE = b"import payload\npayload.mark()\n"
_EVIL = pickle.dumps(Call(payload.mark))


def _beside(name: str, content: bytes | Callable[[], bytes]) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content if isinstance(content, bytes) else content())

    return write


def _piece(name: str) -> Callable[[], bytes]:
    return lambda: (STORED / "pieces" / name).read_bytes()


def _compiled() -> bytes:
    import importlib._bootstrap_external as importing

    return importing._code_to_timestamp_pyc(compile(_CODE, "payload", "exec"))


def _member(name: str, mode: int = 0) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        archive.writestr(member, b"a")
    return content.getvalue()


def _twice() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a.json", b"{}")
        archive.writestr("a.json", b"[]")
    return content.getvalue()


def _tar() -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        member = tarfile.TarInfo("a.py")
        member.size = len(_CODE)
        archive.addfile(member, io.BytesIO(_CODE))
    return content.getvalue()


def _encrypted() -> bytes:
    content = bytearray(zipped({"data.pkl": _EVIL}))
    # Bit 0 of the flags, in the member's header and in the list of members.
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def _deep() -> bytes:
    content = _EVIL
    for _ in range(5):
        content = zipped({"deeper": content})
    return content


def _several() -> bytes:
    content = io.BytesIO()
    numpy.savez(
        content, plain=numpy.arange(3), evil=numpy.array([Call(payload.mark)], dtype=object)
    )
    return content.getvalue()


def _link(name: str, target: str) -> Callable[[Path], None]:
    return lambda folder: (folder / name).symlink_to(target)


FILES: dict[str, Change] = {
    # Code by name.
    "python": ("Python code", _beside("extra/loader.py", _CODE)),
    "python-upper": ("Python code, in capitals", _beside("extra/LOADER.PY", _CODE)),
    "python-compiled": ("compiled Python code", _beside("extra/loader.pyc", _compiled)),
    "library": ("a native library by its name", _beside("extra/fast.so.1", b"a")),
    "windows-library": ("a library of Windows by its name", _beside("extra/fast.pyd", b"a")),
    "pth": ("read by Python when it starts", _beside("extra.pth", b"import payload\n")),
    "wheel": ("a wheel", _beside("more.whl", lambda: zipped({"payload/__init__.py": _CODE}))),
    "egg": ("an egg", _beside("more.egg", lambda: zipped({"payload/__init__.py": _CODE}))),
    # Code by content, whatever the name says.
    "elf": (
        "a library under another name",
        _beside("weights.bin", b"\x7fELF\x02\x01\x01" + bytes(60)),
    ),
    "pe": (
        "a program of Windows under another name",
        _beside("notes.txt", b"MZ\x90\x00" + bytes(60)),
    ),
    "mach-o": ("a library of macOS", _beside("weights.dat", b"\xcf\xfa\xed\xfe" + bytes(60))),
    "mach-o-fat": (
        "a library of macOS for two processors",
        _beside("w.dat", b"\xca\xfe\xba\xbe" + bytes(60)),
    ),
    "compiled-elsewhere": ("compiled code under another name", _beside("data.csv", _compiled)),
    "script": ("a script", _beside("README", b"#!/usr/bin/env python\n" + _CODE)),
    "wasm": ("WebAssembly", _beside("data.bin", b"\x00asm\x01\x00\x00\x00")),
    "zip-of-code": (
        "an archive that Python could import",
        _beside("data.zip", lambda: zipped({"payload/__init__.py": _CODE})),
    ),
    "torch-script": (
        "a model of torch with code",
        _beside("model.pt", lambda: zipped({"m/code/a.py": _CODE, "m/data.pkl": pickle.dumps(1)})),
    ),
    "torch": (
        "weights of torch",
        _beside("model.pt", lambda: zipped({"m/data.pkl": _EVIL, "m/data/0": b"a"})),
    ),
    "keras": (
        "a model of Keras",
        _beside(
            "model.keras",
            lambda: zipped({"config.json": b"{}", "model.weights.h5": _piece("weights.h5")()}),
        ),
    ),
    "hdf5": ("HDF5", _beside("weights.h5", _piece("weights.h5"))),
    "hdf5-behind": (
        "HDF5 behind a block of other data",
        _beside("weights.dat", _piece("behind-a-block.h5")),
    ),
    "onnx-external": (
        "ONNX with data in other files",
        _beside("model.onnx", _piece("external.onnx")),
    ),
    "onnx-operators": (
        "ONNX with operators of a library",
        _beside("model.onnx", _piece("foreign.onnx")),
    ),
    "onnx-damaged": ("a damaged ONNX model", _beside("model.onnx", b"\x3a\xff\xff\xff\xff\x7f")),
    "ort": ("a model in ONNX Runtime's own format", _beside("model.ort", b"a")),
    # Pickles that nobody expects.
    "pickle-as-json": ("a pickle that says it is JSON", _beside("input_example.json", _EVIL)),
    "pickle-as-ubj": ("a pickle that says it is of xgboost", _beside("model.ubj", _EVIL)),
    "pickle-old-as-text": (
        "an old pickle that says it is a text",
        _beside("notes.txt", b"cpayload\nmark\n(tR."),
    ),
    "npz-objects": ("arrays, one of objects", _beside("arrays.npz", _several)),
    "npy-damaged": ("a damaged array", _beside("array.npy", b"\x93NUMPY\x01\x00")),
    "gzip-of-pickle": ("a compressed pickle", _beside("data.csv.gz", lambda: gzip.compress(_EVIL))),
    # Archives.
    "zip-deep": ("archives in archives in archives", _beside("data.zip", _deep)),
    "zip-encrypted": ("an encrypted archive", _beside("data.zip", _encrypted)),
    "zip-twice": ("a member that is there twice", _beside("data.zip", _twice)),
    "zip-upwards": (
        "a member that unpacks elsewhere",
        _beside("data.zip", lambda: _member("../payload.json")),
    ),
    "zip-absolute": (
        "a member with an absolute path",
        _beside("data.zip", lambda: _member("/payload.json")),
    ),
    "zip-link": (
        "a member that is a link",
        _beside("data.zip", lambda: _member("a", stat.S_IFLNK | 0o777)),
    ),
    "zip-damaged": (
        "an archive without a readable list",
        _beside("data.zip", lambda: zipped({"a": b"a"}).replace(b"PK\x01\x02", b"PK\x09\x09")),
    ),
    "tar": ("a tar archive", _beside("data.tar", _tar)),
    "lz4": ("compressed by what a scan can't read", _beside("data.bin", b"\x04\x22\x4d\x18abc")),
    "7z": ("an archive that a scan can't read", _beside("data.bin", b"7z\xbc\xaf\x27\x1cabc")),
    # Links and names.
    "link": ("a link to a file", _link("more.json", "MLmodel")),
    "link-out": ("a link out of the version", _link("more", "..")),
    "pipe": ("a special file", lambda folder: os.mkfifo(folder / "more")),
    "two-cases": ("a name that differs in case only", _beside("mlmodel", b"flavors: {}\n")),
    "two-forms": ("a name in another form of Unicode", _beside("cafe\u0301.json", b"{}")),
    "backslash": ("a name with a backslash", _beside("a\\..\\b.json", b"{}")),
    "hidden-character": (
        "a name with a character that isn't shown",
        _beside("a\u202e.json", b"{}"),
    ),
    "ignored-folder": (
        "a folder that only the registry's client may make",
        _beside("registered_model_meta/a.json", b"{}"),
    ),
}
