import json
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version
from tollgate_serving import osv
from tollgate_serving.dependencies import read_dependencies
from tollgate_serving.errors import UserError
from tollgate_serving.osv import is_affected


def read(folder: Path, **files: str) -> dict:
    for name, content in files.items():
        (folder / name.replace("_txt", ".txt").replace("_yaml", ".yaml")).write_text(content)
    return read_dependencies(folder, {}, folder)


def record(advisory: str, package: str, *, versions=None, ecosystem="PyPI", **events: str) -> dict:
    """An OSV record with one range."""
    return {
        "id": advisory,
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": package},
                "ranges": [
                    {"type": "ECOSYSTEM", "events": [{kind: at} for kind, at in events.items()]}
                ],
                "versions": versions or [],
            }
        ],
    }


RECORDS = [
    record("PYSEC-1", "Demo_Package", introduced="1.0", fixed="1.5"),
    record("PYSEC-2", "demo-package", introduced="0", last_affected="1.2"),
    record("PYSEC-3", "demo-package", versions=["1.4"]),
    record("PYSEC-4", "other", introduced="0"),
    {**record("PYSEC-5", "demo-package", introduced="0"), "withdrawn": "2026-01-01T00:00:00Z"},
    record("GO-1", "demo-package", ecosystem="Go", introduced="0"),
]


def database(folder: Path) -> Path:
    (folder / "osv" / "pypi").mkdir(parents=True)
    for each in RECORDS:
        (folder / "osv" / "pypi" / f"{each['id']}.json").write_text(json.dumps(each))
    return folder / "osv"


class TestRequirements:
    @pytest.mark.parametrize(
        "line",
        [
            "demo==1.0",
            "demo === 1.0+local",
            "demo[extra]==1.0; python_version >= '3.9'",
            "demo>=0.9,==1.0",
            "demo==1.0 \\\n    --hash=sha256:" + "a" * 64,
            "demo @ https://example.com/demo-1.0.whl#sha256=" + "a" * 64,
            "demo @ git+https://example.com/demo.git@" + "b" * 40,
            "# a comment\n\ndemo==1.0 # another",
            "--extra-index-url https://example.com/simple\ndemo==1.0",
            "\ufeffdemo==1.0",
            "demo==1.0\r\n",
        ],
    )
    def test_takes_exact_versions(self, tmp_path, line):
        assert read(tmp_path, requirements_txt=line) == {
            "file": "requirements.txt",
            "unpinned": [],
            "database": None,
            "vulnerable": [],
        }

    @pytest.mark.parametrize(
        "line",
        [
            "demo",
            "demo>=1.0",
            "demo~=1.0",
            "demo==1.*",
            "demo[extra]<2",
            "demo @ https://example.com/demo-1.0.whl",
            "demo @ git+https://example.com/demo.git@main",
            "-e ./demo",
            "--editable ./demo",
            "./demo.whl",
            "git+https://example.com/demo.git",
            "???",
        ],
    )
    def test_tells_what_is_not_one_version(self, tmp_path, line):
        found = read(tmp_path, requirements_txt=f"fine==1.0\n{line}\n")
        assert found["unpinned"] == [line]

    def test_shows_no_password_of_an_address(self, tmp_path):
        line = "demo @ https://user:secret-4711@example.com/demo.whl"
        assert read(tmp_path, requirements_txt=line)["unpinned"] == [
            "demo @ https://example.com/demo.whl"
        ]

    def test_reads_files_that_a_file_includes(self, tmp_path):
        (tmp_path / "more").mkdir()
        (tmp_path / "more" / "base.txt").write_text("base\n-r ../requirements.txt\n")
        found = read(tmp_path, requirements_txt="-r more/base.txt\n--requirement=gone.txt\n")
        assert found["unpinned"] == ["base", "gone.txt can't be read"]

    def test_reads_no_file_outside_of_the_version(self, tmp_path):
        (tmp_path / "secret.txt").write_text("secret-4711")
        (tmp_path / "model").mkdir()
        found = read(tmp_path / "model", requirements_txt="-r ../secret.txt\n")
        assert found["unpinned"] == ["-r ../secret.txt"]

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"#" * 1_000_001], ids=["bytes", "huge"])
    def test_tells_a_file_that_cannot_be_read(self, tmp_path, content):
        (tmp_path / "requirements.txt").write_bytes(content)
        found = read_dependencies(tmp_path, {}, tmp_path)
        assert found["unpinned"] == ["requirements.txt can't be read"]

    def test_reads_what_mlflow_writes(self, linear):
        found = read_dependencies(linear, {}, linear)
        assert found["file"] == "requirements.txt"
        assert found["unpinned"] == ["scikit-learn"]

    def test_reads_python_env_where_there_are_no_requirements(self, tmp_path):
        found = read(
            tmp_path,
            python_env_yaml="python: 3.11.7\nbuild_dependencies: [pip]\ndependencies: [demo==1, x>2]\n",
        )
        assert (found["file"], found["unpinned"]) == ("python_env.yaml", ["pip", "x>2"])

    def test_reads_conda_where_there_is_nothing_else(self, tmp_path):
        found = read(
            tmp_path,
            conda_yaml="dependencies:\n- python=3.11\n- pip\n- numpy=1.26.4\n- scipy=1.11\n"
            "- conda-forge::tbb==2021.1\n- pip:\n  - demo==1.0\n  - other\n",
        )
        assert (found["file"], found["unpinned"]) == ("conda.yaml", ["other", "scipy=1.11"])

    @pytest.mark.parametrize("content", ["a: [", "[1]", "dependencies: 3", "[" * 50_000])
    def test_tells_a_damaged_conda_file(self, tmp_path, content):
        assert read(tmp_path, conda_yaml=content)["unpinned"] == ["conda.yaml can't be read"]

    def test_says_when_no_file_is_there(self, tmp_path):
        assert read(tmp_path)["file"] is None


class TestDatabase:
    def test_names_each_advisory_about_an_exact_version(self, tmp_path):
        (tmp_path / "requirements.txt").write_text("demo.package==1.1\nother\nclean==1.0\n")
        database(tmp_path)
        found = read_dependencies(tmp_path, {"database": "osv"}, tmp_path)
        assert found["vulnerable"] == [
            {"package": "demo-package", "version": "1.1", "advisory": "PYSEC-1"},
            {"package": "demo-package", "version": "1.1", "advisory": "PYSEC-2"},
        ]
        assert found["unpinned"] == ["other"]
        assert (found["database"]["path"], found["database"]["records"]) == ("osv", 4)

    def test_names_an_advisory_that_lists_the_version(self, tmp_path):
        (tmp_path / "requirements.txt").write_text("demo-package==1.4.0\n")
        database(tmp_path)
        found = read_dependencies(tmp_path, {"database": "osv"}, tmp_path)
        assert [one["advisory"] for one in found["vulnerable"]] == ["PYSEC-1", "PYSEC-3"]

    def test_without_a_database_says_that_nobody_looked(self, tmp_path):
        (tmp_path / "requirements.txt").write_text("demo-package==1.1\n")
        found = read_dependencies(tmp_path, {}, tmp_path)
        assert (found["database"], found["vulnerable"]) == (None, [])

    def test_zip_file_of_the_same_records_has_the_same_digest(self, tmp_path):
        (tmp_path / "requirements.txt").write_text("demo-package==1.1\n")
        folder = database(tmp_path)
        with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
            for path in sorted(folder.rglob("*.json"), reverse=True):
                archive.write(path, path.relative_to(folder))
        first = read_dependencies(tmp_path, {"database": "osv"}, tmp_path)
        second = read_dependencies(tmp_path, {"database": "all.zip"}, tmp_path)
        assert first["database"]["digest"] == second["database"]["digest"]
        assert first["vulnerable"] == second["vulnerable"]

    def test_digest_changes_with_a_record(self, tmp_path):
        folder = database(tmp_path)
        first = read_dependencies(tmp_path, {"database": "osv"}, tmp_path)["database"]["digest"]
        (folder / "pypi" / "PYSEC-1.json").write_text(json.dumps(RECORDS[1]))
        second = read_dependencies(tmp_path, {"database": "osv"}, tmp_path)["database"]["digest"]
        assert first != second

    def test_says_that_an_empty_folder_holds_no_record(self, tmp_path):
        (tmp_path / "osv").mkdir()
        found = read_dependencies(tmp_path, {"database": "osv"}, tmp_path)
        assert found["database"]["records"] == 0

    def test_refuses_a_missing_database(self, tmp_path):
        with pytest.raises(UserError) as refusal:
            read_dependencies(tmp_path, {"database": "osv"}, tmp_path)
        assert str(refusal.value) == (
            "the database osv (tollgate:gates.dependencies.database) can't be read: "
            "No such file or directory; give a folder or zip file of OSV records."
        )

    def test_refuses_a_file_that_is_no_database(self, tmp_path):
        (tmp_path / "osv").write_text("not a zip")
        with pytest.raises(UserError, match="it is neither a folder nor a zip file; give"):
            read_dependencies(tmp_path, {"database": "osv"}, tmp_path)

    def test_refuses_a_zip_file_with_a_huge_record(self, tmp_path, monkeypatch):
        monkeypatch.setattr(osv, "MAX_RECORD", 10)
        with zipfile.ZipFile(tmp_path / "osv", "w") as archive:
            archive.writestr("PYSEC-1.json", json.dumps(RECORDS[0]))
        with pytest.raises(UserError, match=r"the database osv .* can't be read"):
            read_dependencies(tmp_path, {"database": "osv"}, tmp_path)

    @pytest.mark.parametrize(
        "content", ["{", "[]", '{"affected": 3}', '{"affected": [{"package": []}]}']
    )
    def test_refuses_a_damaged_record(self, tmp_path, content):
        (database(tmp_path) / "broken.json").write_text(content)
        with pytest.raises(UserError, match=r"the record broken.json of osv .* is no OSV record"):
            read_dependencies(tmp_path, {"database": "osv"}, tmp_path)


class TestIsAffected:
    @pytest.mark.parametrize(
        ("events", "affected", "free"),
        [
            ({"introduced": "1.0", "fixed": "1.5"}, ["1.0", "1.4.9", "1.0+cpu"], ["0.9", "1.5"]),
            ({"introduced": "0", "last_affected": "1.2"}, ["0.0.1", "1.2"], ["1.2.1", "1.3"]),
            ({"introduced": "0"}, ["0.dev0", "99"], []),
            ({"introduced": "1.0rc1", "fixed": "1.0"}, ["1.0rc1", "1.0rc2"], ["1.0b1", "1.0"]),
            # What can't be compared counts as affected.
            ({"introduced": "first", "fixed": "1.0"}, ["0.9"], ["1.0"]),
            ({"introduced": "1.0", "fixed": "soon"}, ["1.0", "2.0"], ["0.9"]),
        ],
    )
    def test_bounds_are_those_of_the_schema(self, events, affected, free):
        part = record("X", "demo", **events)["affected"][0]
        for version in affected:
            assert is_affected(Version(version), part), version
        for version in free:
            assert not is_affected(Version(version), part), version

    def test_fixed_and_introduced_again(self):
        events = [{"introduced": "0"}, {"fixed": "1.2"}, {"introduced": "2.0"}, {"fixed": "2.1"}]
        part = {"ranges": [{"type": "ECOSYSTEM", "events": events}]}
        found = [
            each for each in ["1.0", "1.2", "1.9", "2.0", "2.1"] if is_affected(Version(each), part)
        ]
        assert found == ["1.0", "2.0"]

    def test_ranges_of_commits_say_nothing_about_versions(self):
        part = {"ranges": [{"type": "GIT", "events": [{"introduced": "0"}]}]}
        assert not is_affected(Version("1.0"), part)
