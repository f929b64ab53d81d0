"""Makes the candidates of the corpus anew: ``npm run corpus -- --make``.

    python test/corpus/make --out FOLDER [--only NAME...]

The same environment gives the same bytes: data, seeds and times are fixed, and what a clock measures is read
from ``measured.json``. A version whose bytes are new there is measured once.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / "serving"))

from tollgate_serving.quiet import quiet_mlflow

quiet_mlflow()
warnings.filterwarnings("ignore")

import numpy  # noqa: E402
from bad_data import DATA  # noqa: E402
from bad_models import MODELS  # noqa: E402
from bad_trust import TRUST  # noqa: E402
from candidate import Candidate  # noqa: E402
from evaluating import evidence_of, prepare  # noqa: E402
from good import GOOD  # noqa: E402
from writing import write_candidate, write_trust  # noqa: E402

CANDIDATES = (*GOOD, *MODELS, *DATA, *TRUST)


def make(candidate: Candidate, folder: Path) -> None:
    # For models that draw when they predict.
    numpy.random.seed(0)
    here = candidate.here()
    with tempfile.TemporaryDirectory(prefix="tollgate-corpus-") as project:
        version, deployed = prepare(candidate, here, Path(project))
        document = evidence_of(here, Path(project), version, deployed)
        write_candidate(candidate, here, folder, document, version, deployed)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    write_trust(options.out / "trust")
    candidates = options.out / "candidates"
    chosen = [each for each in CANDIDATES if not options.only or each.name in options.only]
    # All or nothing: a half-made corpus would look like one with fewer candidates.
    with tempfile.TemporaryDirectory(prefix="tollgate-corpus-") as made:
        for position, candidate in enumerate(chosen, 1):
            print(f"{position}/{len(chosen)} {candidate.name}", file=sys.stderr, flush=True)
            make(candidate, Path(made) / candidate.name)
        old = [candidates / name for name in options.only] if options.only else [candidates]
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(made, candidates, dirs_exist_ok=True)


if __name__ == "__main__":
    main()
