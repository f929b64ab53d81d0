"""The file of rows that callers sent, and how a scorer in a sandbox gets them there.

A scorer opens no file outside its sandbox. It hands the rows over a socket to the process that started it, which puts
them into the one file it was told to: whatever comes is kept as bytes, up to a limit, and read by nobody here.
Standard library only, because that process is started for every scorer.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

from tollgate_serving.logs import logger

#: Age at which a file is old, in seconds: seven days hold every weekday once.
KEPT_SECONDS = 7 * 24 * 3600.0
#: Most that a file may hold, in bytes: the room that a pod has for it. What is more isn't kept.
MOST_BYTES = 1024**3
#: Most in one piece of a hand-over, in bytes.
_PIECE_BYTES = 1024**2
_LENGTH = struct.Struct(">I")


class Kept(Protocol):
    """Where captured rows are kept between two scorers."""

    def earlier(self) -> bytes:
        """What is there from before; empty when there is nothing that counts."""
        ...

    def replace(self, pieces: Iterable[bytes]) -> None:
        """Puts new content in place of the old, whole. Raises OSError when it can't."""
        ...


class CaptureFile:
    """The file itself: only the user can read it, and readers never see half of it."""

    def __init__(self, path: Path):
        self.path = path
        remove_old(path.parent)

    def earlier(self) -> bytes:
        with contextlib.suppress(OSError):
            return self.path.read_bytes()
        return b""

    def replace(self, pieces: Iterable[bytes]) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.parent.chmod(0o700)
        part = self.path.with_suffix(".part")
        with open(part, "wb", opener=_private) as file:
            for piece in pieces:
                file.write(piece)
        part.replace(self.path)
        remove_old(self.path.parent)


class HandedOver:
    """The scorer's end of the socket."""

    def __init__(self, connection: socket.socket):
        self._connection = connection
        self._stream = connection.makefile("rb")

    def earlier(self) -> bytes:
        return b"".join(_pieces(self._stream.read))

    def replace(self, pieces: Iterable[bytes]) -> None:
        for piece in _cut(pieces):
            self._connection.sendall(_LENGTH.pack(len(piece)) + piece)
        self._connection.sendall(_LENGTH.pack(0))


def take_over(connection: socket.socket, file: CaptureFile) -> None:
    """Gives the scorer what the file has, then puts into the file what the scorer hands over, until it ends.

    A failure is logged, once until a write succeeds; the scorer never waits for longer than the disk.
    """
    warned = False
    # A scorer that ends within a hand-over leaves the file as it was.
    quiet = contextlib.suppress(OSError, EOFError)
    with quiet, connection, connection.makefile("rb") as stream:
        for piece in _cut([file.earlier()]):
            connection.sendall(_LENGTH.pack(len(piece)) + piece)
        connection.sendall(_LENGTH.pack(0))
        while (first := stream.read(_LENGTH.size)) and len(first) == _LENGTH.size:
            coming = _pieces(stream.read, first)
            try:
                file.replace(_at_most(coming, MOST_BYTES))
                warned = False
            except (OSError, _TooMuch) as error:
                if not warned:
                    reason = getattr(error, "strerror", None) or str(error)
                    facts = {"file": str(file.path), "reason": reason}
                    logger.warning("captured rows can't be written", extra={"facts": facts})
                warned = True
                for _ in coming:
                    # The rest of what can't be kept, so that the next one begins where it should.
                    pass


class _TooMuch(Exception):
    pass


def _at_most(pieces: Iterator[bytes], most: int) -> Iterator[bytes]:
    total = 0
    for piece in pieces:
        total += len(piece)
        if total > most:
            raise _TooMuch(f"more than {most // 1024**2} MiB")
        yield piece


def _cut(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), _PIECE_BYTES):
            yield piece[start : start + _PIECE_BYTES]


def _pieces(read: Callable[[int], bytes], first: bytes | None = None) -> Iterator[bytes]:
    """The pieces of one hand-over. Raises EOFError when it breaks off, or isn't one."""
    head = read(_LENGTH.size) if first is None else first
    while True:
        if len(head) < _LENGTH.size:
            raise EOFError
        length = _LENGTH.unpack(head)[0]
        if length == 0:
            return
        if length > _PIECE_BYTES:
            raise EOFError
        piece = read(length)
        if len(piece) < length:
            raise EOFError
        yield piece
        head = read(_LENGTH.size)


def remove_old(folder: Path) -> None:
    """Removes what no scorer has written for seven days, also what one that was killed left half written."""
    with contextlib.suppress(OSError):
        for path in [*folder.glob("*.csv"), *folder.glob("*.part")]:
            if is_old(path.stat().st_mtime):
                path.unlink()


def is_old(written: float) -> bool:
    return time.time() - written > KEPT_SECONDS


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
