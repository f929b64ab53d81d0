#!/bin/bash
# skops gives a classifier's weight of False to True, in a file in which it finds nothing to distrust.
#
# Packages: skops 0.16.0 (September 2026) and scikit-learn 1.9.1.
# Input: a LogisticRegression with class_weight={True: 9, False: 1} and labels that are booleans; and an estimator of
#   one's own that keeps its last targets in a deque, as collections.deque(maxlen=3).
# Seen: the weights come back as {True: 1.0}: both keys are written as JSON's "true" and "false" and read by bool(text),
#   which is True for any text, so the last one wins. What was learned still answers the same, so no comparison of
#   answers shows it; trained again, as retraining does, the model is another one. The deque comes back empty and without
#   its bound, though its type was named to be trusted. Neither says a word. pickle keeps both.
# Expected: the same weights and the same deque, or an error when the file is written.
# Known: that keys pass through JSON with their types beside them is skops' design; neither loss was found in its threads.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  skops==0.16.0 scikit-learn==1.9.1 numpy==2.4.6 scipy==1.17.1

cat >program.py <<'EOF'
import pickle
from collections import deque

import numpy
import skops.io
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score


class LastTargets(RegressorMixin, BaseEstimator):
    """Answers the mean of the last three targets it has seen."""

    def fit(self, rows, targets):
        self.last_ = deque(targets, maxlen=3)
        return self

    def predict(self, rows):
        return numpy.full(len(rows), sum(self.last_) / max(len(self.last_), 1))


def through_skops(model):
    file = skops.io.dumps(model)
    doubtful = skops.io.get_untrusted_types(data=file)
    return skops.io.loads(file, trusted=doubtful), doubtful


random = numpy.random.default_rng(0)
rows = random.normal(size=(2000, 3))
label = rows[:, 0] + random.normal(size=2000) > 2

model = LogisticRegression(class_weight={True: 9.0, False: 1.0}).fit(rows, label)
loaded, doubtful = through_skops(model)
print("weights      ", model.class_weight, "->", loaded.class_weight, "types to distrust:", doubtful)
assert doubtful == [], doubtful
assert loaded.class_weight == {True: 1.0}, loaded.class_weight
assert pickle.loads(pickle.dumps(model)).class_weight == model.class_weight
assert (loaded.predict(rows) == model.predict(rows)).all()

recalls = [recall_score(label, clone(each).fit(rows, label).predict(rows)) for each in (model, loaded)]
print("trained again: recall %.2f -> %.2f" % tuple(recalls))
assert recalls[0] - recalls[1] > 0.2, recalls

for weights, comes_back in (({False: 5.0}, {True: 5.0}), ({numpy.True_: 2.0, numpy.False_: 3.0}, {True: 3.0})):
    found = through_skops(LogisticRegression(class_weight=weights))[0].class_weight
    print("weights      ", weights, "->", found)
    assert found == comes_back, found

mean = LastTargets().fit(rows, [1.0, 2.0, 4.0, 6.0])
loaded, doubtful = through_skops(mean)
print("kept targets ", mean.last_, "->", loaded.last_, "named to be trusted:", doubtful)
assert "collections.deque" in doubtful, doubtful
assert list(loaded.last_) == [] and loaded.last_.maxlen is None, loaded.last_
print("answers      ", mean.predict(rows[:1])[0], "->", loaded.predict(rows[:1])[0])
assert pickle.loads(pickle.dumps(mean)).last_ == mean.last_
print("As described: weights and kept values are lost without a word.")
EOF
venv/bin/python program.py
