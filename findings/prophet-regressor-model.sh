#!/bin/bash
# Prophet's new forecasts of regressors are left out when a model is saved: the saved one forecasts otherwise.
#
# Package: Prophet 1.5.0 (October 2026), with pandas 3.1.1 and numpy 2.4.6.
# Input: daily sales with a price, add_regressor("price", regressor_predictor={...}), which that release added: the price
#   of coming days is forecast by a model of its own, instead of taken from the rows that ask. Saved and loaded by
#   Prophet's own model_to_json and model_from_json, as MLflow's Prophet flavor does.
# Seen: the JSON keeps that there is such a model, and null for the model. The loaded one takes the price of the rows
#   instead, in silence: the same days and prices get other sales than before saving. Rows without a price, which the
#   model in memory answers, are refused by the loaded one. pickle keeps the forecasts.
# Expected: the regressor's model is saved like the rest, or saving such a model is refused.
# Known: not found in its threads.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check prophet==1.5.0 pandas==3.1.1 numpy==2.4.6

cat >program.py <<'EOF'
import json
import logging
import pickle

import numpy
import pandas
from prophet import Prophet
from prophet.serialize import model_from_json, model_to_json

for name in ("cmdstanpy", "prophet"):
    logging.getLogger(name).setLevel(logging.ERROR)
# Without intervals, which are drawn at random.
plain = {"uncertainty_samples": 0, "daily_seasonality": False, "yearly_seasonality": False}

days = pandas.DataFrame({"ds": pandas.date_range("2026-01-01", periods=210, freq="D")})
number = numpy.arange(len(days))
days["price"] = 10 + 2 * numpy.sin(number * 2 * numpy.pi / 7) + numpy.random.default_rng(0).normal(size=len(days)) / 10
days["y"] = 500 - 30 * days.price
known, coming = days[:200], days[200:].drop(columns="y").reset_index(drop=True)
# A plan of prices that the forecast doesn't share.
coming["price"] = 20.0

model = Prophet(weekly_seasonality=False, **plain)
model.add_regressor("price", regressor_predictor=plain)
model.fit(known)
saved = model_to_json(model)
loaded = model_from_json(saved)
kept = json.loads(saved)["extra_regressors"][1]["price"]
print("in the JSON: predictor_spec", kept["predictor_spec"], "predictor", kept["predictor"])
assert kept["predictor_spec"] == plain and kept["predictor"] is None

before, after, by_pickle = (
    each.predict(coming)["yhat"].to_numpy() for each in (model, loaded, pickle.loads(pickle.dumps(model)))
)
print("sales before saving:", before[:4].round(1))
print("sales after loading:", after[:4].round(1))
assert numpy.abs(before - (500 - 30 * days.price[200:])).max() < 30, before
assert (before - after > 150).all(), (before, after)
assert numpy.allclose(before, by_pickle)

print("without a price, before saving:", model.predict(coming[["ds"]])["yhat"].to_numpy()[:4].round(1))
try:
    loaded.predict(coming[["ds"]])
    raise SystemExit("The loaded model answers rows without a price now.")
except ValueError as error:
    print("without a price, after loading:", error)
print("As described: the loaded model is another one.")
EOF
venv/bin/python program.py
