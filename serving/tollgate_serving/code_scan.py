"""What a version's files would load or run, told without loading any of them.

Files are told by their content, not by their names: pickles (also from joblib, cloudpickle, dill and torch),
skops, arrays of objects, and archives or compressed streams of these. Files of plain data aren't listed.
Bounds keep a hostile file from costing more than seconds and megabytes; a file beyond them has a problem.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import yaml

from tollgate_serving.archives import (
    Source,
    TooLarge,
    Unpacking,
    UnreadableArchive,
    compression_of,
    unpacks,
)
from tollgate_serving.digest import model_files
from tollgate_serving.pickle_input import Budget, DamagedPickle, PickleProblem, Reader
from tollgate_serving.pickle_names import PickleReader
from tollgate_serving.second_reader import names_by_fickling, scanner_name

#: Names that say a file is meant to be unpickled, so that a damaged one is told from plain data.
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".sav"}
#: First bytes of files that are code, or may hold it.
_NATIVE_CODE = {
    b"\x7fELF": "a native library",
    b"MZ": "a native library",
    b"\xfe\xed\xfa\xce": "a native library",
    b"\xfe\xed\xfa\xcf": "a native library",
    b"\xce\xfa\xed\xfe": "a native library",
    b"\xcf\xfa\xed\xfe": "a native library",
    b"\x89HDF\r\n\x1a\n": "HDF5, which may hold Python code of Keras",
}
_PYTHON_SUFFIXES = (".py", ".pyc", ".pyw", ".pyi")
_NPY = b"\x93NUMPY"
#: Deepest nesting of archives and compressed streams.
MAX_DEPTH = 3
#: Pickles in one file, one after the other.
MAX_PICKLES = 100
#: Bytes of a skops file's schema and of an MLmodel file.
MAX_SCHEMA = 64_000_000
MAX_MLMODEL = 1_000_000


@dataclass
class _Found:
    """What one file of the version turned out to hold."""

    loads: set[str] = field(default_factory=set)
    problems: set[str] = field(default_factory=set)
    pickle: bool = False
    skops: bool = False

    def listed(self, path: str) -> dict[str, Any] | None:
        """As evidence names it; None for plain data."""
        if not (self.pickle or self.skops or self.loads or self.problems):
            return None
        kind = "skops" if self.skops else "pickle" if self.pickle else "other"
        problem = "; ".join(sorted(self.problems))
        return {
            "path": path,
            "format": kind,
            "loads": sorted(self.loads),
            "problem": f"{problem[0].upper()}{problem[1:]}." if problem else None,
        }


def scan_code(folder: Path) -> dict[str, Any]:
    """Every file of a version that loads names or holds code, as evidence's ``code``. Never unpickles."""
    scan = _Scan()
    files: list[dict[str, Any]] = []
    for path in sorted(model_files(folder)):
        found = _Found()
        try:
            scan.look(Source.of_file(folder / path, path), found)
        except TooLarge as error:
            found.problems.add(str(error))
        if path == "MLmodel":
            _read_mlmodel(folder / path, found)
        listed = found.listed(path)
        if listed is not None:
            files.append(listed)
    return {"scanner": scanner_name(), "files": files}


class _Scan:
    """One scan: its files share the bounds."""

    def __init__(self) -> None:
        self._budget = Budget()
        self._unpacking = Unpacking()

    def look(self, source: Source, found: _Found, depth: int = 0) -> None:
        """Looks at a file or what it holds. Raises TooLarge when the bounds are used up."""
        try:
            self._look(source, found, depth)
        except UnreadableArchive as error:
            found.problems.add(f"{source.place}{error}")

    def _look(self, source: Source, found: _Found, depth: int) -> None:
        if depth > MAX_DEPTH:
            found.problems.add(f"{source.place}it holds archives more than {MAX_DEPTH} deep")
            return
        head = source.head()
        if source.name.endswith(_PYTHON_SUFFIXES):
            found.problems.add(f"{source.place}it holds Python code that loading the model may run")
            return
        for magic, what in _NATIVE_CODE.items():
            if head.startswith(magic):
                found.problems.add(f"{source.place}it is {what}")
                return
        if head.startswith(_NPY):
            self._read_array_file(source, found)
            return
        kind = compression_of(head)
        inner = kind is not None and unpacks(source, kind, self._unpacking)
        if inner:
            self.look(source.unpacked(kind, self._unpacking), found, depth + 1)
        if source.is_zip(head):
            self._look_into_zip(source, found, depth)
        # An archive is found by its end, a pickle by its start: one file can be both.
        meant = _starts_pickle(head) or (source.suffix in _PICKLE_SUFFIXES and not inner)
        self._read_pickle(source, meant, found)

    def _look_into_zip(self, source: Source, found: _Found, depth: int) -> None:
        with source.as_zip() as archive:
            members = self._unpacking.members_of(archive)
            if any(member.filename == "schema.json" for member in members):
                self._read_skops(archive, source, found)
            for member in members:
                if not member.is_dir():
                    self.look(source.member(archive, member, self._unpacking), found, depth + 1)

    def _read_skops(self, archive: zipfile.ZipFile, source: Source, found: _Found) -> None:
        """Every type and function the schema names, and what skops itself doesn't trust."""
        schema = _read_schema(archive)
        if schema is None:
            # A schema.json alone makes no skops file.
            if source.suffix == ".skops":
                found.problems.add(f"{source.place}its schema can't be read as one of skops")
            return
        found.skops = True
        found.loads |= _names_in(schema)
        size = sum(member.file_size for member in archive.infolist())
        self._unpacking.spend(size)
        from skops.io import get_untrusted_types

        try:
            # skops reads everything but builds nothing.
            with source.as_file() as path, contextlib.redirect_stdout(io.StringIO()):
                found.loads |= set(get_untrusted_types(file=path))
        except Exception as error:
            found.problems.add(f"{source.place}skops can't read it: {first_line(error)}")

    def _read_array_file(self, source: Source, found: _Found) -> None:
        """``.npy``: an array of objects is pickled behind the header."""
        from numpy.lib import format as npy

        with source.open() as stream:
            try:
                version = npy.read_magic(stream)
                read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
                _, _, dtype = read(stream)
            except (ValueError, OSError, EOFError):
                found.problems.add(f"{source.place}it is a damaged array file")
                return
            if dtype.hasobject:
                found.pickle = True
                self._run(PickleReader(Reader(stream), self._budget), source, found)

    def _read_pickle(self, source: Source, meant: bool, found: _Found) -> None:
        """``meant``: it says that it is a pickle. Old pickles have no header, and any text may begin like one, so
        without that only a file that loads something and calls it, or ends properly, counts."""
        attempt = _Found()
        with source.open() as stream:
            reader = PickleReader(Reader(stream), self._budget, arrays=True)
            finished = self._run(reader, source, attempt)
            works = bool(reader.loads) and (reader.acted or finished)
            if not (meant or works or self._budget.spent):
                return
            found.pickle = True
            if finished:
                self._read_following(stream, source, attempt)
        if reader.has_arrays:
            self._read_plainly(source, attempt)
        elif finished:
            with source.open() as stream:
                attempt.loads |= names_by_fickling(stream, source.size, reader.opcodes)
        found.loads |= attempt.loads
        found.problems |= attempt.problems

    def _read_following(self, stream: BinaryIO, source: Source, found: _Found) -> None:
        """Older torch files are several pickles in a row; anything else behind a pickle is never read."""
        buffered = io.BufferedReader(stream) if isinstance(stream, io.RawIOBase) else stream
        for _ in range(MAX_PICKLES):
            head = buffered.peek(2)[:2]  # type: ignore[attr-defined]
            if not _starts_pickle(head):
                return
            reader = PickleReader(Reader(buffered), self._budget, arrays=True)
            if not self._run(reader, source, found):
                return
        found.problems.add(f"{source.place}it is more than {MAX_PICKLES} pickles in a row")

    def _read_plainly(self, source: Source, found: _Found) -> None:
        """A file with joblib's arrays, as plain pickle would read it: it may be loaded either way."""
        with source.open() as stream:
            reader = PickleReader(Reader(stream), self._budget, check=True)
            try:
                reader.run()
            except DamagedPickle:
                pass
            except PickleProblem as error:
                found.problems.add(f"{source.place}read as a plain pickle, {error}")
            found.loads |= reader.loads

    def _run(self, reader: PickleReader, source: Source, found: _Found) -> bool:
        """Runs a reader and keeps what it saw. Did it come to the pickle's end?"""
        try:
            reader.run()
            return True
        except (PickleProblem, UnreadableArchive) as error:
            found.problems.add(f"{source.place}{error}")
            return False
        finally:
            found.loads |= reader.loads
            found.problems |= {f"{source.place}{warning}" for warning in reader.warnings}


def _starts_pickle(head: bytes) -> bool:
    return len(head) >= 2 and head[0] == 0x80 and head[1] <= 5


def _read_schema(archive: zipfile.ZipFile) -> dict[str, Any] | None:
    """The schema of a skops file; None when the archive is something else."""
    try:
        if archive.getinfo("schema.json").file_size > MAX_SCHEMA:
            return None
        schema = json.loads(archive.read("schema.json"))
    except (ValueError, OSError, RecursionError, RuntimeError, zlib.error, zipfile.BadZipFile):
        return None
    return schema if isinstance(schema, dict) and "__loader__" in schema else None


def _names_in(schema: dict[str, Any]) -> set[str]:
    """``module.name`` of every node, which for skops is what it may import or call."""
    names: set[str] = set()
    pending: list[Any] = [schema]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            if isinstance(value.get("__module__"), str) and isinstance(value.get("__class__"), str):
                names.add(f"{value['__module__']}.{value['__class__']}")
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return names


def _read_mlmodel(path: Path, found: _Found) -> None:
    """MLmodel names the module that loads the model; one that isn't MLflow's is code of the model's own."""
    try:
        content = path.read_bytes()[: MAX_MLMODEL + 1]
        if len(content) > MAX_MLMODEL:
            raise ValueError(f"it has more than {MAX_MLMODEL:,} bytes")
        described = yaml.safe_load(content)
        flavors = described["flavors"] if isinstance(described, dict) else None
        module = flavors["python_function"]["loader_module"]
    except (KeyError, TypeError):
        return
    except (ValueError, OSError, RecursionError, yaml.YAMLError) as error:
        found.problems.add(f"it can't be read: {first_line(error)}")
        return
    if not re.fullmatch(r"mlflow(\.[A-Za-z_]\w*)+", str(module)):
        found.loads.add(str(module))


def first_line(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(" .")
