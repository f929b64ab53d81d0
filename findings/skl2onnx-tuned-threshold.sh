#!/bin/bash
# A tuned threshold is gone in ONNX: the same chances, another class, and no word about it.
#
# Packages: skl2onnx 1.20.0 with scikit-learn 1.9.1, onnx 1.23.2 and onnxruntime 1.32.0.
# Input: a TunedThresholdClassifierCV around a LogisticRegression, tuned for balanced accuracy on a rare class; then a
#   SimpleImputer(add_indicator=True) and an OrdinalEncoder(encoded_missing_value=-2), each by itself.
# Seen: the classifier's ONNX answers what the model inside would answer at 0.5. Its chances agree to seven digits, so a
#   comparison of chances passes, and most of what the tuning found of the rare class is lost. FixedThresholdClassifier is
#   refused in a sentence. The imputer's columns that say what was missing aren't there, and a missing number is encoded
#   as an unknown one.
# Expected: the same answers, or a refusal as for the fixed threshold.
# Known: the classifier was asked for and added (onnx/sklearn-onnx#1100, #1107, #1225), its threshold isn't spoken of; the
#   encoder was mended for texts (#1132); of the imputer nothing was found.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
  skl2onnx==1.20.0 scikit-learn==1.9.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6 scipy==1.17.1

cat >program.py <<'EOF'
import numpy
from onnxruntime import InferenceSession
from skl2onnx import to_onnx
from skl2onnx.common.exceptions import MissingShapeCalculator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import recall_score
from sklearn.model_selection import FixedThresholdClassifier, TunedThresholdClassifierCV
from sklearn.preprocessing import OrdinalEncoder


def answers(model, rows):
    options = {"zipmap": False} if hasattr(model, "predict_proba") else None
    file = to_onnx(model, rows[:1], options=options).SerializeToString()
    return InferenceSession(file, providers=["CPUExecutionProvider"]).run(None, {"X": rows})


random = numpy.random.default_rng(0)
rows = random.normal(size=(1000, 3)).astype("float32")
label = (rows[:, 0] + random.normal(size=1000) > 2).astype("int64")

tuned = TunedThresholdClassifierCV(LogisticRegression(), scoring="balanced_accuracy", cv=3)
tuned.fit(rows, label)
classes, chances = answers(tuned, rows)
print(
    "threshold %.3f, largest difference of chances %.0e, rows with another class %d of %d, recall %.2f -> %.2f"
    % (
        tuned.best_threshold_,
        numpy.abs(chances - tuned.predict_proba(rows)).max(),
        (classes != tuned.predict(rows)).sum(),
        len(rows),
        recall_score(label, tuned.predict(rows)),
        recall_score(label, classes),
    )
)
assert tuned.best_threshold_ < 0.3, tuned.best_threshold_
assert numpy.abs(chances - tuned.predict_proba(rows)).max() < 1e-5
assert (classes == tuned.estimator_.predict(rows)).all()
assert recall_score(label, tuned.predict(rows)) - recall_score(label, classes) > 0.3

fixed = FixedThresholdClassifier(LogisticRegression(), threshold=0.1).fit(rows, label)
try:
    answers(fixed, rows)
    raise SystemExit("FixedThresholdClassifier is converted now.")
except MissingShapeCalculator as error:
    print("a fixed threshold is refused:", str(error).splitlines()[0][:60] + "...")

holes = rows.copy()
holes[::3, 1] = numpy.nan
imputer = SimpleImputer(add_indicator=True).fit(holes)
shapes = imputer.transform(holes).shape, answers(imputer, holes)[0].shape
print("columns of the imputer:", shapes[0][1], "->", shapes[1][1])
assert shapes == ((1000, 4), (1000, 3)), shapes

plans = numpy.array([[1.0], [2.0], [numpy.nan], [1.0]], dtype="float32")
encoder = OrdinalEncoder(
    handle_unknown="use_encoded_value", unknown_value=-1, encoded_missing_value=-2
).fit(plans)
codes = encoder.transform(plans).ravel().tolist(), answers(encoder, plans)[0].ravel().tolist()
print("codes:", codes[0], "->", codes[1])
assert codes == ([0, 1, -2, 0], [0, 1, -1, 0]), codes
print("As described: three conversions succeed and answer otherwise.")
EOF
venv/bin/python program.py
