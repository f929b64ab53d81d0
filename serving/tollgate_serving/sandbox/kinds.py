"""The kinds of sandbox, and what a stack may want of them."""

from __future__ import annotations

#: Kinds of sandbox, the best first.
#: ``bubblewrap``: namespaces of its own. ``landlock``: the host's files as they are, nearly all of them closed.
#: ``pod``: a container that somebody else closed; Landlock where the kernel has it. ``none``: nothing at all.
KINDS = ("bubblewrap", "landlock", "pod", "none")

#: ``required``: no scorer without one. ``preferred``: without one where the host has none. ``off``: without.
#: ``pod``: the container that the scorer runs in is one.
WANTED = ("required", "preferred", "off", "pod")

#: Where a scorer's model lies under bubblewrap, whatever the version and whoever started it.
MODEL_PLACE = "/model"
#: Where Tollgate's own code lies under bubblewrap.
CODE_PLACE = "/opt/tollgate"
#: User and group that a scorer sees itself as under bubblewrap; they own nothing but its /tmp.
USER = 65532
#: Room in its /tmp and /dev/shm each, and most that one file may hold, in bytes.
SCRATCH_BYTES = 64 * 1024 * 1024
