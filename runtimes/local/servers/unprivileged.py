"""Leaving root on Linux, for PostgreSQL, which refuses to run as root.

The process gets the identity of an ordinary user, and keeps one right: to look into folders that this
user could not enter. So neither the program's files nor the folders above the data need other
permissions, which matters when they lie in /root.
"""

import ctypes
import os
import pwd
import sys

from launching import fail

PR_SET_PDEATHSIG = 1
PR_SET_SECUREBITS = 28
SECBIT_NO_SETUID_FIXUP = 4
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2
CAPABILITY_VERSION_3 = 0x20080522


class Header(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class Sets(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint32) for name in ("effective", "permitted", "inheritable")]


def server_user(data):
    """The user that has the data already, else ``postgres`` where there is one, else ``nobody``."""
    owner = os.stat(data).st_uid
    if owner != 0:
        try:
            return pwd.getpwuid(owner)
        except KeyError:
            fail(
                f"{data} belongs to user {owner}, which this machine doesn't know; change its owner"
            )
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    fail(
        "there is no user postgres or nobody to run PostgreSQL as; run Tollgate as an ordinary user"
    )


def leave_root(user, death_signal=None):
    """Becomes ``user``. The kernel drops the death signal with the identity, so it is set again."""
    if sys.platform != "linux":
        fail("PostgreSQL refuses to run as root; run Tollgate as an ordinary user")
    libc = ctypes.CDLL(None, use_errno=True)
    # Rights stay as they are when the user changes, and `access` asks by them too, as initdb does.
    libc.prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    # Containers often lack the first of the two; the second is wider.
    if not any(keep_only(libc, right) for right in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)):
        fail("cannot leave root in this container; run Tollgate as an ordinary user")
    if death_signal:
        libc.prctl(PR_SET_PDEATHSIG, death_signal)


def keep_only(libc, right):
    """Keeps one capability, also across the start of another program. False when it isn't there."""
    mask = 1 << right
    sets = (Sets * 2)(Sets(mask, mask, mask), Sets(0, 0, 0))
    header = Header(CAPABILITY_VERSION_3, 0)
    if libc.capset(ctypes.byref(header), sets) != 0:
        return False
    return libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, right, 0, 0) == 0


def hand_over(folder, user):
    """Makes ``user`` the owner of everything in ``folder``."""
    if os.stat(folder).st_uid == user.pw_uid:
        return
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            os.lchown(os.path.join(parent, name), user.pw_uid, user.pw_gid)
    os.chown(folder, user.pw_uid, user.pw_gid)
