"""What an ONNX model would read or run beyond itself: data in other files, operators of other libraries.

Reads the few fields of the protobuf message that say so; everything else is passed over, so a large model costs no
memory. Numbers of fields are those of onnx.proto.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path

#: Domains whose operators ONNX Runtime brings itself.
_DOMAINS = {"", "ai.onnx", "ai.onnx.ml", "ai.onnx.preview.training", "ai.onnx.training"}
#: Graphs within graphs, for loops and branches.
MAX_DEPTH = 30
#: Fields that one scan reads.
MAX_FIELDS = 5_000_000
_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5

# What lies within what: message, and field -> message of the field.
_WITHIN = {
    "model": {7: "graph", 8: "opset", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "function": {7: "node", 9: "opset", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "opset": {},
    "tensor": {},
}
_DOMAIN_FIELD = {"node": 7, "opset": 1, "function": 10}
_EXTERNAL_DATA, _DATA_LOCATION = 13, 14


class _Damaged(Exception):
    pass


def problems_of_onnx(path: Path) -> set[str]:
    """Why an ONNX file isn't taken, in clauses; none for a model that is complete in itself."""
    problems: set[str] = set()
    if path.stat().st_size == 0:
        return {"it is no ONNX model"}
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        pending = [("model", 0, len(content), 0)]
        graphs = fields = 0
        try:
            while pending:
                message, start, end, depth = pending.pop()
                if depth > MAX_DEPTH:
                    raise _Damaged
                graphs += message == "graph"
                for number, wire, first, last in _fields(content, start, end):
                    fields += 1
                    if fields > MAX_FIELDS:
                        return problems | {f"it has more than {MAX_FIELDS:,} fields"}
                    within = _WITHIN[message].get(number)
                    if within is not None:
                        if wire != _LENGTH:
                            raise _Damaged
                        pending.append((within, first, last, depth + 1))
                    if number == _DOMAIN_FIELD.get(message):
                        domain = content[first : min(last, first + 200)].decode(errors="replace")
                        if domain not in _DOMAINS:
                            problems.add(f"it uses operators of {domain!r}, which a library adds")
                    if message == "tensor" and number in (_EXTERNAL_DATA, _DATA_LOCATION):
                        # Location 0 is the file itself, which nobody needs to say.
                        problems.add("it keeps data in other files")
        except _Damaged:
            return problems | {"it is a damaged ONNX model"}
    return problems if graphs else problems | {"it is no ONNX model"}


def _fields(content: mmap.mmap, start: int, end: int) -> Iterator[tuple[int, int, int, int]]:
    """Number, wire type, and where the value starts and ends."""
    place = start
    while place < end:
        key, place = _varint(content, place, end)
        number, wire = key >> 3, key & 7
        first = place
        if wire == _VARINT:
            _, place = _varint(content, place, end)
        elif wire == _LENGTH:
            length, first = _varint(content, place, end)
            place = first + length
        elif wire in (_FIXED64, _FIXED32):
            place += 8 if wire == _FIXED64 else 4
        else:
            raise _Damaged
        if place > end or number == 0:
            raise _Damaged
        yield number, wire, first, place


def _varint(content: mmap.mmap, place: int, end: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= end:
            raise _Damaged
        byte = content[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise _Damaged
