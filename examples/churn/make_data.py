"""Writes each environment's own data: ``data/<environment>/train.csv`` and ``eval.csv``.

staging is the exercise's data with a quarter held out, 500 rows, where the exercise holds out a fifth.
dev is its first 400 rows. prod is another, larger and harder draw. Values have four decimals, which
keeps the files small.
The files are committed, so that the commit pins them; running this again writes the same bytes.
"""

from pathlib import Path

import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).parent / "data"


def draw(samples: int) -> pd.DataFrame:
    features, label = make_classification(n_samples=samples, n_features=10, random_state=42)
    frame = pd.DataFrame(features, columns=[f"f{index}" for index in range(10)]).round(4)
    return frame.assign(label=label)


def write(environment: str, frame: pd.DataFrame) -> None:
    folder = FOLDER / environment
    folder.mkdir(parents=True, exist_ok=True)
    train, evaluation = train_test_split(frame, test_size=0.25, random_state=42)
    train.to_csv(folder / "train.csv", index=False, float_format="%.4f", lineterminator="\n")
    evaluation.to_csv(folder / "eval.csv", index=False, float_format="%.4f", lineterminator="\n")


def main() -> None:
    exercise = draw(2000)
    write("dev", exercise.head(400))
    write("staging", exercise)
    write("prod", draw(2800))


if __name__ == "__main__":
    main()
