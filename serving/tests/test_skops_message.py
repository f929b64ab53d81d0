"""What MLflow says where skops wants types named; ``cli/training/training.ts`` reads the list in it."""

import numpy
import pytest
from mlflow.exceptions import MlflowException
from mlflow.sklearn import save_model
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier


@pytest.mark.parametrize(
    ("model", "types"),
    [
        (RandomForestClassifier(2), ["sklearn.tree._tree.Tree"]),
        (
            HistGradientBoostingClassifier(max_iter=2),
            ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"],
        ),
        (
            HistGradientBoostingClassifier(max_iter=2, categorical_features=[0]),
            [
                "functools.partial",
                "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
                "sklearn.utils.validation.check_array",
            ],
        ),
    ],
    ids=["forest", "boosting", "boosting on categories"],
)
def test_the_message_lists_the_types(model, types, tmp_path):
    fitted = model.fit(numpy.arange(40).reshape(20, 2) % 5, numpy.arange(20) % 2)
    with pytest.raises(MlflowException) as failure:
        save_model(fitted, str(tmp_path / "refused"))
    assert f"Untrusted types found in the file: {types}." in str(failure.value)
    save_model(fitted, str(tmp_path / "model"), skops_trusted_types=types)
