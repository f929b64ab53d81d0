import base64
import json
import subprocess
import sys
from pathlib import Path

import pytest
from servers import SERVING
from tollgate_serving.digest import digest_of_folder, main, size_of_folder
from tollgate_serving.errors import UserError

VECTORS = json.loads(Path(__file__).with_name("digest_vectors.json").read_text())


def write(folder: Path, files: dict[str, str]) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(base64.b64decode(content))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["digest"][7:15])
def test_digest_equals_the_shared_vector(vector, tmp_path):
    write(tmp_path, vector["files"])
    assert digest_of_folder(tmp_path) == vector["digest"]


def test_digest_is_what_sha256sum_of_the_sorted_listing_gives(tmp_path):
    write(tmp_path, VECTORS[-1]["files"])
    script = "find . -type f -printf '%P\\n' | LC_ALL=C sort | xargs -d '\\n' sha256sum | sha256sum"
    done = subprocess.run(script, shell=True, cwd=tmp_path, capture_output=True, text=True)
    assert digest_of_folder(tmp_path) == f"sha256:{done.stdout.split()[0]}"


def test_digest_changes_with_one_byte_and_with_a_name(tmp_path):
    (tmp_path / "a").write_bytes(b"model")
    first = digest_of_folder(tmp_path)
    (tmp_path / "a").write_bytes(b"modem")
    second = digest_of_folder(tmp_path)
    (tmp_path / "a").rename(tmp_path / "b")
    assert len({first, second, digest_of_folder(tmp_path)}) == 3


def test_size_counts_what_the_digest_counts(tmp_path):
    (tmp_path / "MLmodel").write_bytes(b"12345")
    (tmp_path / "registered_model_meta").write_bytes(b"1234567890")
    assert size_of_folder(tmp_path) == 5


def test_refuses_a_symbolic_link(tmp_path):
    (tmp_path / "MLmodel").write_bytes(b"x")
    (tmp_path / "weights").symlink_to("/etc/hostname")
    with pytest.raises(UserError, match=r"weights in .* is a link or a special file"):
        digest_of_folder(tmp_path)


def test_refuses_a_link_to_a_folder(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_bytes(b"x")
    (tmp_path / "model" / "code").symlink_to(tmp_path)
    with pytest.raises(UserError, match=r"code in .* is a link or a special file"):
        digest_of_folder(tmp_path / "model")


def test_refuses_an_empty_folder(tmp_path, capsys):
    assert main([str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert (
        error
        == f"{tmp_path} holds no files, so it is no model; give the folder that holds MLmodel.\n"
    )


def test_command_prints_the_digest_alone(tmp_path):
    write(tmp_path, VECTORS[0]["files"])
    command = [sys.executable, "-m", "tollgate_serving.digest", str(tmp_path)]
    done = subprocess.run(command, cwd=SERVING, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, VECTORS[0]["digest"] + "\n")
