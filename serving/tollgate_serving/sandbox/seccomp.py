"""The filter of system calls: what a model has no use for is refused by the kernel, whatever the code that asks.

A program of the classic Berkeley packet filter over ``struct seccomp_data`` (number, convention, arguments). It lets
pass what isn't named, so that libraries go on working; what is newer than the tables isn't there.
"""

from __future__ import annotations

import ctypes
import errno
import os

from tollgate_serving.sandbox import syscalls
from tollgate_serving.sandbox.kernel import (
    IS_LINUX,
    PR_GET_SECCOMP,
    PR_SET_PDEATHSIG,
    PR_SET_SECCOMP,
    prctl,
)

_LOAD, _EQUAL, _GREATER, ANY_BIT, _AND, _RETURN = 0x20, 0x15, 0x25, 0x45, 0x54, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_FILTER_MODE = 2
_NUMBER, _CONVENTION, _ARGUMENTS = 0, 4, 16

_CLONE_THREAD = 0x00010000
_AF_UNIX = 1
#: Sends and connects in one call.
_MSG_FASTOPEN = 0x20000000
#: MAP_SHARED with MAP_ANONYMOUS, and MAP_GROWSDOWN: memory that RLIMIT_DATA doesn't count.
_SHARED_ANONYMOUS = 0x21
_GROWS_DOWN = 0x100
#: Type into, and paste into, the terminal.
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C

Instruction = tuple[int, int, int, int]
#: For the tests that follow: which call it is.
LOAD_NUMBER: Instruction = (_LOAD, 0, 0, _NUMBER)
PASS: Instruction = (_RETURN, 0, 0, _ALLOW)
_REFUSE: Instruction = (_RETURN, 0, 0, _ERRNO | errno.EPERM)
_NOT_THERE: Instruction = (_RETURN, 0, 0, _ERRNO | errno.ENOSYS)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]


def is_available() -> bool:
    """Has this host's kernel such filters, and are its processor's numbers known here?"""
    if not IS_LINUX or syscalls.numbers() is None:
        return False
    try:
        prctl(PR_GET_SECCOMP)
    except OSError:
        return False
    return True


def install(metadata: bool) -> None:
    """Filters this process from here on. It must have no other thread yet, and have given up new privileges.

    ``metadata`` lets it change modes and times of files: where nothing but its own is there to be changed.
    Raises OSError where the kernel has no filters.
    """
    found = syscalls.numbers()
    if found is None:
        raise OSError(errno.ENOSYS, f"no table of system calls for {os.uname().machine}")
    apply(_program(*found, metadata=metadata, own_pid=os.getpid()))


def apply(instructions: list[Instruction]) -> None:
    """Has the kernel judge every call of this process by ``instructions``, beside filters it has already."""
    code = b"".join(_packed(*instruction) for instruction in instructions)
    program = _Program(len(instructions), code)
    prctl(PR_SET_SECCOMP, _FILTER_MODE, ctypes.byref(program))


def _program(
    convention: int, numbers: dict[str, int], *, metadata: bool, own_pid: int
) -> list[Instruction]:
    program: list[Instruction] = [
        (_LOAD, 0, 0, _CONVENTION),
        (_EQUAL, 1, 0, convention),
        (_RETURN, 0, 0, _KILL_PROCESS),
        LOAD_NUMBER,
        (_GREATER, 0, 1, syscalls.LAST),
        _NOT_THERE,
    ]
    # Threads are allowed, processes aren't. clone3 hides its flags behind a pointer; without it, libraries use clone.
    program += only_if(numbers["clone"], 0, ANY_BIT, _CLONE_THREAD)
    program += refuse(numbers["clone3"], errno.ENOSYS)
    for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        program += only_if(numbers[name], 0, _EQUAL, own_pid)
    program += only_if(numbers["prlimit64"], 0, _EQUAL, 0, own_pid)
    program += only_if(numbers["socketpair"], 0, _EQUAL, _AF_UNIX)
    # The signal at the parent's death is what ends the scorer with its supervisor.
    program += not_if(numbers["prctl"], 0, _EQUAL, PR_SET_PDEATHSIG)
    program += not_if(numbers["ioctl"], 1, _EQUAL, _TIOCSTI, _TIOCLINUX)
    for name, flags in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        program += not_if(numbers[name], flags, ANY_BIT, _MSG_FASTOPEN)
    program += not_if(numbers["mmap"], 3, ANY_BIT, _GROWS_DOWN)
    program += _block(
        numbers["mmap"],
        [*_argument(3), (_AND, 0, 0, _SHARED_ANONYMOUS), (_EQUAL, 0, 1, _SHARED_ANONYMOUS)],
        _REFUSE,
        PASS,
    )
    refused = (
        *syscalls.STARTS_PROCESS,
        *syscalls.OTHER_PROCESSES,
        *syscalls.NAMESPACES,
        *syscalls.KERNEL,
        *syscalls.SOCKETS,
        *syscalls.SHARED_MEMORY,
        *(() if metadata else syscalls.METADATA),
    )
    for name in refused:
        if name in numbers:
            program += refuse(numbers[name])
    return [*program, PASS]


def refuse(number: int, error: int = errno.EPERM) -> list[Instruction]:
    """A call that always fails."""
    return [(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | error)]


def _argument(index: int) -> list[Instruction]:
    """The lower half of an argument: all that the kernel looks at in what is asked about here."""
    return [(_LOAD, 0, 0, _ARGUMENTS + 8 * index)]


def only_if(number: int, argument: int, test: int, *values: int) -> list[Instruction]:
    """A call that passes where the argument is one of the values, or has the bit."""
    tests = [
        (test, len(values) - 1 - index, 0 if index < len(values) - 1 else 1, value)
        for index, value in enumerate(values)
    ]
    return _block(number, [*_argument(argument), *tests], PASS, _REFUSE)


def not_if(number: int, argument: int, test: int, *values: int) -> list[Instruction]:
    """A call that is refused where the argument is one of the values, or has the bit. Else the filter goes on."""
    checks: list[Instruction] = _argument(argument)
    for value in values:
        checks += [(test, 0, 1, value), _REFUSE]
    checks += [LOAD_NUMBER]
    return [(_EQUAL, 0, len(checks), number), *checks]


def _block(
    number: int, checks: list[Instruction], if_so: Instruction, else_: Instruction
) -> list[Instruction]:
    """For one call: ``checks`` ends in a test that goes to the next instruction or the one after."""
    return [(_EQUAL, 0, len(checks) + 2, number), *checks, if_so, else_]


def _packed(code: int, if_true: int, if_false: int, value: int) -> bytes:
    return (
        code.to_bytes(2, "little")
        + bytes([if_true, if_false])
        + value.to_bytes(4, "little", signed=False)
    )
