"""Rows and the answers that the evidence is about, kept beside it; and whether an answer depends on other rows.

A release draws from them and wants the same answers of the new scorers, one by one, in small and in large batches. So a
model that answers otherwise where it serves is found, whatever it went by.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy

from tollgate_serving.answers import NonFinitePrediction, plain_predictions
from tollgate_serving.evaluation_rows import rows_at
from tollgate_serving.fetch import Pinned
from tollgate_serving.predictor import Predictor
from tollgate_serving.probe import Refused
from tollgate_serving.progress import still
from tollgate_serving.randomness import generator
from tollgate_serving.same_answer import SameAnswer

#: Rows that are kept at most: 299 drawn from them find, with 95 %, a version that answers 1 % of rows otherwise.
ROWS = 1000
#: Rows of them that are asked alone.
ALONE = 200
#: Rows of one request in random company: as many as some callers send at once.
COMPANY = 50
#: Longest rows and answers of a document together, in bytes.
MAX_BYTES = 4_000_000
#: Longest row with its answer, where one alone has more: a release reads 32 MiB (``registry/kept-answers.ts``).
MAX_BYTES_OF_ONE = 30_000_000
#: Lists and objects inside each other in a row or an answer: a release reads 16, and the document has two of them.
LEVELS = 14
#: What a release takes as an escape alone, because nobody sees it in a text. Those below U+0020 JSON always escapes.
UNSEEN = re.compile("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

#: Half of a character, which UTF-8 can't write.
HALF = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class KeptAnswers:
    """``document`` is None when the scorer couldn't be asked in JSON; ``problem`` says why, as a clause."""

    document: bytes | None
    rows: int
    #: As evidence says it: how many rows got another answer alone, and in other company, than in the evaluation.
    independence: dict[str, Any] | None
    problem: str | None

    def facts(self) -> dict[str, Any]:
        """The fields of evidence that tell of them; none when there are none."""
        if self.document is None:
            return {}
        digest = f"sha256:{hashlib.sha256(self.document).hexdigest()}"
        return {
            "answers": {"digest": digest, "rows": self.rows},
            "independence": self.independence,
        }


def keep_answers(
    model: Predictor, features: Any, answers: Any, data_digest: str, seed: int
) -> KeptAnswers:
    """Draws rows, asks for them as callers do, alone and in random company, and compares with ``answers``.

    The draw depends on the version's digest: nobody knows the rows before the version's bytes are what they are.
    """
    draw = generator(seed, f"rows to keep of {model.pinned.digest}")
    count = min(ROWS, len(answers))
    chosen = draw.choice(len(answers), count, replace=False)
    try:
        told = plain_predictions(rows_at(answers, chosen))
    except NonFinitePrediction:
        return KeptAnswers(None, 0, None, "the model gives predictions that aren't finite")
    rows, wanted = _readable(_rows(model, features, chosen), told)
    if not rows:
        return KeptAnswers(
            None,
            0,
            None,
            f"no row and its answer can be written as JSON of at most {LEVELS} lists or objects inside each other and "
            "without halves of characters",
        )
    try:
        company = _in_company(model, rows, draw)
        # A model that is served without batching answers as it does alone.
        asked_alone = rows[:ALONE] if model.batching else rows
        alone = [_one(model, row, place) for place, row in enumerate(asked_alone)]
    except Refused as error:
        return KeptAnswers(None, 0, None, str(error))
    independence = {
        "rows": len(rows),
        "company": _differing(company, wanted),
        "aloneRows": len(alone),
        "alone": _differing(alone, wanted),
        "batching": model.batching,
    }
    kept = within_bounds(zip(rows, company if model.batching else alone))
    if not kept:
        size = f"more than {MAX_BYTES_OF_ONE / 1e6:g} MB"
        return KeptAnswers(None, 0, None, f"one row and its answer are {size} as JSON")
    document = written(model.pinned, data_digest, _names(model, features), kept)
    return KeptAnswers(document, len(kept), independence, None)


def _differing(answers: list[Any], wanted: list[Any]) -> int:
    same = SameAnswer(wanted)
    return sum(not same(want, answer) for answer, want in zip(answers, wanted))


def _rows(model: Predictor, features: Any, chosen: numpy.ndarray) -> list[Any]:
    """As a caller sends them."""
    return model.json_rows(rows_at(features, chosen), len(chosen))


def _readable(rows: list[Any], answers: list[Any]) -> tuple[list[Any], list[Any]]:
    kept = [
        (row, answer)
        for row, answer in zip(rows, answers)
        if can_be_kept(row) and can_be_kept(answer)
    ]
    return [row for row, _ in kept], [answer for _, answer in kept]


def can_be_kept(value: Any, levels: int = LEVELS) -> bool:
    """Can a release read this row or answer? What JSON has no word for, and halves of characters, nobody can send."""
    if isinstance(value, (list, dict)):
        parts = value if isinstance(value, list) else [*value, *value.values()]
        # A field of this name is refused wherever TypeScript reads JSON strictly.
        return (
            levels > 0
            and not (isinstance(value, dict) and "__proto__" in value)
            and all(can_be_kept(part, levels - 1) for part in parts)
        )
    if isinstance(value, str):
        return not HALF.search(value)
    return not isinstance(value, float) or math.isfinite(value)


def _names(model: Predictor, features: Any) -> list[str] | None:
    """The columns' names where lists of values are sent and the signature has names: a caller may send them."""
    named = (
        model.signature is not None and model.signature.kind == "columns" and model.signature.named
    )
    return [str(name) for name in features.columns] if named else None


def _in_company(model: Predictor, rows: list[Any], draw: numpy.random.Generator) -> list[Any]:
    """Each row's answer in a request with others, drawn at random."""
    answers: list[Any] = [None] * len(rows)
    order = draw.permutation(len(rows))
    for start in range(0, len(rows), COMPANY):
        places = order[start : start + COMPANY].tolist()
        for place, answer in zip(places, model.scorer.ask_rows([rows[place] for place in places])):
            answers[place] = answer
    return answers


def _one(model: Predictor, row: Any, place: int) -> Any:
    still(f"asking for rows alone: {place} of {ALONE}")
    return model.scorer.ask_rows([row])[0]


def within_bounds(pairs: Iterable[tuple[Any, Any]]) -> list[tuple[str, str]]:
    """Rows and their answers as JSON: as many as the document may hold, one at least unless that alone is too long."""
    size = 0
    kept: list[tuple[str, str]] = []
    for row, answer in pairs:
        texts = to_json(row), to_json(answer)
        size += sum(len(text.encode()) + 1 for text in texts)
        if size > (MAX_BYTES if kept else MAX_BYTES_OF_ONE):
            break
        kept.append(texts)
    return kept


def written(
    pinned: Pinned, data: str, columns: list[str] | None, kept: list[tuple[str, str]]
) -> bytes:
    """The document of rows and answers that are JSON already: not a digit of theirs changes any more."""
    head = {
        "schema": "tollgate.answers/1",
        "model": {"name": pinned.model, "version": pinned.version, "digest": pinned.digest},
        "data": data,
        "columns": columns,
    }
    rows, answers = (",".join(texts) for texts in zip(*kept))
    return f'{to_json(head)[:-1]},"rows":[{rows}],"answers":[{answers}]}}'.encode()


def to_json(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
