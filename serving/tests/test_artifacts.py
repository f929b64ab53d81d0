import json
import subprocess
from pathlib import Path

import pytest
from tollgate_serving.artifacts import FOLDER, artifact_name

VECTORS = json.loads(Path(__file__).with_name("artifact_vectors.json").read_text())


def name_of(vector: dict[str, str]) -> str:
    arguments = ("document", "model", "version", "digest", "ending")
    return artifact_name(*(vector[each] for each in arguments))


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["path"])
def test_path_equals_the_shared_vector(vector):
    assert f"{FOLDER}/{name_of(vector)}" == vector["path"]


def test_key_is_what_sha256sum_gives():
    vector = VECTORS[6]
    subject = "models:/{model}/{version}@{digest}".format(**vector)
    done = subprocess.run(["sha256sum"], input=subject.encode(), capture_output=True, check=True)
    assert done.stdout.decode()[:32] in name_of(vector)


def test_no_two_versions_share_a_name():
    assert len({name_of(vector) for vector in VECTORS}) == len(VECTORS)


def test_every_name_is_one_plain_file_name():
    for name in map(name_of, VECTORS):
        assert len(name) < 100
        assert name.isascii() and not set(name) & set("/\\ %:?#")
