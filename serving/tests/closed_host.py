"""Runs a command as on a host that lets nobody make namespaces, as most containers do; with ``--no-landlock`` the
kernel has no Landlock either.

The kernel itself refuses, by a filter of system calls.
"""

import errno
import os
import sys

from tollgate_serving.sandbox import syscalls
from tollgate_serving.sandbox.kernel import PR_SET_NO_NEW_PRIVS, prctl
from tollgate_serving.sandbox.seccomp import (
    ANY_BIT,
    LOAD_NUMBER,
    PASS,
    apply,
    not_if,
    refuse,
)

#: CLONE_NEWUSER, and all that go with it.
NAMESPACES = 0x7E020000
LANDLOCK = 444

if __name__ == "__main__":
    arguments = sys.argv[1:]
    _, numbers = syscalls.numbers()
    program = [LOAD_NUMBER, *not_if(numbers["clone"], 0, ANY_BIT, NAMESPACES)]
    for name in ("unshare", "mount", "clone3"):
        program += refuse(numbers[name], errno.ENOSYS if name == "clone3" else errno.EPERM)
    if arguments[0] == "--no-landlock":
        program += refuse(LANDLOCK, errno.ENOSYS)
        arguments = arguments[1:]
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    apply([*program, PASS])
    os.execv(arguments[0], arguments)
