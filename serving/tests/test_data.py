"""Tables from files: types, samples, digests and refusals."""

import hashlib

import numpy
import pandas
import pytest
from tollgate_serving import data
from tollgate_serving.data import read_table, read_tables
from tollgate_serving.errors import UserError
from tollgate_serving.evaluation_rows import features_for
from tollgate_serving.signature import Column, Signature


@pytest.fixture
def small_pieces(monkeypatch):
    """Files are read in pieces of ten cells, as large ones are."""
    monkeypatch.setattr(data, "CELLS", 10)


def table(rows=57):
    draw = numpy.random.default_rng(0)
    return pandas.DataFrame(
        {
            "number": draw.random(rows),
            "count": numpy.arange(rows),
            "place": draw.choice(["west", "east"], rows),
            "active": draw.random(rows) < 0.5,
        }
    )


def written(frame, folder, kind):
    path = folder / f"table.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, row_group_size=7)
    return path


def read(path, max_rows=1000, seed=0, **options):
    return read_table(path, "data/table", max_rows, seed, **options)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_reads_a_file_in_pieces_as_pandas_reads_it_whole(tmp_path, small_pieces, kind):
    path = written(table(), tmp_path, kind)
    found = read(path)
    pandas.testing.assert_frame_equal(found.frame, table())
    assert found.facts() == {
        "path": "data/table",
        "digest": f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}",
        "rows": 57,
    }


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_samples_a_larger_file_and_counts_all_of_it(tmp_path, small_pieces, kind):
    found = read(written(table(), tmp_path, kind), max_rows=20)
    assert (found.rows, len(found.frame), list(found.frame.index)) == (57, 20, list(range(20)))
    kept = found.frame["count"].to_list()
    # In the file's order, none twice, each with its own row's values.
    assert kept == sorted(set(kept))
    pandas.testing.assert_frame_equal(
        found.frame, table().iloc[kept].reset_index(drop=True), check_dtype=False
    )


def test_draws_the_same_rows_whatever_the_pieces(tmp_path, monkeypatch):
    path = written(table(), tmp_path, "csv")
    samples = []
    for cells in (4, 10, 44, 4_000_000):
        monkeypatch.setattr(data, "CELLS", cells)
        samples.append(read(path, max_rows=9).frame["count"].to_list())
    assert all(sample == samples[0] for sample in samples)
    assert read(path, max_rows=9, seed=1).frame["count"].to_list() != samples[0]


def test_draws_independently_of_data_that_was_made_with_the_same_seed(tmp_path):
    # A plain generator of that seed would keep exactly the rows with the smallest numbers.
    frame = pandas.DataFrame({"number": numpy.random.default_rng(0).random(20_000)})
    found = read(written(frame, tmp_path, "parquet"), max_rows=10_000, seed=0)
    # Eight standard errors of the mean of so many.
    assert abs(found.frame["number"].mean() - 0.5) < 8 * numpy.sqrt(1 / 12 / 10_000)


class TestReadTables:
    def parts(self, folder):
        whole = table()
        for name, rows in (("b", slice(0, 20)), ("a", slice(20, None))):
            whole.iloc[rows].to_csv(folder / f"{name}.csv", index=False)
        return [folder / "b.csv", folder / "a.csv"]

    def test_reads_several_files_as_one(self, tmp_path, small_pieces):
        found = read_tables(self.parts(tmp_path), "captured", 1000, 0)
        pandas.testing.assert_frame_equal(found.frame, table())
        assert (found.path, found.rows) == ("captured", 57)

    def test_samples_them_together(self, tmp_path, small_pieces):
        found = read_tables(self.parts(tmp_path), "captured", 9, 0)
        whole = read(written(table(), tmp_path, "csv"), max_rows=9)
        assert found.rows == 57
        pandas.testing.assert_frame_equal(found.frame, whole.frame)

    def test_digest_tells_each_files_bytes_and_name(self, tmp_path):
        paths = self.parts(tmp_path)
        lines = [
            f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
            for path in sorted(paths)
        ]
        expected = hashlib.sha256("".join(lines).encode()).hexdigest()
        assert read_tables(paths, "captured", 9, 0).digest == f"sha256:{expected}"
        assert read_tables(paths[:1], "b", 9, 0).digest == read(paths[0]).digest

    def test_a_column_of_numbers_in_one_file_and_texts_in_another_is_text(self, tmp_path):
        (tmp_path / "a.csv").write_text("code\n007\n")
        (tmp_path / "b.csv").write_text("code\nx1\n")
        found = read_tables([tmp_path / "a.csv", tmp_path / "b.csv"], "captured", 9, 0)
        assert found.frame["code"].to_list() == ["007", "x1"]

    def test_refuses_files_without_rows(self, tmp_path):
        (tmp_path / "a.csv").write_text("code\n")
        with pytest.raises(UserError, match=r"a.csv has no rows; tollgate:evaluation.data needs"):
            read_tables([tmp_path / "a.csv"] * 2, "captured", 9, 0)


def test_draws_every_row_equally_often(tmp_path, small_pieces):
    path = written(table(20), tmp_path, "csv")
    counts = numpy.zeros(20)
    for seed in range(300):
        counts[read(path, max_rows=5, seed=seed).frame["count"]] += 1
    # 75 each; a fair draw leaves 40 to 110 less often than once in 100,000 rows.
    assert counts.min() > 40 and counts.max() < 110


def test_keeps_text_that_looks_like_numbers_where_the_file_is_mixed(tmp_path, small_pieces):
    values = [*map(str, range(20)), "A7", "007", *map(str, range(20))]
    path = tmp_path / "table.csv"
    path.write_text("place,x\n" + "".join(f"{value},1\n" for value in values))
    assert read(path).frame["place"].to_list() == values


def test_keeps_the_columns_a_model_takes_as_text(tmp_path):
    (tmp_path / "table.csv").write_text("zip,x\n01234,1\n98765,2\n")
    assert read(tmp_path / "table.csv").frame["zip"].to_list() == [1234, 98765]
    found = read(tmp_path / "table.csv", text_columns=["zip", "absent"])
    assert found.frame["zip"].to_list() == ["01234", "98765"]


def test_takes_a_column_that_is_empty_at_first_by_its_later_values(tmp_path, small_pieces):
    lines = [f"{index},\n" for index in range(12)] + ["12,west\n", "13,east\n"]
    (tmp_path / "table.csv").write_text("x,place\n" + "".join(lines))
    places = read(tmp_path / "table.csv").frame["place"]
    assert places.isna().sum() == 12 and places.to_list()[-2:] == ["west", "east"]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("gone.csv", None, "gone.csv doesn't exist; set tollgate:evaluation.data to a CSV or Parq"),
        ("table.txt", b"x\n1\n", "is neither .csv nor .parquet; give tollgate:evaluation.data one"),
        ("table.csv", b"", "table.csv can't be read as csv: No columns to parse from file."),
        ("table.csv", b"x,y\n", "table.csv has no rows; tollgate:evaluation.data needs at least"),
        ("table.csv", b"x\n\xff\xfe\n", "table.csv can't be read as csv: "),
        ("table.csv", b"x,y\n1,2\n\n1,2,3\n", "Row 2 after the header of"),
        ("table.csv", b"x,y\n1,2\n3\n", "has 1 values; the header names 2: mend the file, or put"),
        # pandas takes the first for a column of row names when all lines are longer than the header.
        ("table.csv", b"x,y\n1,2,3\n4,5,6\n", "has 3 values; the header names 2: mend the file"),
        ("table.csv", b'x,y\n"1\n,",2\n3\n', "Row 2 after the header of"),
        ("table.csv", b"x,y,x\n1,2,3\n", "has two columns x; give each a name of its own."),
        ("table.parquet", b"PAR1", "table.parquet can't be read as parquet: "),
    ],
)
def test_refuses_the_file(tmp_path, name, content, sentence):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError) as refused:
        read(tmp_path / name)
    assert sentence in str(refused.value)


def test_refuses_a_parquet_file_with_a_column_twice(tmp_path):
    import pyarrow
    import pyarrow.parquet

    twice = pyarrow.Table.from_arrays([pyarrow.array([1])] * 2, names=["x", "x"])
    pyarrow.parquet.write_table(twice, tmp_path / "table.parquet")
    with pytest.raises(UserError, match="has two columns x; give each a name of its own"):
        read(tmp_path / "table.parquet")


def test_refuses_a_file_that_is_written_while_it_is_read(tmp_path, monkeypatch):
    path = written(table(), tmp_path, "csv")
    hashed = data.sha256_of_file

    def hash_and_write(given):
        digest = hashed(given)
        given.write_text("x\n1\n")
        return digest

    monkeypatch.setattr(data, "sha256_of_file", hash_and_write)
    with pytest.raises(UserError, match="changed while it was read"):
        read(path)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_reads_categories_and_texts_alike(tmp_path, small_pieces, kind):
    frame = pandas.DataFrame({"plan": ["b", "a", None, "c"] * 9, "label": ["x", "y"] * 18})
    written(frame.astype("category"), tmp_path, kind)
    found = read(tmp_path / f"table.{kind}")
    pandas.testing.assert_frame_equal(found.frame, frame)
    taken = Signature("columns", (Column("plan", "string", True),), (), True, 1)
    features = features_for(taken, found, "label")
    assert features["plan"].isna().sum() == 9 and isinstance(
        features["plan"].dtype, pandas.StringDtype
    )


def test_looks_at_every_line_behind_a_text_that_arrow_has_no_room_for(tmp_path):
    long = "x" * (3 << 20)
    (tmp_path / "table.csv").write_text(f"x,y\n1,{long}\n2\n")
    with pytest.raises(UserError, match=r"Row 2 after the header of .* has 1 values"):
        read(tmp_path / "table.csv")
    (tmp_path / "table.csv").write_text(f"x,y\n1,{long}\n2,b\n")
    assert read(tmp_path / "table.csv").frame["y"].str.len().tolist() == [len(long), 1]


def test_skips_lines_of_spaces_as_pandas_does(tmp_path):
    (tmp_path / "table.csv").write_text("x,y\n1,2\n   \n3,4\n \n")
    assert read(tmp_path / "table.csv").frame["y"].tolist() == [2, 4]


def test_an_index_with_a_name_is_a_column_and_one_without_is_none(tmp_path, small_pieces):
    frame = pandas.DataFrame({"id": [8, 1, 5, 2, 7, 3, 6, 4, 0], "x": range(9)})
    frame.set_index("id").to_parquet(tmp_path / "named.parquet")
    found = read(tmp_path / "named.parquet")
    pandas.testing.assert_frame_equal(found.frame, frame)
    assert found.index == ("id",)
    frame.sample(frac=1, random_state=0).to_parquet(tmp_path / "plain.parquet")
    found = read(tmp_path / "plain.parquet")
    assert (list(found.frame.columns), found.index) == (["id", "x"], ())


def test_knows_where_in_the_file_each_row_of_a_sample_is(tmp_path, small_pieces):
    for kind in ("csv", "parquet"):
        found = read(written(table(), tmp_path, kind), max_rows=20)
        assert len(found.places) == 20
        assert found.places.tolist() == found.frame["count"].tolist()
        assert read(tmp_path / f"table.{kind}").places is None
