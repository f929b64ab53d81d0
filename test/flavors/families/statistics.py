"""Models of statistics and forecasts: statsmodels and Prophet."""

from __future__ import annotations

import logging
import sys
import tempfile
from pathlib import Path
from typing import Any

import cloudpickle
import mlflow.prophet
import mlflow.pyfunc
import mlflow.statsmodels
import numpy
import pandas
import statsmodels.api
from flavor import ROWS, Flavor, pinned
from mlflow.models import infer_signature
from prophet import Prophet
from prophet.serialize import model_to_json
from rows import numbers
from statsmodels.tsa.arima.model import ARIMA


def flavors() -> list[Flavor]:
    for name in ("cmdstanpy", "prophet"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return [_regression(), _arima(), _prophet(), _prophet_in_order()]


def _regression() -> Flavor:
    table, _ = numbers()
    wanted = table.a * 2 - table.b + numpy.random.default_rng(3).normal(size=ROWS) / 4

    def log(**given: Any) -> Any:
        model = statsmodels.api.OLS(wanted, table).fit()
        return mlflow.statsmodels.log_model(
            model,
            signature=infer_signature(table, model.predict(table)),
            pip_requirements=pinned("statsmodels"),
            **given,
        )

    return Flavor(
        "statsmodels, OLS",
        "mlflow.statsmodels, a pickle",
        log,
        table,
        wanted,
        task="regression",
        reviewed=True,
    )


def _days() -> tuple[pandas.DataFrame, pandas.Series]:
    days = pandas.date_range("2025-01-01", periods=ROWS, freq="D")
    random = numpy.random.default_rng(4).normal(size=ROWS)
    sold = (
        50 + numpy.arange(ROWS) / 5 + 8 * numpy.sin(numpy.arange(ROWS) * 2 * numpy.pi / 7) + random
    )
    return pandas.DataFrame({"ds": days}), pandas.Series(sold)


def _arima() -> Flavor:
    days, sold = _days()
    asked = pandas.DataFrame({"start": days.ds, "end": days.ds})

    def log(**given: Any) -> Any:
        series = pandas.Series(sold.to_numpy(), index=pandas.DatetimeIndex(days.ds, freq="D"))
        model = ARIMA(series, order=(7, 0, 0)).fit()
        return mlflow.statsmodels.log_model(
            model,
            signature=infer_signature(asked, sold.to_numpy()),
            pip_requirements=pinned("statsmodels"),
            **given,
        )

    return Flavor(
        "statsmodels, ARIMA",
        "mlflow.statsmodels, which forecasts from a start to an end: one row in a call",
        log,
        asked,
        sold,
        task="regression",
        reviewed=True,
        refused="fails on the evaluation data: The input or its params don't fit",
    )


class InOrder(mlflow.pyfunc.PythonModel):
    """Forecasts a day for each row, in the rows' own order, which Prophet itself sorts by time."""

    def load_context(self, context: Any) -> None:
        from prophet.serialize import model_from_json

        self.model = model_from_json(Path(context.artifacts["model"]).read_text())

    def predict(self, context, model_input, params=None):
        forecast = self.model.predict(model_input).drop_duplicates("ds").set_index("ds")
        return forecast.loc[model_input["ds"], "yhat"].to_numpy()


def _fitted() -> Prophet:
    days, sold = _days()
    # Without intervals, which are drawn at random.
    return Prophet(uncertainty_samples=0, daily_seasonality=False).fit(days.assign(y=sold))


def _prophet() -> Flavor:
    days, sold = _days()

    def log(**given: Any) -> Any:
        model = _fitted()
        return mlflow.prophet.log_model(
            model,
            signature=infer_signature(days, model.predict(days)),
            pip_requirements=pinned("prophet"),
            **given,
        )

    return Flavor(
        "Prophet",
        "mlflow.prophet, which answers in the order of time whatever the rows' order is",
        log,
        days,
        sold,
        task="regression",
        evaluation={"answer": {"column": "yhat"}},
        reviewed=True,
        refused="another answer in other company",
    )


def _prophet_in_order() -> Flavor:
    days, sold = _days()
    cloudpickle.register_pickle_by_value(sys.modules[__name__])

    def log(**given: Any) -> Any:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "prophet.json"
            file.write_text(model_to_json(_fitted()))
            return mlflow.pyfunc.log_model(
                python_model=InOrder(),
                artifacts={"model": str(file)},
                signature=infer_signature(days, sold.to_numpy()),
                pip_requirements=pinned("prophet"),
                **given,
            )

    return Flavor(
        "Prophet, in the rows' order",
        "mlflow.pyfunc, a class that puts Prophet's forecasts into the rows' order",
        log,
        days,
        sold,
        task="regression",
        reviewed=True,
    )
