"""Bounded input for reading pickles that may be hostile."""

from __future__ import annotations

from typing import BinaryIO

#: Opcodes that one scan reads. A text model with 500,000 words needs about 5 million.
MAX_OPCODES = 10_000_000
#: Longer values are passed over in the file, and aren't kept.
MAX_VALUE = 65_536
#: Bytes of one line; names are in lines in older pickles.
MAX_LINE = 1_000_000
_CHUNK = 1 << 20


class PickleProblem(Exception):
    """Why a pickle can't be told by its names: a clause without a full stop."""


class DamagedPickle(PickleProblem):
    """An unpickler fails here too, so nothing after this point is ever loaded."""

    def __init__(self) -> None:
        super().__init__("it is damaged or truncated")


class Budget:
    """Opcodes that may still be read, shared by all files of a scan."""

    def __init__(self, opcodes: int = MAX_OPCODES):
        self._limit = opcodes
        self._left = opcodes

    @property
    def spent(self) -> bool:
        return self._left < 0

    def spend(self) -> None:
        """Counts one opcode. Raises PickleProblem when there were too many."""
        self._left -= 1
        if self._left < 0:
            raise PickleProblem(f"it has more than {self._limit:,} opcodes, too many to read")


class _Skipped(bytes):
    """Stands for a long value that was passed over: empty, but it says the length it had."""

    length: int

    def __len__(self) -> int:
        return self.length


class Reader:
    """A stream as ``pickletools`` reads it, which never holds a long value in memory."""

    def __init__(self, stream: BinaryIO):
        self._stream = stream
        #: The lines read last; whoever asks clears them.
        self.lines: list[bytes] = []

    def read(self, count: int) -> bytes:
        if count <= MAX_VALUE:
            return self._stream.read(count)
        skipped = _Skipped()
        skipped.length = self.skip(count)
        return skipped

    def readline(self) -> bytes:
        line = self._stream.readline(MAX_LINE + 1)
        if len(line) > MAX_LINE:
            raise PickleProblem(f"it has a line of more than {MAX_LINE:,} bytes")
        self.lines.append(line)
        return line

    def skip(self, count: int) -> int:
        """Passes over bytes; returns how many there were."""
        left = count
        while left > 0:
            chunk = self._stream.read(min(left, _CHUNK))
            if not chunk:
                break
            left -= len(chunk)
        return count - left
