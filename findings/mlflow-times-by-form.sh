#!/bin/bash
# MLflow's scoring server hands a model other times by the form of the JSON: refused, moved by hours, or 8,000 years off.
#
# Packages: MLflow 3.18.0 (November 2026) with pandas 3.1.1 and numpy 2.4.6.
# Input: a model with one column of type datetime, asked in the four forms of JSON that the server takes; first for half
#   past midnight in Berlin in summer, then for 9999-12-31, as databases write "no end".
# Seen: dataframe_split and dataframe_records refuse both. instances and inputs take both, and the model gets 22:30 of the
#   day before, with nothing left of the zone, and a day in 1816: numpy parses the text into nanoseconds, where the
#   offset is subtracted and what doesn't fit wraps round. The server answers 200.
# Expected: one row means one thing in every form, or is refused in all of them.
# Known: that columns may have no zone is the refusal's own text (mlflow/mlflow#16459); that the other forms move the time
#   or wrap it wasn't found. numpy's wrap-round by itself is known. What answers here is the function behind the server's
#   route, without a socket.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
# By name and without dependencies: all files of mlflow-skinny and mlflow-tracing are in mlflow too.
venv/bin/pip install --quiet --disable-pip-version-check --no-deps mlflow==3.18.0
venv/bin/pip install --quiet --disable-pip-version-check \
  numpy==2.4.6 pandas==3.1.1 pydantic==2.14.4 pyyaml==6.0.4 packaging==26.4 cachetools==7.3.2 click==8.5.1 \
  cloudpickle==3.1.3 databricks-sdk==0.162.0 fastapi==0.165.0 gitpython==3.2.1 importlib-metadata==9.1.0 \
  opentelemetry-api==1.45.2 opentelemetry-proto==1.45.2 opentelemetry-sdk==1.45.2 protobuf==7.36.2 \
  python-dotenv==1.2.4 requests==2.34.2 sqlparse==0.6.1 typing-extensions==4.16.0

cat >program.py <<'EOF'
import json
import warnings

import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.pyfunc.scoring_server import invocations
from mlflow.types import ColSpec, Schema

warnings.simplefilter("ignore")


class Times(mlflow.pyfunc.PythonModel):
    """Answers the times that it is given, as text."""

    def predict(self, context, model_input, params=None):
        return [str(each) for each in model_input["at"]]


signature = ModelSignature(Schema([ColSpec("datetime", "at")]), Schema([ColSpec("string")]))
mlflow.pyfunc.save_model("model", python_model=Times(), signature=signature, pip_requirements=[])
model = mlflow.pyfunc.load_model("model")


def asked(body):
    """What the server answers: the times that the model got, or None for a refusal."""
    try:
        answer = invocations(json.dumps(body), "application/json", model, signature.inputs)
    except MlflowException:
        return None
    assert answer.status == 200, answer
    return json.loads(answer.response)["predictions"]


found = {}
for time in ("2026-07-01T00:30:00", "2026-07-01T00:30:00+02:00", "9999-12-31T00:00:00"):
    bodies = (
        {"dataframe_split": {"columns": ["at"], "data": [[time]]}},
        {"dataframe_records": [{"at": time}]},
        {"instances": [{"at": time}]},
        {"inputs": {"at": [time]}},
    )
    for body in bodies:
        form = next(iter(body))
        found[time, form] = asked(body)
        print(f"{time:26}{form:18}", "refused" if found[time, form] is None else found[time, form][0])

for form in ("dataframe_split", "dataframe_records", "instances", "inputs"):
    assert found["2026-07-01T00:30:00", form] == ["2026-07-01 00:30:00"], form
for time, got in (("2026-07-01T00:30:00+02:00", "2026-06-30 22:30:00"), ("9999-12-31T00:00:00", "1816-03-29 05:56:08")):
    for form in ("dataframe_split", "dataframe_records"):
        assert found[time, form] is None, found[time, form]
    for form in ("instances", "inputs"):
        assert found[time, form] and found[time, form][0].startswith(got), found[time, form]
print("As described: two forms refuse what two others change.")
EOF
MLFLOW_DISABLE_TELEMETRY=true venv/bin/python program.py
