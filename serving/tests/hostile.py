"""Pickles that mean harm, and the means to write more of them opcode by opcode."""

from __future__ import annotations

import io
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

from tollgate_serving.code_scan import scan_code

#: `os.system` as it is pickled: `posix.system` on Linux.
SYSTEM = f"{os.system.__module__}.system"
DAMAGED = "It is damaged or truncated."


class Call:
    """Pickles to a call of a function with these arguments."""

    def __init__(self, function: Any, *arguments: Any):
        self._call = (function, arguments)

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return self._call


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    encoded = value.encode()
    return b"\x8c" + bytes([len(encoded)]) + encoded


def load(module: str, name: str) -> bytes:
    """STACK_GLOBAL."""
    return text(module) + text(name) + b"\x93"


def call(module: str, name: str, argument: str) -> bytes:
    """Calls a function with one text."""
    return load(module, name) + text(argument) + b"\x85R"


def program(*steps: bytes, protocol: int = 4) -> bytes:
    return bytes([0x80, protocol]) + b"".join(steps) + b"."


def integer(value: int) -> bytes:
    return b"J" + struct.pack("<i", value)


def dtype(code: str, state: bytes = b"") -> bytes:
    """numpy.dtype(code, False, True), and its state if there is one."""
    made = load("numpy", "dtype") + text(code) + b"\x89\x88\x87R"
    return made + (state + b"b" if state else b"")


def joblib_array(
    size: int, made: bytes, alignment: bytes = integer(16), wrapper: bytes | None = None
) -> bytes:
    """An array as joblib writes it, up to where its bytes start; ``made`` is its type."""
    wrapper = wrapper or load("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81"
    state = [
        text("subclass") + load("numpy", "ndarray"),
        text("shape") + integer(size) + b"\x85",
        text("order") + text("C"),
        text("dtype") + made,
        text("allow_mmap") + b"\x89",
    ]
    if alignment:
        state.append(text("numpy_array_alignment_bytes") + alignment)
    return wrapper + b"}(" + b"".join(state) + b"ub"


def protocols(value: Any) -> list[bytes]:
    return [pickle.dumps(value, protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]


def scan(folder: Path, files: dict[str, bytes]) -> dict[str, dict]:
    """The listed files of a version, by path."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return {each["path"]: each for each in scan_code(folder)["files"]}


def zipped(members: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, member in members.items():
            archive.writestr(name, member)
    return content.getvalue()
