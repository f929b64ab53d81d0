"""Makes the list of names that models may load anew: ``npm run safe-names``.

    python serving/safe_names [--write]

Pickles (each protocol), joblib and skops files of every estimator of scikit-learn, of values of Python, numpy, scipy
and pandas, and of models of xgboost, lightgbm and catboost are read by the scan itself; what it sees is the list.
Without ``--write`` it only compares. A group whose packages aren't all here is left as it is. Exit codes: 0 the same or
written, 1 they differ, 64 usage.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from itertools import chain
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1]))
warnings.filterwarnings("ignore")
# joblib's and the libraries' threads make nothing here any faster.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from boosting import boosted_models  # noqa: E402
from collect import collect  # noqa: E402
from estimators import around_estimators, fitted_estimators  # noqa: E402
from tollgate_serving.pickle_uses import Uses  # noqa: E402
from values import array_values, python_values, sparse_values, table_values  # noqa: E402


def _models() -> Iterator[Any]:
    return chain(
        python_values(),
        array_values(),
        sparse_values(),
        table_values(),
        fitted_estimators(),
        around_estimators(),
    )


#: Names with their uses, by group of packages and their versions; the gate safe-code reads it.
LIST = Path(__file__).parents[1] / "tollgate_serving" / "safe_names.json"
_GROUPS: list[tuple[list[str], Callable[[], Iterator[Any]]]] = [
    (["joblib", "numpy", "pandas", "pyarrow", "scikit-learn", "scipy", "skops"], _models),
    (["catboost", "lightgbm", "xgboost"], boosted_models),
]
#: Seen in harmless files, and never on the list: each calls, imports, evaluates or opens what the file tells it to.
NEVER = (
    # rv_generic.__setstate__ runs a text that it keeps as an attribute.
    "scipy.stats.",
    "functools.",
    "operator.",
    "builtins.getattr",
    # Keeps a folder, and unpickles what lies in it.
    "joblib.memory.",
    # Looks a function up by its name in a module.
    "numpy._core._ufunc_reconstruct",
    "numpy.core._ufunc_reconstruct",
)
#: Calls whatever function it holds, so it is listed with these alone, each named in its use. scikit-learn's
#: HistGradientBoosting* hold one where a column is a category.
PARTIAL = "functools.partial"
PARTIAL_OF = ("sklearn.utils.validation.check_array",)


def group_of(packages: list[str], values: Callable[[], Iterator[Any]]) -> dict[str, Any]:
    uses = Uses()
    collect(values(), uses)
    names = {
        name: sorted(each)
        for name, each in sorted(uses.by_name.items())
        if not name.startswith(NEVER) and not any(use_names_one(use) for use in each)
    }
    partial = sorted(use for use in uses.by_name.get(PARTIAL, ()) if is_of_partial(use))
    if partial:
        names[PARTIAL] = partial
    return {"packages": {name: version(name) for name in packages}, "names": _with_older(names)}


def is_of_partial(use: str) -> bool:
    """Is this function the first, or only, thing that is handed to it?"""
    handed = use.partition("(")[2].rstrip(")").split(", ")
    return handed[0] in PARTIAL_OF


def use_names_one(use: str) -> bool:
    return any(never in use for never in NEVER)


def _with_older(names: dict[str, list[str]]) -> dict[str, list[str]]:
    """numpy 1 writes ``numpy.core`` for what numpy 2 calls ``numpy._core``; numpy 2 takes both for the same."""
    older = {
        name.replace("numpy._core.", "numpy.core.", 1): uses
        for name, uses in names.items()
        if name.startswith("numpy._core.")
    }
    return dict(sorted((names | older).items()))


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="npm run safe-names", description=__doc__)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args(arguments)
    written = json.loads(LIST.read_text())["groups"] if LIST.exists() else [None, None]
    made = []
    for (packages, values), before in zip(_GROUPS, written):
        try:
            made.append(group_of(packages, values))
        except (PackageNotFoundError, ImportError) as error:
            print(f"{', '.join(packages)}: left as they are ({error})")
            made.append(before)
    if made == written:
        print(f"{LIST.name} is what the packages give")
        return 0
    if not options.write:
        for after, before in zip(made, written):
            _tell(before or {"names": {}}, after or {"names": {}})
        print(f"{LIST.name} differs: npm run safe-names -- --write, and have the change reviewed")
        return 1
    LIST.write_text(json.dumps({"groups": made}, indent=2) + "\n")
    print(f"{LIST.name} is written; have the change reviewed")
    return 0


def _tell(before: dict[str, Any], after: dict[str, Any]) -> None:
    for sign, one, other in (("-", before, after), ("+", after, before)):
        for name, uses in one["names"].items():
            for use in sorted(set(uses) - set(other["names"].get(name, []))):
                print(f"{sign} {name}: {use}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
