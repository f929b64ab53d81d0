"""What a version's files would load or run, told without loading any of them.

Files are told by their content, not by their names: pickles (also from joblib, cloudpickle, dill and torch),
skops, arrays of objects, and archives or compressed streams of these. What is code by its name, by its first bytes or
because MLmodel says so is a problem. Files of plain data aren't listed.
Bounds keep a hostile file from costing more than seconds and megabytes; a file beyond them has a problem.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from tollgate_serving.archives import (
    Source,
    TooLarge,
    Unpacking,
    UnreadableArchive,
    compression_of,
    unpacks,
)
from tollgate_serving.code_files import HDF5, code_by_content, code_by_name
from tollgate_serving.digest import model_files, sha256_of_file
from tollgate_serving.file_names import odd_name, problems_of_names
from tollgate_serving.mlmodel import MAX_MLMODEL, read_mlmodel
from tollgate_serving.onnx_scan import problems_of_onnx
from tollgate_serving.pickle_input import Budget, DamagedPickle, PickleProblem, Reader
from tollgate_serving.pickle_names import PickleReader
from tollgate_serving.pickle_uses import Uses
from tollgate_serving.second_reader import names_by_fickling, scanner_name
from tollgate_serving.skops_scan import read_schema, read_skops

#: Names that say a file is meant to be unpickled, so that a damaged one is told from plain data.
_PICKLE_SUFFIXES = {".pkl", ".pickle", ".joblib", ".dill", ".cloudpickle", ".sav"}
_NPY = b"\x93NUMPY"
#: Deepest nesting of archives and compressed streams.
MAX_DEPTH = 3
#: Pickles in one file, one after the other.
MAX_PICKLES = 100


@dataclass
class _Found:
    """What one file of the version turned out to hold."""

    loads: set[str] = field(default_factory=set)
    uses: Uses = field(default_factory=Uses)
    problems: set[str] = field(default_factory=set)
    pickle: bool = False
    skops: bool = False

    def take(self, uses: Uses) -> None:
        try:
            self.uses.add_all(uses)
        except OverflowError:
            self.problems.add("it uses names in more ways than a model does")

    @property
    def kind(self) -> str:
        """What a loader may take it for; both at once is neither."""
        if self.pickle and self.skops:
            return "pickle and skops"
        return "pickle" if self.pickle else "skops" if self.skops else "data"

    def listed(self, path: str, file: Path) -> dict[str, Any] | None:
        """As evidence names it; None for plain data."""
        if not (self.pickle or self.skops or self.loads or self.problems):
            return None
        problem = "; ".join(sorted(self.problems))
        return {
            "path": path,
            "format": self.kind if self.kind in ("pickle", "skops") else "other",
            "loads": sorted(self.loads),
            "uses": {name: sorted(uses) for name, uses in sorted(self.uses.by_name.items())},
            "problem": f"{problem[0].upper()}{problem[1:]}." if problem else None,
            "sha256": sha256_of_file(file),
        }


def scan_code(folder: Path) -> dict[str, Any]:
    """Every file of a version that loads names or holds code, as evidence's ``code``. Never unpickles, imports or runs
    anything of the version. Raises UserError on a symbolic link or a special file, before any file is opened."""
    scan = _Scan()
    paths = sorted(model_files(folder))
    found = {path: _Found() for path in paths}
    for path, problems in problems_of_names(paths).items():
        found[path].problems |= problems
    for path in paths:
        try:
            scan.look(Source.of_file(folder / path, path), found[path])
        except TooLarge as error:
            found[path].problems.add(str(error))
        if path.lower().endswith(".onnx"):
            found[path].problems |= problems_of_onnx(folder / path)
    if "MLmodel" in found:
        _read_mlmodel(folder, found)
    files = [found[path].listed(path, folder / path) for path in paths]
    return {
        "scanner": scanner_name(),
        "scanned": len(paths),
        "files": [each for each in files if each is not None],
    }


def _read_mlmodel(folder: Path, found: dict[str, _Found]) -> None:
    """MLmodel's own problems, and those of the files that it names as code or as something that they aren't."""
    with open(folder / "MLmodel", "rb") as file:
        described = read_mlmodel(file.read(MAX_MLMODEL + 1), set(found))
    found["MLmodel"].problems |= described.problems
    for path, kind in described.kinds.items():
        if kind == "onnx":
            found[path].problems |= problems_of_onnx(folder / path)
        elif path in found and found[path].kind != kind:
            found["MLmodel"].problems.add(
                f"it takes {path!r} for {kind}, which is {found[path].kind}"
            )
    for code in described.code:
        for path in found:
            if path == code or path.startswith(f"{code}/"):
                found[path].problems.add("MLmodel names it, or its folder, as code")


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
        code = code_by_name(source.name) or code_by_content(head)
        if code is None and source.starts_later(HDF5):
            code = code_by_content(HDF5)
        if code:
            found.problems.add(f"{source.place}it is {code}")
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
            found.problems |= {f"{source.place}{why}" for why in _problems_of_members(members)}
            if any(member.filename == "schema.json" for member in members):
                self._read_skops(archive, source, found)
            for member in members:
                if not member.is_dir():
                    self.look(source.member(archive, member, self._unpacking), found, depth + 1)

    def _read_skops(self, archive: zipfile.ZipFile, source: Source, found: _Found) -> None:
        """Every type and function the schema names, and what skops itself doesn't trust."""
        schema = read_schema(archive)
        if schema is None:
            # A schema.json alone makes no skops file.
            if source.suffix == ".skops":
                found.problems.add(f"{source.place}its schema can't be read as one of skops")
            return
        found.skops = True
        loads, problems = read_skops(archive, schema, source, self._unpacking, found.uses)
        found.loads |= loads
        found.problems |= {f"{source.place}{problem}" for problem in problems}

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
        found.take(attempt.uses)
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
            found.take(reader.uses)

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
            found.take(reader.uses)
            found.problems |= {f"{source.place}{warning}" for warning in reader.warnings}


def _starts_pickle(head: bytes) -> bool:
    return len(head) >= 2 and head[0] == 0x80 and head[1] <= 5


def _problems_of_members(members: list[zipfile.ZipInfo]) -> set[str]:
    """Members that unpack somewhere else, or that two readers take for two."""
    problems: set[str] = set()
    for name, count in Counter(member.filename for member in members).items():
        if count > 1:
            problems.add(f"it holds {name[:200]!r} {count} times")
        odd = odd_name(name)
        if odd:
            problems.add(f"it holds {name[:200]!r}: {odd}")
    for member in members:
        if stat.S_ISLNK(member.external_attr >> 16):
            problems.add(f"it holds {member.filename[:200]!r}, which is a link")
    return problems
