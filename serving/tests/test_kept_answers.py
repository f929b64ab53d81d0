"""Which rows and answers are kept, and that a release reads and asks the very same: by TypeScript's own reader."""

import json
import subprocess
import sys

import numpy
import orjson
import pandas
import pytest
from measuring_models import ROOT, evidence_of, save_function
from tollgate_serving import kept_answers
from tollgate_serving.fetch import Pinned
from tollgate_serving.kept_answers import can_be_kept, to_json, within_bounds, written

PINNED = Pinned("none", "m", "2", "sha256:" + "a" * 64)
#: Beyond 2^53, where doubles have gaps.
LONG = 2**53 + 1
#: Every character, 2,048 in a row; one of them is the halves of characters.
BLOCKS = [
    "".join(map(chr, range(start, start + 0x800))) for start in range(0, sys.maxunicode, 0x800)
]

RELEASE = """
const { createHash } = require('node:crypto');
const { readKeptAnswers } = require('./registry/kept-answers.ts');
const { KeptRows } = require('./provider/release/kept-rows.ts');
const bytes = require('node:fs').readFileSync(0);
const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
const [name, version, model, rows] = JSON.parse(process.argv[1]);
const kept = readKeptAnswers(bytes, { name, version, digest: model }, { digest, rows });
const asked = [...new KeptRows(kept, 'regression', true).check()];
process.stdout.write(JSON.stringify(asked.map(({ body }) => body)));
"""


def released(document, rows):
    """The rows that a release asks, one by one, as its reader and its requests have them; its error instead."""
    words = json.dumps([PINNED.model, PINNED.version, PINNED.digest, rows])
    done = subprocess.run(
        ["node", "--require", "tsx/cjs", "-e", RELEASE, words],
        cwd=ROOT,
        input=document,
        capture_output=True,
    )
    if done.returncode != 0:
        return done.stderr.decode()
    asked = [orjson.loads(body) for body in json.loads(done.stdout)]
    return [
        row
        for each in asked
        for row in each.get("features")
        or each.get("instances")
        or each.get("dataframe_records")
        or each["dataframe_split"]["data"]
    ]


def document_of(rows, columns=None):
    return written(PINNED, "sha256:" + "b" * 64, columns, [(to_json(row), "1") for row in rows])


def test_a_release_asks_every_character_that_is_kept():
    kept = [[block] for block in BLOCKS if can_be_kept([block])]
    lost = [block for block in BLOCKS if not can_be_kept([block])]
    assert [f"{ord(block[0]):X}" for block in lost] == ["D800"]
    # 299 rows are drawn of those that weren't asked yet, so in three parts each is asked.
    for part in (kept[:250], kept[250:500], kept[500:]):
        asked = released(document_of(part), len(part))
        assert isinstance(asked, list), asked
        assert sorted({row[0] for row in asked}) == sorted(row[0] for row in part)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("\ud83d", "half a character"),
        ({"__proto__": 1}, "__proto__"),
        ([[[[[[[[[[[[[[1]]]]]]]]]]]]]], "nested deeper"),
    ],
)
def test_what_a_release_refuses_is_not_kept(value, said):
    # JSON of Python's own, which has a word for halves of characters too.
    row = json.dumps([value])
    assert not can_be_kept([value])
    found = released(written(PINNED, "sha256:" + "b" * 64, None, [(row, "1")]), 1)
    assert isinstance(found, str) and said in found


def test_rows_are_as_deep_as_a_release_reads():
    deep = [[[[[[[[[[[[[[1]]]]]]]]]]]]]]
    assert can_be_kept(deep)
    assert released(document_of([deep]), 1)[0] == deep


def test_a_release_asks_every_digit_that_was_kept():
    rows = [[LONG, 1.0], [-LONG, 0.1], [2**63 - 1, 1e22], [7, 12345678901234567.0]]
    asked = released(document_of(rows, ["id", "x"]), len(rows))
    wanted = sorted(map(repr, rows))
    # As texts: 1.0 is no 1 for whoever takes them.
    assert sorted({repr(row) for row in asked}) == wanted


def test_the_bound_counts_answers_as_well_as_rows():
    pairs = [([index], [0.123456789] * 2000) for index in range(1000)]
    kept = within_bounds(pairs)
    assert 1 < len(kept) < 1000
    document = written(PINNED, "sha256:" + "b" * 64, None, kept)
    assert kept_answers.MAX_BYTES * 0.98 < len(document) < kept_answers.MAX_BYTES * 1.01


def test_one_row_may_be_longer_and_not_longer_than_a_release_reads():
    long = "é" * (kept_answers.MAX_BYTES_OF_ONE // 2 - 100)
    assert len(within_bounds([([long], 1), ([1], 1)])) == 1
    assert within_bounds([([long], long)]) == []


def texts(count):
    """E-mails, with a reply written from the right."""
    return pandas.DataFrame(
        {
            "mail": [f"Dear {index},\r\n\tsee \u202babc\u202c\n\x0b." for index in range(count)],
            "id": LONG + numpy.arange(count),
        }
    )


def test_texts_of_several_lines_and_directions_are_kept(tmp_path):
    rows = texts(120)

    def answer(table):
        return table["id"] % 2

    saved = save_function(tmp_path / "v", answer, rows, numpy.array([0, 1]))
    evidence = evidence_of(tmp_path, rows.assign(label=rows["id"] % 2), saved)
    assert evidence["smoke"]["passed"], evidence["smoke"]
    assert evidence["answers"]["rows"] == 120


def test_null_beside_what_is_measured_is_kept(tmp_path):
    rows = pandas.DataFrame({"x": numpy.arange(120.0)})

    def answer(table):
        why = pandas.Series(["big" if x > 60 else None for x in table["x"]], dtype="str")
        return pandas.DataFrame({"class": (table["x"] > 60).astype(int).to_numpy(), "why": why})

    saved = save_function(tmp_path / "v", answer, rows)
    labelled = rows.assign(label=(rows["x"] > 60).astype(int))
    evidence = evidence_of(tmp_path, labelled, saved, answer={"column": "class"})
    assert evidence["smoke"]["passed"], evidence["smoke"]
    assert evidence["answers"]["rows"] == 120
