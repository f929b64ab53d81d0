"""Random numbers that are the same on every run and independent of those others drew."""

from __future__ import annotations

import hashlib

import numpy


def generator(seed: int, purpose: str) -> numpy.random.Generator:
    """A stream of its own for each purpose.

    Never the stream of ``default_rng(seed)``: data is often made with it, and noise drawn from the same stream
    as the data would follow the data.
    """
    words = numpy.frombuffer(hashlib.sha256(purpose.encode()).digest(), dtype="<u4")
    return numpy.random.default_rng([seed, *words.tolist()])
