"""Opens files, members of zip archives and compressed streams alike, within bounds."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

#: Bytes that one scan unpacks from archives and compressed streams.
MAX_UNPACKED = 1 << 30
#: Members of one archive. A large torch model has some thousand.
MAX_MEMBERS = 10_000
#: Bytes of an archive's list of members.
MAX_DIRECTORY = 4_000_000
#: Bytes that tell what a file is; a tar archive says so at the 257th.
_HEAD = 512
_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")


class TooLarge(Exception):
    """The scan's bounds are used up: a clause without a full stop."""


class UnreadableArchive(Exception):
    """Why an archive or stream can't be unpacked: a clause without a full stop."""


class Unpacking:
    """Bytes that may still be unpacked, shared by all files of a scan."""

    def __init__(self, limit: int = MAX_UNPACKED):
        self._limit = limit
        self._left = limit

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise TooLarge(f"it unpacks to more than {self._limit:,} bytes")

    def members_of(self, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise UnreadableArchive(f"it holds more than {MAX_MEMBERS:,} files")
        return members


class _Bounded(io.RawIOBase):
    """An unpacked stream: counts its bytes, and tells every kind of damage the same way."""

    def __init__(self, stream: Any, unpacking: Unpacking):
        self._stream = stream
        self._unpacking = unpacking

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._stream.read(len(buffer))
        except (OSError, EOFError, ValueError, lzma.LZMAError, zlib.error) as error:
            raise UnreadableArchive("it is a damaged or truncated archive") from error
        except (RuntimeError, NotImplementedError, zipfile.BadZipFile) as error:
            raise UnreadableArchive("it is a damaged or encrypted archive") from error
        self._unpacking.spend(len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        super().close()


@dataclass(frozen=True)
class Source:
    """Bytes that can be opened more than once."""

    #: Path of the file, or name of the member.
    name: str
    #: Start of a sentence about it: empty for a file, `in data.pkl, ` for a member of one.
    place: str
    #: None where it isn't known before unpacking.
    size: int | None
    open: Callable[[], BinaryIO]
    #: Set for a file on disk.
    path: Path | None = None

    @classmethod
    def of_file(cls, path: Path, name: str) -> Source:
        return cls(name, "", path.stat().st_size, lambda: open(path, "rb"), path)

    @property
    def suffix(self) -> str:
        return PurePosixPath(self.name.lower()).suffix

    def head(self) -> bytes:
        """The first bytes; an unpacked stream that fails there raises UnreadableArchive."""
        with self.open() as stream:
            return stream.read(_HEAD)

    def starts_later(self, magic: bytes) -> bool:
        """HDF5 may begin behind a block of other data: at 512 bytes, or at twice that, and so on."""
        if self.path is None or self.size is None:
            return False
        with open(self.path, "rb") as file:
            place = 512
            while place + len(magic) <= self.size:
                file.seek(place)
                if file.read(len(magic)) == magic:
                    return True
                place *= 2
        return False

    def is_zip(self, head: bytes) -> bool:
        """A file may have a zip archive behind other content; within archives only a whole one counts."""
        if self.path is None:
            return head.startswith(_ZIP_STARTS)
        return zipfile.is_zipfile(self.path)

    @contextmanager
    def as_file(self) -> Iterator[Path]:
        """A path with these bytes. The copy of a member is removed afterwards."""
        if self.path is not None:
            yield self.path
            return
        handle, name = tempfile.mkstemp(prefix="tollgate-scan-")
        try:
            with self.open() as stream, os.fdopen(handle, "wb") as copy:
                shutil.copyfileobj(stream, copy)
            yield Path(name)
        finally:
            os.unlink(name)

    @contextmanager
    def as_zip(self) -> Iterator[zipfile.ZipFile]:
        with self.as_file() as path:
            try:
                _check_directory(path)
                archive = zipfile.ZipFile(path)
            except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
                raise UnreadableArchive("it is a damaged archive") from error
            with archive:
                yield archive

    def member(
        self, archive: zipfile.ZipFile, member: zipfile.ZipInfo, unpacking: Unpacking
    ) -> Source:
        def opened() -> BinaryIO:
            try:
                stream = archive.open(member)
            except (RuntimeError, NotImplementedError, zipfile.BadZipFile, OSError) as error:
                raise UnreadableArchive("it is a damaged or encrypted archive") from error
            return io.BufferedReader(_Bounded(stream, unpacking))

        place = f"in {member.filename[:200]!r}, "
        return Source(member.filename, place, member.file_size, opened)

    def unpacked(self, kind: str, unpacking: Unpacking) -> Source:
        """What a compressed stream unpacks to. Raises UnreadableArchive for a kind this can't read."""
        opener = _OPENERS.get(kind)
        if opener is None:
            raise UnreadableArchive(f"it is compressed by {kind}, which a scan can't look into")

        def opened() -> BinaryIO:
            return io.BufferedReader(_Bounded(opener(self.open()), unpacking))

        # A name such as model.pkl.gz is meant for what is inside.
        return Source(self.name.removesuffix(self.suffix), self.place, None, opened)


def compression_of(head: bytes) -> str | None:
    """The kind of compression that a stream's first bytes announce, as joblib tells it."""
    for start, kind in _COMPRESSIONS.items():
        if head.startswith(start):
            return kind
    # Two bytes with a check sum: a text can begin like that too.
    if len(head) >= 2 and head[0] == 0x78 and int.from_bytes(head[:2]) % 31 == 0:
        return "zlib"
    return None


def unpacks(source: Source, kind: str, unpacking: Unpacking) -> bool:
    """Does the first byte unpack? If not, the stream only begins like a compressed one."""
    opener = _OPENERS.get(kind)
    if opener is None:
        return True
    with source.open() as stream:
        bounded = _Bounded(opener(stream), unpacking)
        try:
            return len(bounded.read(1) or b"") == 1
        except UnreadableArchive:
            return False


def _zlib_stream(stream: BinaryIO) -> Any:
    from joblib.compressor import BinaryZlibFile

    return BinaryZlibFile(stream, "rb")


_OPENERS: dict[str, Callable[[BinaryIO], Any]] = {
    "gzip": lambda stream: gzip.GzipFile(fileobj=stream, mode="rb"),
    "bzip2": bz2.BZ2File,
    "xz": lzma.LZMAFile,
    "lzma": lzma.LZMAFile,
    "zlib": _zlib_stream,
}
_COMPRESSIONS = {
    b"\x1f\x8b": "gzip",
    b"BZ": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x5d\x00": "lzma",
    b"\x04\x22\x4d\x18": "lz4",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"7z\xbc\xaf\x27\x1c": "7z",
    b"Rar!\x1a\x07": "rar",
    b"\x1f\x9d": "compress",
}


def _check_directory(path: Path) -> None:
    """Looks at the length of a zip's list of members before zipfile reads all of it into memory."""
    with open(path, "rb") as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if end is None:
        raise zipfile.BadZipFile("no end record")
    if end[zipfile._ECD_SIZE] > MAX_DIRECTORY:  # type: ignore[attr-defined]
        raise UnreadableArchive(f"its list of files has more than {MAX_DIRECTORY:,} bytes")
