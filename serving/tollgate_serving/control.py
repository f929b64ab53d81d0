"""What a scorer's supervisor and its process in the sandbox say to each other, a byte each."""

from __future__ import annotations

#: From the process: it has given up what it should, and goes on to what a model could have a hand in.
CLOSED = ord("c")
#: To the process: the model's bytes are those that are pinned.
GO = ord("g")
#: To the process: end, politely; a second time: at once.
STOP = ord("s")
