"""Checks the training data against rules in a YAML file, by pandera.

The file is a schema as pandera writes it (``DataFrameSchema.to_yaml``); docs/data-rules.md shows one::

    columns:
      tenure:
        dtype: int64
        in_range: {min_value: 0, max_value: 100}
      region:
        dtype: str
        isin: [east, west]
        nullable: true
        missing_at_most: 0.05
    unique: [customer]

``missing_at_most`` is a check of ours: the share of missing values up to which missing ones are valid. pandera
reads past what it doesn't know; here an unknown word is an error, so that a typo is never a rule left out. So is
every option that would make a broken rule pass.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path
from typing import Any

import yaml

from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.fetch import one_line

#: What the whole schema may say, and each column of it beside its checks.
_SCHEMA_WORDS = {
    *("schema_type", "version", "api", "name", "title", "description"),
    *("columns", "coerce", "strict", "ordered", "unique", "unique_column_names"),
}
_COLUMN_WORDS = {
    *("dtype", "nullable", "unique", "coerce", "required", "regex", "title", "description"),
}
#: pandera's checks on a column, and ours.
_CHECKS = {
    *("equal_to", "not_equal_to", "greater_than", "greater_than_or_equal_to", "less_than"),
    *("less_than_or_equal_to", "in_range", "isin", "notin", "str_matches", "str_contains"),
    *("str_startswith", "str_endswith", "str_length", "unique_values_eq", "missing_at_most"),
}
#: Longest name of a check in evidence; one with many allowed values is longer.
MAX_CHECK = 200
#: Options of pandera's that take broken rules out of the answer, or turn checks off for missing values.
_CHECK_OPTIONS = {
    *("ignore_na", "raise_warning", "n_failure_cases", "groupby", "groups", "error", "name"),
    *("check_name", "options"),
}


def measure_quality(
    settings: dict[str, Any], project_dir: Path, training: TableFile
) -> dict[str, Any]:
    """The training data against ``settings["rules"]``, a file from ``project_dir``, as evidence's ``dataQuality``.

    A row is valid when no rule is broken in it. A rule that is broken by the table as a whole (a missing column, a
    wrong type) leaves no row valid. Raises UserError when the rules can't be read.
    """
    shown = settings["rules"]
    content = _read(project_dir / shown, shown)
    schema = _schema(content, shown)
    rows = len(training.frame)
    failures, invalid = _validate(schema, training.frame.reset_index(drop=True), shown)
    return {
        "rules": shown,
        "rulesDigest": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "data": training.facts_of(rows),
        "validShare": (rows - invalid) / rows if rows else 0.0,
        "failures": failures,
    }


def _validate(schema: Any, frame: Any, shown: str) -> tuple[list[dict[str, Any]], int]:
    """Each broken rule with its number of rows, most rows first; and the number of rows with a broken rule."""
    pandera = _pandera()
    try:
        schema.validate(frame, lazy=True)
        return [], 0
    except pandera.errors.SchemaErrors as errors:
        cases = errors.failure_cases
    except Exception as error:
        raise UserError(
            f"the rules {shown} can't be applied to the training data: {one_line(error)}; mend the rules."
        ) from error
    everything = range(len(frame))
    broken: dict[tuple[str, str], set[int]] = {}
    invalid: set[int] = set()
    kinds = ["schema_context", "column", "check"]
    for (context, column, check), group in cases.groupby(kinds, dropna=False, sort=False):
        where = everything if group["index"].isna().any() else group["index"].astype(int)
        invalid.update(where)
        for name in _columns(context, column, group["failure_case"]):
            broken.setdefault((name, _check_name(schema, str(check))), set()).update(where)
    failures = [
        {"column": column or None, "check": check, "rows": len(where)}
        for (column, check), where in broken.items()
    ]
    failures.sort(key=lambda one: (-one["rows"], one["column"] or "", one["check"]))
    return failures, len(invalid)


def _columns(context: str, column: Any, values: Any) -> list[str]:
    """Names of the columns that a failure is about; an empty one for the whole table."""
    if not _is_missing(column):
        return ["" if context == "DataFrameSchema" else str(column)]
    # A column that is missing, or that a strict schema doesn't know, is told as the failing value.
    return [value if isinstance(value, str) else "" for value in values]


def _check_name(schema: Any, check: str) -> str:
    if check == "multiple_fields_uniqueness":
        return f"unique({', '.join(schema.unique)})"
    return check if len(check) <= MAX_CHECK else f"{check[: MAX_CHECK - 1]}…"


def _is_missing(value: Any) -> bool:
    return value is None or value != value


def _read(path: Path, shown: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(
            f"the rules {shown} (tollgate:gates.data-quality.rules) can't be read: {error.strerror}; "
            "give a YAML file of rules, as docs/data-rules.md shows."
        ) from error


def _schema(content: bytes, shown: str) -> Any:
    """The schema in a file. Raises UserError that names what is wrong in it."""
    try:
        described = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise UserError(
            f"the rules {shown} are no YAML: {one_line(error)}; mend the file."
        ) from error
    _check_words(described, shown)
    pandera = _pandera()
    try:
        schema = pandera.DataFrameSchema.from_yaml(yaml.safe_dump(described))
    except Exception as error:
        raise UserError(
            f"the rules {shown} can't be used: {one_line(error)}; docs/data-rules.md shows what is allowed."
        ) from error
    for column in schema.columns.values():
        for check in column.checks:
            if check.name == "missing_at_most":
                # pandera shows a check no missing values unless told so.
                check.ignore_na = False
    return schema


def _check_words(described: Any, shown: str) -> None:
    columns = described.get("columns") if isinstance(described, dict) else None
    if not isinstance(columns, dict) or not columns:
        raise UserError(
            f"the rules {shown} name no columns; give at least one, as docs/data-rules.md shows."
        )
    _refuse_unknown(described, _SCHEMA_WORDS, f"the rules {shown} have")
    for name, rules in columns.items():
        if not isinstance(rules, dict):
            raise UserError(f"the column {name} in {shown} has no rules; give at least a dtype.")
        where = f"the column {name} in {shown} has"
        _refuse_unknown(rules, _COLUMN_WORDS | _CHECKS, where)
        for check in _CHECKS & set(rules):
            options = rules[check]
            hidden = sorted(_CHECK_OPTIONS & set(options)) if isinstance(options, dict) else []
            if hidden:
                raise UserError(
                    f"the check {check} of the column {name} in {shown} has the option {hidden[0]}, "
                    "which could hide broken rules; remove it."
                )
    together = described.get("unique") or []
    names = [together] if isinstance(together, str) else together
    for name in names:
        # pandera passes when such a column isn't there at all.
        if name not in columns or columns[name].get("required") is False:
            raise UserError(
                f"{shown} wants {name} unique, but has no required column of that name; add it to columns."
            )


def _refuse_unknown(given: dict[Any, Any], known: set[str], where: str) -> None:
    # pandera writes what isn't used as null, false or, for its report of duplicates, "all".
    unknown = sorted(
        str(word)
        for word, value in given.items()
        if word not in known and value not in (None, False, "all")
    )
    if unknown:
        raise UserError(
            f"{where} the unknown rule {unknown[0]}; allowed are {', '.join(sorted(known))}."
        )


@functools.cache
def _pandera() -> Any:
    """pandera with our check, which registers once for the whole process."""
    import pandera.pandas as pandera
    from pandera import extensions

    @extensions.register_check_method(statistics=["share"])
    def missing_at_most(series: Any, *, share: float) -> Any:
        missing = series.isna()
        return ~missing | (missing.mean() <= share)

    return pandera
