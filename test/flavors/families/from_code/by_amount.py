"""A model from code: MLflow keeps this file and runs it when it loads the model."""

import json
from pathlib import Path

import mlflow


class ByAmount(mlflow.pyfunc.PythonModel):
    """Says of each row whether its amount, times its plan's weight, is above a limit."""

    def load_context(self, context):
        self.weights = json.loads(Path(context.artifacts["weights"]).read_text())

    def predict(self, context, model_input, params=None):
        weighted = model_input["amount"] * model_input["plan"].map(self.weights)
        return ["leaves" if each > params["limit"] else "stays" for each in weighted]


mlflow.models.set_model(ByAmount())
