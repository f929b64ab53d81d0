"""Writes each environment's own data: ``data/<environment>/train.csv`` and ``eval.csv``.

The 569 tumours of the Wisconsin data set that ships with scikit-learn, dealt out so that no row is in
two environments. The files are committed, so that the commit pins them; running this again writes the
same bytes.
"""

from pathlib import Path

import pandas as pd
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).parent / "data"


def write(environment: str, frame: pd.DataFrame) -> None:
    folder = FOLDER / environment
    folder.mkdir(parents=True, exist_ok=True)
    train, evaluation = train_test_split(
        frame, test_size=0.3, random_state=42, stratify=frame["malignant"]
    )
    train.to_csv(folder / "train.csv", index=False, lineterminator="\n")
    evaluation.to_csv(folder / "eval.csv", index=False, lineterminator="\n")


def main() -> None:
    frame = load_breast_cancer(as_frame=True).frame
    # scikit-learn codes malignant as 0; what a test should find is the positive class here.
    frame["malignant"] = 1 - frame.pop("target")
    frame.columns = [name.replace(" ", "_") for name in frame.columns]
    rest, prod = train_test_split(
        frame, test_size=0.5, random_state=42, stratify=frame["malignant"]
    )
    dev, staging = train_test_split(
        rest, test_size=0.7, random_state=42, stratify=rest["malignant"]
    )
    write("dev", dev)
    write("staging", staging)
    write("prod", prod)


if __name__ == "__main__":
    main()
