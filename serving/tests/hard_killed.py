"""Stands for an evaluation: starts scorers as one does, says who is there, and waits to be killed."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tollgate_serving.digest import digest_of_folder
from tollgate_serving.fetch import Pinned
from tollgate_serving.probe import ScorerPlace, running_scorer


def main(folder: Path, cache: Path, sandbox: str) -> None:
    pinned = Pinned(str(folder), "churn-model", "2", digest_of_folder(folder))
    place = ScorerPlace(cache, "Staging", ("--sandbox", sandbox), start_timeout_seconds=600)

    def hold() -> None:
        with running_scorer(pinned, place) as scorer:
            print(scorer.pid, scorer.port, flush=True)
            while True:
                scorer.version()

    with ThreadPoolExecutor(2) as pool:
        # On threads of their own, as the candidate's and the deployed version's are.
        for held in [pool.submit(hold), pool.submit(hold)]:
            held.result()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
