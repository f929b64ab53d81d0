"""Draws how many candidates are refused by how much worse they are: ``plot.py FILE``, counts as JSON on stdin."""

from __future__ import annotations

import json
import sys

import matplotlib

matplotlib.use("svg")
# The same counts give the same file.
matplotlib.rcParams["svg.hashsalt"] = "tollgate"

from matplotlib import pyplot  # noqa: E402


def main(path: str) -> None:
    counts = [each for each in json.load(sys.stdin) if each["series"] == "worse"]
    figure, axes = pyplot.subplots(figsize=(7, 4))
    for rows in sorted({each["rows"] for each in counts}):
        curve = [each for each in counts if each["rows"] == rows]
        losses = [100 * each["loss"] for each in curve]
        refused = [(each["worse"] + each["undecided"]) / each["comparisons"] for each in curve]
        axes.plot(losses, [100 * share for share in refused], marker="o", label=f"{rows:,} rows")
    for share in (5, 95):
        axes.axhline(share, color="grey", linewidth=0.8, linestyle="--")
    axes.set_xlabel("accuracy lost, in points")
    axes.set_ylabel("candidates refused, in %")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


if __name__ == "__main__":
    main(sys.argv[1])
