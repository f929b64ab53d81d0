import hashlib
import io
from pathlib import Path

import pandas
import pandera.pandas as pandera
import pytest
import yaml
from tollgate_serving.data import TableFile
from tollgate_serving.errors import UserError
from tollgate_serving.quality import measure_quality

ROWS = """customer,tenure,region,fee,since
1,1,west,2.5,2024-01-01
2,200,east,,2024-01-02
2,1,north,9,soon
4,5,,3,2024-02-01
"""
DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "data-rules.md"


def measure(folder: Path, rules: str, frame: pandas.DataFrame | None = None) -> dict:
    (folder / "rules.yaml").write_text(rules)
    if frame is None:
        frame = pandas.read_csv(io.StringIO(ROWS))
    training = TableFile("data/train.csv", "sha256:" + "a" * 64, 1000, frame)
    return measure_quality({"rules": "rules.yaml"}, folder, training)


def column(name: str, **rules: object) -> str:
    return yaml.safe_dump({"columns": {name: rules}})


def failures(found: dict) -> list[tuple]:
    return [(each["column"], each["check"], each["rows"]) for each in found["failures"]]


def test_says_what_was_checked_by_which_rules(tmp_path):
    rules = column("tenure", dtype="int64")
    assert measure(tmp_path, rules) == {
        "rules": "rules.yaml",
        "rulesDigest": f"sha256:{hashlib.sha256(rules.encode()).hexdigest()}",
        "data": {
            "path": "data/train.csv",
            "digest": "sha256:" + "a" * 64,
            "rows": 1000,
            "rowsUsed": 4,
        },
        "validShare": 1.0,
        "failures": [],
    }


@pytest.mark.parametrize(
    ("name", "rules", "share", "broken"),
    [
        ("tenure", {"in_range": {"min_value": 0, "max_value": 100}}, 0.75, "in_range(0, 100)"),
        ("tenure", {"in_range": {"min_value": 1, "max_value": 200}}, 1.0, None),
        ("tenure", {"greater_than": 1}, 0.5, "greater_than(1)"),
        ("tenure", {"unique": True}, 0.5, "field_uniqueness"),
        ("tenure", {"dtype": "float64"}, 0.0, "dtype('float64')"),
        ("tenure", {"dtype": "float64", "coerce": True}, 1.0, None),
        ("region", {}, 0.75, "not_nullable"),
        ("region", {"nullable": True, "isin": ["west", "east"]}, 0.75, "isin(['west', 'east'])"),
        ("region", {"nullable": True, "str_matches": "^[a-z]+$"}, 1.0, None),
        ("region", {"nullable": True, "missing_at_most": 0.25}, 1.0, None),
        ("region", {"nullable": True, "missing_at_most": 0.2}, 0.75, "missing_at_most(share=0.2)"),
        (
            "region",
            {"in_range": {"min_value": 0, "max_value": 1}, "nullable": True},
            0.0,
            "in_range(0, 1)",
        ),
        # A rule that can't be applied to a value is a broken one.
        ("tenure", {"greater_than": "abc"}, 0.0, "greater_than(abc)"),
        ("tenure", {"str_matches": "x"}, 0.0, "str_matches('x')"),
        ("region", {"nullable": True, "missing_at_most": "all"}, 0.0, "missing_at_most(share=all)"),
        ("gone", {}, 0.0, "column_in_dataframe"),
        ("gone", {"required": False}, 1.0, None),
        ("f.*", {"regex": True, "nullable": True, "less_than": 9}, 0.75, "less_than(9)"),
    ],
)
def test_valid_share_counts_rows_without_a_broken_rule(tmp_path, name, rules, share, broken):
    found = measure(tmp_path, column(name, **rules))
    assert found["validShare"] == share
    assert [each["check"] for each in found["failures"]] == ([broken] if broken else [])


def test_row_with_two_broken_rules_counts_once_and_most_rows_come_first(tmp_path):
    rules = """
columns:
  customer: {}
  tenure: {less_than: 100}
  fee: {}
unique: [customer]
"""
    found = measure(tmp_path, rules)
    assert found["validShare"] == 0.5
    assert failures(found) == [
        (None, "unique(customer)", 2),
        ("fee", "not_nullable", 1),
        ("tenure", "less_than(100)", 1),
    ]


def test_unknown_columns_break_a_strict_table(tmp_path):
    frame = pandas.DataFrame({"a": [1], "b": [2]})
    found = measure(tmp_path, "columns: {a: {}}\nstrict: true\n", frame)
    assert failures(found) == [("b", "column_in_schema", 1)]


def test_value_of_the_wrong_type_breaks_its_row(tmp_path):
    found = measure(tmp_path, column("since", dtype="datetime64[ns]", coerce=True))
    assert found["validShare"] == 0.75
    assert {each["rows"] for each in found["failures"]} == {1}


def test_index_of_a_sample_does_not_matter(tmp_path):
    frame = pandas.DataFrame({"tenure": [1, 200, 300]}, index=[7, 7, 100])
    found = measure(tmp_path, column("tenure", less_than=100), frame)
    assert failures(found) == [("tenure", "less_than(100)", 2)]
    assert found["validShare"] == pytest.approx(1 / 3)


def test_table_without_rows_has_no_valid_one(tmp_path):
    found = measure(tmp_path, column("a", dtype="float64"), pandas.DataFrame({"a": []}))
    assert found["validShare"] == 0.0


def test_long_list_of_allowed_values_is_cut(tmp_path):
    allowed = [f"value {index}" for index in range(1000)]
    found = measure(tmp_path, column("region", nullable=True, isin=allowed))
    (broken,) = found["failures"]
    assert (len(broken["check"]), broken["check"][-1], broken["rows"]) == (200, "…", 3)


@pytest.mark.parametrize("minimal", [True, False])
def test_reads_what_pandera_writes(tmp_path, minimal):
    schema = pandera.DataFrameSchema(
        {"tenure": pandera.Column(int, pandera.Check.le(100))}, coerce=True, unique=["tenure"]
    )
    found = measure(tmp_path, schema.to_yaml(minimal=minimal))
    assert failures(found) == [
        (None, "unique(tenure)", 2),
        ("tenure", "less_than_or_equal_to(100)", 1),
    ]


def test_example_of_the_documentation_is_a_valid_file(tmp_path):
    example = DOCUMENT.read_text().split("```yaml\n")[1].split("```")[0]
    frame = pandas.DataFrame(
        {
            "customer": ["c-1", "c-2"],
            "tenure": [1, 2],
            "region": ["west", "east"],
            "fee": [1.5, 2.5],
            "since": ["2024-01-01", "2024-02-01"],
            "churned": [0, 1],
        }
    )
    assert measure(tmp_path, example, frame)["failures"] == []


@pytest.mark.parametrize(
    ("rules", "reason"),
    [
        ("a: [", "the rules rules.yaml are no YAML: "),
        ("- a", "the rules rules.yaml name no columns; give at least one"),
        ("columns: {}", "the rules rules.yaml name no columns; give at least one"),
        ("columns: [a]", "the rules rules.yaml name no columns; give at least one"),
        ("colums: {a: {}}", "the rules rules.yaml name no columns; give at least one"),
        ("columns: {a: int64}", "the column a in rules.yaml has no rules; give at least a dtype."),
        (
            "columns: {a: {}}\nstrikt: true",
            "the rules rules.yaml have the unknown rule strikt; allowed are api, coerce, columns",
        ),
        (
            "columns: {a: {}}\ndrop_invalid_rows: true",
            "the rules rules.yaml have the unknown rule drop_invalid_rows; allowed are",
        ),
        (
            "columns: {a: {nulable: true}}",
            "the column a in rules.yaml has the unknown rule nulable;",
        ),
        (
            "columns: {tenure: {dtype: flot}}",
            "the rules rules.yaml can't be used: data type 'flot'",
        ),
        (
            "columns: {tenure: {in_range: {min: 0}}}",
            "the rules rules.yaml can't be used: in_range() missing required arguments",
        ),
        (
            "columns: {a: {less_than: {max_value: 3, raise_warning: true}}}",
            "the check less_than of the column a in rules.yaml has the option raise_warning, "
            "which could hide broken rules; remove it.",
        ),
        (
            "columns: {a: {less_than: {max_value: 3, n_failure_cases: 1}}}",
            "the check less_than of the column a in rules.yaml has the option n_failure_cases",
        ),
        (
            "columns: {a: {}}\nunique: [b]",
            "rules.yaml wants b unique, but has no required column of that name; add it to columns.",
        ),
        (
            "columns: {a: {required: false}}\nunique: a",
            "rules.yaml wants a unique, but has no required column of that name; add it to columns.",
        ),
    ],
)
def test_refuses_rules_that_would_be_read_past(tmp_path, rules, reason):
    with pytest.raises(UserError) as refusal:
        measure(tmp_path, rules)
    assert str(refusal.value).startswith(reason)
    assert "\n" not in str(refusal.value)


def test_does_not_speak_of_a_sample_where_every_row_was_checked(tmp_path):
    (tmp_path / "rules.yaml").write_text(column("a", dtype="int64"))
    training = TableFile("train.csv", "sha256:" + "a" * 64, 2, pandas.DataFrame({"a": [1, 2]}))
    found = measure_quality({"rules": "rules.yaml"}, tmp_path, training)
    assert found["data"] == {"path": "train.csv", "digest": "sha256:" + "a" * 64, "rows": 2}


def test_share_of_exactly_nine_rows_in_ten_is_not_less(tmp_path):
    frame = pandas.DataFrame({"a": [*range(9), 1000]})
    found = measure(tmp_path, column("a", less_than=10), frame)
    assert (found["validShare"], failures(found)) == (0.9, [("a", "less_than(10)", 1)])


def test_refuses_rules_that_fit_no_table(tmp_path):
    with pytest.raises(UserError) as refusal:
        measure(tmp_path, column("(", regex=True))
    assert str(refusal.value).startswith(
        "the rules rules.yaml can't be applied to the training data: Invalid regular expression"
    )
    assert str(refusal.value).endswith("; mend the rules.")


def test_refuses_rules_that_are_no_text(tmp_path):
    (tmp_path / "rules.yaml").write_bytes(b"\xff\x00columns")
    training = TableFile("train.csv", "sha256:" + "a" * 64, 1, pandas.DataFrame({"a": [1]}))
    with pytest.raises(UserError, match=r"^the rules rules.yaml are no YAML: .*; mend the file.$"):
        measure_quality({"rules": "rules.yaml"}, tmp_path, training)


def test_refuses_a_folder_as_rules(tmp_path):
    training = TableFile("train.csv", "sha256:" + "a" * 64, 1, pandas.DataFrame({"a": [1]}))
    with pytest.raises(UserError, match=r"can't be read: Is a directory; give a YAML file"):
        measure_quality({"rules": "."}, tmp_path, training)


def test_refuses_a_missing_file(tmp_path):
    training = TableFile("train.csv", "sha256:" + "a" * 64, 1, pandas.DataFrame({"a": [1]}))
    with pytest.raises(UserError) as refusal:
        measure_quality({"rules": "gone.yaml"}, tmp_path, training)
    assert str(refusal.value) == (
        "the rules gone.yaml (tollgate:gates.data-quality.rules) can't be read: "
        "No such file or directory; give a YAML file of rules, as docs/data-rules.md shows."
    )
