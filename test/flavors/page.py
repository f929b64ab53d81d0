"""The matrix as a page, and as passed and failed checks."""

from __future__ import annotations

import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

from forms import FORMS

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "flavors.md"
#: What of a form may be: its sign in the table.
SIGNS = {
    "alike": "=",
    "only ours": "= ¹",
    "neither": "no ²",
    "refused": "refused",
    "differs": "differs",
}
GOOD = ("alike", "only ours", "neither")
PACKAGES = (
    "mlflow",
    "scikit-learn",
    "skops",
    "cloudpickle",
    "xgboost-cpu",
    "lightgbm",
    "catboost",
    "onnx",
    "onnxruntime",
    "skl2onnx",
    "statsmodels",
    "prophet",
    "keras",
    "jax",
    "numpy",
    "pandas",
)


#: A count in a refusal that depends on the model's bytes, which not every flavor makes alike each time.
COUNTED = re.compile(r"\b\d+(?= of \d+ (rows|alone)\b)")


def cell(told: dict[str, Any]) -> str:
    return SIGNS[told["outcome"]]


def checks_of(row: dict[str, Any]) -> list[tuple[str, bool]]:
    """What was tried of a flavor, and whether it is as it has to be. What couldn't be tried isn't among them."""
    name = row["name"]
    if row["error"]:
        return [(f"{name}: {row['error']}", False)]
    if row["skipped"]:
        return []
    if row["refusal"]:
        return [(f"{name}: refused", True)]
    steps = [(f"{name}: {step}", row[step]) for step in ("logged", "evaluated", "released")]
    forms = [(f"{name}: {form}", told["outcome"] in GOOD) for form, told in row["forms"].items()]
    return steps + forms


def page(rows: list[dict[str, Any]]) -> str:
    served = [row for row in rows if row.get("released")]
    refused = [row for row in rows if row.get("refusal") and not row["error"]]
    failed = [row for row in rows if row["error"]]
    skipped = [row for row in rows if row.get("skipped")]
    forms = [told for row in served for told in row["forms"].values()]
    alike = sum(told["outcome"] == "alike" for told in forms)
    only_ours = sum(told["outcome"] == "only ours" for told in forms)
    neither = sum(told["outcome"] == "neither" for told in forms)
    lines = [
        HEAD,
        f"{len(served)} flavors are served and {len(refused)} refused before release"
        + (f"; {len(failed)} failed" if failed else "")
        + f". Requests: {len(forms)}. Answered alike by the scorer and both of MLflow's ways: {alike}; as MLflow "
        f"answers in process, where its server gives no answer: {only_ours}; refused by both servers: {neither}.",
        "",
        "| flavor | how it is logged | reviewed lines | evaluated, released | /predict | "
        + " | ".join(FORMS)
        + " |",
        "| --- | --- | --- | --- | --- |" + " --- |" * len(FORMS),
        *(_served(row) for row in served),
        "",
        NOTES,
        *_mlflow_refuses(served),
        "",
        "## Refused before release",
        "",
        "| flavor | how it is logged | the sentence |",
        "| --- | --- | --- |",
        *(
            f"| {row['name']} | {row['how']} | {COUNTED.sub('…', row['refusal'])} |"
            for row in refused
        ),
        *(f"| {row['name']} | {row.get('how', '')} | FAILED: {row['error']} |" for row in failed),
        "",
        "## Not run",
        "",
        "| flavor | why |",
        "| --- | --- |",
        *(f"| {row['name']} | {row['skipped']} |" for row in skipped),
        *(f"| {name} | {why} |" for name, why in LEFT_OUT.items()),
        "",
        "## Versions",
        "",
        ", ".join(f"{name} {version(name)}" for name in PACKAGES) + ".",
        "",
    ]
    return "\n".join(lines)


def _served(row: dict[str, Any]) -> str:
    forms = row["forms"]
    told = [forms["predict"], *(forms[form] for form in FORMS)]
    cells = [row["name"], row["how"], str(row["lines"] or ""), "yes", *map(cell, told)]
    for form, each in forms.items():
        plain, _, params = form.partition(" with ")
        if params:
            place = 4 + 1 + FORMS.index(plain)
            cells[place] += f"; params {cell(each)}"
    return f"| {' | '.join(cells)} |"


def _mlflow_refuses(rows: list[dict[str, Any]]) -> list[str]:
    told = [
        f"- {row['name']}, {', '.join(_forms(row, outcome))}: {SIGNS[outcome]}"
        for row in rows
        for outcome in ("only ours", "neither")
        if _forms(row, outcome)
    ]
    return told


def _forms(row: dict[str, Any], outcome: str) -> list[str]:
    return [form for form, told in row["forms"].items() if told["outcome"] == outcome]


HEAD = """# Flavors of MLflow

Made by `npm run test:flavors -- --write`; do not edit. Each model is logged by MLflow's own `log_model`, registered in
a real MLflow, evaluated by `tollgate evaluate`, and checked as a release checks a scorer before traffic, with its kept
answers. Then 20 rows in every form go to the scorer and to MLflow's scoring server, and the answers are compared with
those of `mlflow.pyfunc.load_model(…).predict` in process.
"""
NOTES = """`=`: the scorer, MLflow's server and MLflow in process answer alike.
¹ MLflow's server refuses this form or fails on it; the scorer answers what MLflow answers in process.
² Both servers refuse this form.
*Reviewed lines*: how many lines safe-code's refusal printed that had to be added to `tollgate:gates.safe-code` first.
`…` in a sentence: a count that differs from run to run.
"""
LEFT_OUT = {
    "sentence-transformers": "it needs torch and the weights of a language model; texts are tried with TF-IDF",
    "TensorFlow": "its wheel has hundreds of MB; Keras is tried on JAX",
}
