"""Which names the serialisations of an object load, and how they use them."""

from __future__ import annotations

import contextlib
import io
import pickle
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import joblib
import skops.io
from tollgate_serving.archives import Source, Unpacking
from tollgate_serving.pickle_input import Budget, Reader
from tollgate_serving.pickle_names import PickleReader
from tollgate_serving.pickle_uses import Uses
from tollgate_serving.skops_scan import read_schema, read_skops


def collect(values: Iterable[Any], uses: Uses) -> int:
    """Adds what every pickle protocol, joblib and skops make of the values. Returns how many there were."""
    count = 0
    for value in values:
        count += 1
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            # Some objects can't be written in the oldest protocols.
            with contextlib.suppress(TypeError, ValueError, pickle.PicklingError):
                _read(pickle.dumps(value, protocol), uses)
        content = io.BytesIO()
        joblib.dump(value, content)
        _read(content.getvalue(), uses, arrays=True)
        # It says itself what it can't write: functions, random states of its own, and some types.
        with contextlib.suppress(Exception):
            _read_skops(skops.io.dumps(value), uses)
    return count


def _read(content: bytes, uses: Uses, arrays: bool = False) -> None:
    reader = PickleReader(Reader(io.BytesIO(content)), Budget(), arrays=arrays)
    reader.run()
    if reader.warnings:
        raise ValueError(f"a harmless value is told as code: {reader.warnings}")
    uses.add_all(reader.uses)


def _read_skops(content: bytes, uses: Uses) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "value.skops"
        path.write_bytes(content)
        with zipfile.ZipFile(path) as archive:
            schema = read_schema(archive)
            read_skops(archive, schema or {}, Source.of_file(path, "value"), Unpacking(), uses)
