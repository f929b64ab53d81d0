"""Trains, logs and registers a version with whichever MLflow runs this: log_version.py MODEL TRAINING_CSV ROWS_CSV.

Prints the version, the digest of a download of it, and what the downloaded model predicts for the rows.
"""

import json
import sys
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from tollgate_serving.digest import digest_of_folder

name, training, rows = sys.argv[1], pd.read_csv(sys.argv[2]), pd.read_csv(sys.argv[3])
features = training.drop(columns="label")
model = make_pipeline(StandardScaler(), LogisticRegression()).fit(features, training["label"])
mlflow.set_experiment("versions")
with mlflow.start_run():
    info = mlflow.sklearn.log_model(
        model,
        name="model",
        registered_model_name=name,
        signature=infer_signature(features, model.predict(features)),
        input_example=features.head(1),
        # Named, because MLflow would otherwise load the model once more to find them out.
        pip_requirements=["scikit-learn", "skops"],
    )
folder = mlflow.artifacts.download_artifacts(f"models:/{name}/{info.registered_model_version}")
loaded = mlflow.pyfunc.load_model(folder)
print(
    json.dumps(
        {
            "version": str(info.registered_model_version),
            "digest": digest_of_folder(Path(folder)),
            "predictions": loaded.predict(rows.drop(columns="label")).tolist(),
        }
    )
)
