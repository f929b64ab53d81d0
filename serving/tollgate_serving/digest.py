"""The digest of a model version's bytes.

It covers every file below the model folder except ``registered_model_meta``, which the registry's
client adds when it downloads. Paths are relative, with ``/``, sorted by their UTF-8 bytes. For each
file one line ``<sha256 hex>  <path>\\n``, as ``sha256sum`` prints it; the digest is ``sha256:`` and the
sha256 of these lines. ``registry/digest.ts`` computes the same number; both are tested on
``serving/tests/digest_vectors.json``.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

from tollgate_serving.errors import UserError

#: Written beside the model by the registry's client, not part of the version's bytes.
IGNORED = "registered_model_meta"


def digest_of_files(hashes: dict[str, str]) -> str:
    """Digest of a listing: sha256 hex by relative path with ``/``."""
    total = hashlib.sha256()
    for path in sorted(hashes, key=lambda path: path.encode()):
        total.update(f"{hashes[path]}  {path}\n".encode())
    return f"sha256:{total.hexdigest()}"


def digest_of_folder(folder: Path) -> str:
    """Digest of a model folder. Raises UserError on a symbolic link, a special file or no file at all."""
    hashes = {path: sha256_of_file(folder / path) for path in model_files(folder)}
    if not hashes:
        raise UserError(
            f"{folder} holds no files, so it is no model; give the folder that holds MLmodel."
        )
    return digest_of_files(hashes)


def model_files(folder: Path) -> list[str]:
    """Relative paths of the files that make the version. Links are refused: they point at other bytes."""
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder; give the folder that holds MLmodel.")
    paths: list[str] = []
    pending = [folder]
    while pending:
        with os.scandir(pending.pop()) as entries:
            for entry in entries:
                path = Path(entry.path).relative_to(folder).as_posix()
                if entry.is_symlink() or not (entry.is_dir() or entry.is_file()):
                    raise UserError(
                        f"{path} in {folder} is a link or a special file; a model version holds plain files only."
                    )
                if entry.is_dir():
                    pending.append(Path(entry.path))
                elif path != IGNORED:
                    paths.append(path)
    return paths


def size_of_folder(folder: Path) -> int:
    """Total size of the version's files, in bytes."""
    return sum((folder / path).stat().st_size for path in model_files(folder))


def sha256_of_file(path: Path) -> str:
    """sha256 of a file's bytes, lower-case hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m tollgate_serving.digest DIR", file=sys.stderr)
        return 64
    try:
        print(digest_of_folder(Path(arguments[0])))
    except (UserError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
