"""How far the distribution of columns has moved between two sets of data.

Two questions are asked of every column. How large is the shift: the population stability index (PSI), where
0.1 is usually read as small and 0.2 to 0.25 as large (Siddiqi, Credit Risk Scorecards, 2006). Can it be
chance: Kolmogorov-Smirnov for numbers, chi-square for categories, both from scipy. With many columns some
look unusual by chance alone, so p-values are adjusted together (Benjamini and Hochberg, 1995).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy

from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.parts import without_parts
from tollgate_serving.progress import still
from tollgate_serving.randomness import generator
from tollgate_serving.same_rows import is_index
from tollgate_serving.support import DistinctRows

#: Quantile bins of the reference that PSI is summed over.
BINS = 10
#: Share an empty bin is taken to have, because PSI has a logarithm of shares. Evidently uses the same.
EMPTY_SHARE = 0.0001
#: A number column with at most this many different values holds codes or flags: its values are categories.
CODES = 10
#: Categories expected less often than this on either side are counted together, as chi-square needs
#: (Cochran, 1954).
EXPECTED_ROWS = 5
#: More rows than these on one side are sampled: nothing a gate asks for needs more.
MAX_ROWS = 100_000

#: What the gate's settings name, by what it is compared with.
Comparison = Literal["training-reference", "evaluation-reference", "live-training"]


def measure_data_drift(
    settings: dict[str, Any],
    training: TableFile | None,
    evaluation: TableFile,
    reference: TableFile | None,
    live: TableFile | None,
    labels: Sequence[str],
    seed: int,
) -> list[dict[str, Any]]:
    """The comparisons that ``settings`` of the gate data-drift ask for, as ``dataDriftSchema`` has them.

    ``reference`` is compared with training and evaluation data, ``live`` with the training data. A
    comparison whose data is not at hand is left out, which the gate refuses.

    The labels are compared where both sides have it. Raises UserError naming every other column that only one
    side has. Rows captured by the scorer have the model's own inputs only, so further columns of the
    training data are no fault there.
    """
    wanted: list[tuple[Comparison, TableFile | None, TableFile | None, bool]] = []
    if settings.get("reference") is not None:
        wanted += [
            ("training-reference", training, reference, False),
            ("evaluation-reference", evaluation, reference, False),
        ]
    if settings.get("live") is not None:
        wanted += [("live-training", live, training, settings["live"] == "captured")]
    return [
        _compare(name, data, base, labels, inputs_only, seed)
        for name, data, base, inputs_only in wanted
        if data is not None and base is not None
    ]


def _compare(
    comparison: Comparison,
    data: TableFile,
    reference: TableFile,
    labels: Sequence[str],
    inputs_only: bool,
    seed: int,
) -> dict[str, Any]:
    names = _shared_columns(data, reference, labels, inputs_only)
    left, right = _at_most(data.frame, seed), _at_most(reference.frame, seed)
    columns = []
    for name in names:
        still(f"measuring drift of {data.path}: {len(columns)} of {len(names)} columns")
        columns.append(_column(name, left[name], right[name]))
    adjusted = _adjusted([column["pValue"] for column in columns])
    return {
        "comparison": comparison,
        "data": _facts(data, left, names),
        "reference": _facts(reference, right, names),
        "columns": [
            {**column, "adjustedPValue": value} for column, value in zip(columns, adjusted)
        ],
    }


def _facts(file: TableFile, used: Any, names: Sequence[str]) -> dict[str, Any]:
    # A number that each row has makes no row new.
    own = [name for name in names if not is_index(name)]
    return {**file.facts_of(len(used)), "distinctRows": DistinctRows.of(used, own).count}


def _shared_columns(
    data: TableFile, reference: TableFile, labels: Sequence[str], inputs_only: bool
) -> list[str]:
    _refuse_missing(data, reference, labels)
    if not inputs_only:
        _refuse_missing(reference, data, labels)
    names = sorted(set(map(str, data.frame.columns)) & set(map(str, reference.frame.columns)))
    if not names:
        raise UserError(
            f"{data.path} and {reference.path} share no column; compare tables of the same columns."
        )
    return names


def _refuse_missing(one: TableFile, other: TableFile, labels: Sequence[str]) -> None:
    missing = sorted(set(map(str, one.frame.columns)) - set(map(str, other.frame.columns)))
    missing = [name for name in missing if name not in labels]
    if missing:
        raise UserError(
            f"{other.path} lacks the columns {', '.join(missing)} that {one.path} has; "
            "drift is measured between tables of the same columns (tollgate:gates.data-drift)."
        )


def _at_most(frame: Any, seed: int) -> Any:
    return (
        frame
        if len(frame) <= MAX_ROWS
        else frame.sample(MAX_ROWS, random_state=generator(seed, "drift"))
    )


def _column(name: str, data: Any, reference: Any) -> dict[str, Any]:
    if _is_numeric(reference):
        psi, p_value = numeric_shift(data, reference)
        kind, test = "numeric", "kolmogorov-smirnov"
    else:
        psi, p_value = categorical_shift(data, reference)
        kind, test = "categorical", "chi-square"
    return {"column": name, "kind": kind, "psi": psi, "test": test, "pValue": p_value}


def _is_numeric(reference: Any) -> bool:
    """The side that drift is measured from decides: text where it has numbers counts as missing."""
    return reference.dtype.kind in "iufM" and reference.nunique() > CODES


def numeric_shift(data: Any, reference: Any) -> tuple[float, float]:
    """PSI over ten quantile bins of ``reference``, and the two-sided p-value of Kolmogorov-Smirnov.

    Missing values are a bin of their own, and count as smaller than every number in the test.
    """
    from scipy.stats import ks_2samp

    left, right = _numbers(data), _numbers(reference)
    psi = _psi(*_bin_counts(left, right))
    # The exact method takes minutes for thousands of rows and gives the same for more than a few dozen.
    test = ks_2samp(_missing_first(left), _missing_first(right), method="asymp")
    return psi, _share(test.pvalue)


def categorical_shift(data: Any, reference: Any) -> tuple[float, float]:
    """PSI over the categories, and the p-value of chi-square on their counts.

    Missing values are a category. Categories that are too rare on either side to be judged alone are one.
    """
    from scipy.stats import chi2_contingency

    counts = _category_counts(data, reference)
    if counts.shape[1] < 2:
        return 0.0, 1.0
    return _psi(counts[0], counts[1]), _share(chi2_contingency(counts, correction=False).pvalue)


def _bin_counts(
    data: numpy.ndarray, reference: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    known = reference[~numpy.isnan(reference)]
    # Values of the data itself, so that a value that fills several bins gives one edge and not a rounding.
    shares = numpy.arange(1, BINS) / BINS
    edges = (
        numpy.unique(numpy.quantile(known, shares, method="inverted_cdf"))
        if len(known)
        else numpy.array([])
    )
    return _counts(data, edges), _counts(reference, edges)


def _counts(values: numpy.ndarray, edges: numpy.ndarray) -> numpy.ndarray:
    """Rows in each bin, up to and with its edge; the last entry is those without a value."""
    missing = numpy.isnan(values)
    found = numpy.bincount(
        numpy.searchsorted(edges, values[~missing], side="left"), minlength=len(edges) + 1
    )
    return numpy.append(found, missing.sum())


def _category_counts(data: Any, reference: Any) -> numpy.ndarray:
    """Two rows of counts, ``data`` first; the rare ones together in the last column, if any."""
    left, right = _categories(data).value_counts(), _categories(reference).value_counts()
    names = left.index.union(right.index, sort=False)
    counts = numpy.array(
        [left.reindex(names, fill_value=0), right.reindex(names, fill_value=0)], dtype="int64"
    )
    share = counts.sum(axis=0) / counts.sum()
    rare = share * counts.sum(axis=1).min() < EXPECTED_ROWS
    common, pooled = counts[:, ~rare], counts[:, rare].sum(axis=1)
    if common.size and share[rare].sum() * counts.sum(axis=1).min() < EXPECTED_ROWS:
        # Too rare even together.
        common[:, common.sum(axis=0).argmin()] += pooled
        return common
    return numpy.column_stack([common, pooled])


def _psi(data: numpy.ndarray, reference: numpy.ndarray) -> float:
    used = (data + reference) > 0
    left = numpy.maximum(data[used] / data.sum(), EMPTY_SHARE)
    right = numpy.maximum(reference[used] / reference.sum(), EMPTY_SHARE)
    return max(0.0, float(numpy.sum((left - right) * numpy.log(left / right))))


def _adjusted(p_values: Sequence[float]) -> list[float]:
    from scipy.stats import false_discovery_control

    return [_share(value) for value in false_discovery_control(p_values, method="bh")]


def _numbers(values: Any) -> numpy.ndarray:
    """Missing ones are NaN; times are seconds."""
    import pandas

    series = pandas.Series(values)
    if series.dtype.kind == "M":
        since = pandas.to_datetime(series, utc=True) - pandas.Timestamp(0, tz="UTC")
        return since.dt.total_seconds().to_numpy("float64")
    return pandas.to_numeric(series, errors="coerce").to_numpy(dtype="float64", na_value=numpy.nan)


def _missing_first(values: numpy.ndarray) -> numpy.ndarray:
    return numpy.where(numpy.isnan(values), -numpy.inf, values)


def _categories(values: Any) -> Any:
    """Texts: a number is the same whether a file has it as 1 or as 1.0."""
    import pandas

    series = pandas.Series(values)
    codes, found = pandas.factorize(without_parts(series))
    texts = numpy.array([*map(_text, found), "missing"], dtype=object)
    # A missing value has the code -1, the last text.
    return pandas.Series(texts[codes])


def _text(value: Any) -> str:
    if isinstance(value, (bool, numpy.bool_)):
        return f"is {str(bool(value)).lower()}"
    try:
        return f"is {float(value)!r}"
    except (TypeError, ValueError):
        text = str(value)
        return f"is {text.lower() if text.lower() in ('true', 'false') else text}"


def _share(value: float) -> float:
    return min(1.0, max(0.0, float(value)))
