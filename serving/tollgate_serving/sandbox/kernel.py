"""Calls of the kernel that Python has no function for."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Any

#: Only where ``libc`` is Linux's.
IS_LINUX = sys.platform == "linux"

PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
PR_SET_SECCOMP = 22
PR_GET_SECCOMP = 21
PR_CAPBSET_DROP = 24

_libc = ctypes.CDLL(None, use_errno=True) if IS_LINUX else None
#: Numbers of capset, on the processors that ``syscalls`` has tables of.
_CAPSET = {"x86_64": 126, "aarch64": 91}
_CAPABILITY_VERSION = 0x20080522


def syscall(number: int, *arguments: Any) -> int:
    """The call's result. Raises OSError where it fails."""
    assert _libc is not None
    return _checked(_libc.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, *arguments: Any) -> int:
    """The call's result. Raises OSError where it fails."""
    assert _libc is not None
    filled = [*arguments, 0, 0, 0, 0][:4]
    return _checked(_libc.prctl(option, *(_word(value) for value in filled)))


def drop_capabilities() -> None:
    """Takes root's rights from this process, for ever. Its user stays. Nothing changes for another user."""
    for capability in range(64):
        try:
            prctl(PR_CAPBSET_DROP, capability)
        except OSError:
            # Past the last one; or not root, who has none to drop.
            break
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
    nothing = (ctypes.c_uint32 * 6)()
    syscall(_CAPSET[os.uname().machine], ctypes.byref(header), ctypes.byref(nothing))


def _word(value: Any) -> Any:
    return ctypes.c_ulong(value) if isinstance(value, int) else value


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
