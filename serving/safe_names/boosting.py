"""Models of xgboost, lightgbm and catboost, which aren't in the locked environment."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy
import pandas


def boosted_models() -> Iterator[Any]:
    """Each kind of model, unfitted and fitted. Raises ImportError where one of the packages is missing."""
    import catboost
    import lightgbm
    import xgboost

    rows = numpy.random.default_rng(0).normal(size=(60, 4))
    frame = pandas.DataFrame(rows, columns=list("abcd"))
    label, groups = numpy.arange(60) % 2, numpy.full(6, 10)
    for name in ["XGBClassifier", "XGBRegressor", "XGBRFClassifier", "XGBRFRegressor"]:
        made = getattr(xgboost, name)
        yield made(n_estimators=2)
        yield made(n_estimators=2).fit(frame, label)
    for name in ["XGBClassifier", "XGBRegressor"]:
        made = getattr(xgboost, name)(n_estimators=2, early_stopping_rounds=1, eval_metric="rmse")
        yield made.fit(rows, label, eval_set=[(rows, label)], verbose=False)
    yield xgboost.XGBClassifier(n_estimators=2).fit(rows, numpy.arange(60) % 3)
    yield xgboost.XGBRanker(n_estimators=2).fit(rows, label, group=groups)
    yield xgboost.train({}, xgboost.DMatrix(rows, label), 2)
    for name in ["LGBMClassifier", "LGBMRegressor"]:
        made = getattr(lightgbm, name)
        yield made(n_estimators=2)
        yield made(n_estimators=2, verbose=-1).fit(frame, label)
        yield made(n_estimators=2, verbose=-1).fit(rows, label, eval_set=[(rows, label)])
    texts = numpy.array(["no", "yes"])[label]
    yield lightgbm.LGBMClassifier(n_estimators=2, verbose=-1).fit(frame, texts)
    yield lightgbm.LGBMRanker(n_estimators=2, verbose=-1).fit(rows, label, group=groups)
    yield lightgbm.train({"verbose": -1}, lightgbm.Dataset(rows, label), 2)
    for name in ["CatBoost", "CatBoostClassifier", "CatBoostRegressor", "CatBoostRanker"]:
        kind = getattr(catboost, name)
        settings = {"iterations": 2, "verbose": False, "allow_writing_files": False}
        made = kind(settings) if name == "CatBoost" else kind(**settings)
        yield made
        group = {"group_id": numpy.repeat(range(6), 10)} if name == "CatBoostRanker" else {}
        yield made.fit(frame, label, **group)
