"""Writes each environment's own data: ``data/<environment>/train.csv`` and ``eval.csv``.

staging is the exercise's data with a quarter held out, 500 rows, where the exercise holds out a fifth.
dev is its first 400 rows. prod is staging's rows drawn again with noise, as more customers of the same
kind. Values have four decimals, which keeps the files small.
The files are committed, so that the commit pins them; running this again writes the same bytes.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.datasets import make_classification
from sklearn.model_selection import train_test_split

FOLDER = Path(__file__).parent / "data"


def draw(samples: int) -> pd.DataFrame:
    features, label = make_classification(n_samples=samples, n_features=10, random_state=42)
    frame = pd.DataFrame(features, columns=[f"f{index}" for index in range(10)]).round(4)
    return frame.assign(label=label)


def split(frame: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    return train_test_split(frame, test_size=0.25, random_state=42)


def later(frame: pd.DataFrame, rows: int, seed: int) -> pd.DataFrame:
    """Rows drawn with replacement, each value moved by noise of a tenth of its usual spread."""
    random = np.random.default_rng(seed)
    drawn = frame.iloc[random.integers(0, len(frame), rows)].reset_index(drop=True)
    features = drawn.drop(columns="label")
    return (features + random.normal(0, 0.1, features.shape)).assign(label=drawn["label"])


def write(environment: str, train: pd.DataFrame, evaluation: pd.DataFrame) -> None:
    folder = FOLDER / environment
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (("train", train), ("eval", evaluation)):
        frame.to_csv(folder / f"{name}.csv", index=False, float_format="%.4f", lineterminator="\n")


def main() -> None:
    exercise = draw(2000)
    train, evaluation = split(exercise)
    write("dev", *split(exercise.head(400)))
    write("staging", train, evaluation)
    # Drawn from each part by itself, so that no evaluated row has a twin among the training rows.
    write("prod", later(train, 2100, seed=7), later(evaluation, 700, seed=107))


if __name__ == "__main__":
    main()
