"""Gets the pinned bytes: from the cache when they are there, from the registry otherwise.

``python -m tollgate_serving.fetch`` does only that, ahead of a scorer or of an image with the model in it.
Exit codes: 0 the bytes are in the cache, 1 the cache can't be used, 3 other bytes than pinned, 4 can't be downloaded,
64 usage, 143 asked to stop.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import fcntl
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tollgate_serving.arguments import Parser
from tollgate_serving.digest import digest_of_folder, size_of_folder
from tollgate_serving.ending import end_on_request
from tollgate_serving.errors import UserError
from tollgate_serving.logs import configure, logger
from tollgate_serving.quiet import quiet_mlflow

#: Exit codes of the scorer, so that whoever starts it can tell the cases apart.
EXIT_DIGEST = 3
EXIT_DOWNLOAD = 4


@dataclass(frozen=True)
class Pinned:
    """A model version as the pin names it, and where its bytes are."""

    uri: str
    model: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.model} version {self.version}"


def obtain(pinned: Pinned, cache: Path) -> Path:
    """A folder in the cache that holds exactly the pinned bytes. Raises UserError on any other bytes.

    A download goes to a folder of its own and is renamed into place when its digest is right, so a
    process that is killed leaves nothing that could be taken for the model.
    """
    hex_digest = pinned.digest.removeprefix("sha256:")
    target = cache / hex_digest
    if target.is_dir():
        if digest_of_folder(target) == pinned.digest:
            return target
        logger.warning(
            "the cached model was altered, downloading it again",
            extra={"facts": {"folder": str(target)}},
        )
        shutil.rmtree(target)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(cache)
        with _part_of(cache, hex_digest) as part:
            folder = download(pinned, part / "bytes")
            found = digest_of_folder(folder)
            if found != pinned.digest:
                raise UserError(
                    f"{pinned} has digest {found}, but {pinned.digest} is pinned; "
                    "restore its bytes, or evaluate and pin it again.",
                    EXIT_DIGEST,
                )
            _move(folder, target)
    except OSError as error:
        raise UserError(
            f"{pinned} can't be kept in {cache}: {error.strerror}; make the folder writable or give another.",
            EXIT_DOWNLOAD,
        ) from error
    return target


def download(pinned: Pinned, folder: Path) -> Path:
    """Copies the version's files below ``folder``; returns where they lie. Raises UserError when it can't."""
    from mlflow.artifacts import download_artifacts

    folder.mkdir(parents=True)
    try:
        if pinned.uri.startswith(
            ("models:", "runs:", "http:", "https:", "s3:", "mlflow-artifacts:")
        ):
            return Path(download_artifacts(artifact_uri=pinned.uri, dst_path=str(folder)))
        # A local folder is copied: MLflow would hand out the original, which may change under us.
        return Path(
            shutil.copytree(pinned.uri.removeprefix("file://"), folder / "model", symlinks=True)
        )
    except Exception as error:
        raise UserError(
            f"{pinned} can't be downloaded from {_registry()}: {one_line(error)}; "
            "check that the registry answers and that the version exists.",
            EXIT_DOWNLOAD,
        ) from error


def one_line(error: BaseException) -> str:
    """An error as part of a sentence: its first line, without passwords in addresses."""
    text = next(
        (line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__
    )
    return without_password(text)[:300].rstrip(" .")


def without_password(text: str) -> str:
    return re.sub(r"//[^/@\s]+@", "//", text)


def _registry() -> str:
    return without_password(os.environ.get("MLFLOW_TRACKING_URI", "its folder"))


def _move(folder: Path, target: Path) -> None:
    try:
        folder.rename(target)
    except OSError as error:
        # Another replica was faster; its bytes were checked like ours.
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


@contextlib.contextmanager
def _part_of(cache: Path, hex_digest: str) -> Iterator[Path]:
    """A folder for one download. It is locked as long as we live, which tells it from what a killed process left:
    a number of a process would not, since every container's first process is number 1."""
    part, lock = _locked_part(cache, hex_digest)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)


def _locked_part(cache: Path, hex_digest: str) -> tuple[Path, int]:
    while True:
        part = Path(tempfile.mkdtemp(prefix=f"{hex_digest}.part-", dir=cache))
        # Another process may take it for a leftover until it is locked.
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(part, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if part.exists():
                return part, lock
            os.close(lock)


def _remove_leftovers(cache: Path) -> None:
    """Removes what a killed process left of its download."""
    for part in cache.glob("*.part-*"):
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(part, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(part, ignore_errors=True)
            except BlockingIOError:
                pass
            finally:
                os.close(lock)


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    pinned = Pinned(options.model_uri, options.model, options.version, options.digest)
    configure("INFO", model=pinned.model, version=pinned.version)
    quiet_mlflow()
    end_on_request()
    try:
        folder = obtain(pinned, options.cache)
    except UserError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    logger.info(
        "fetched",
        extra={
            "facts": {
                "digest": pinned.digest,
                "folder": str(folder),
                "bytes": size_of_folder(folder),
            }
        },
    )
    return 0


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = Parser(prog="python -m tollgate_serving.fetch", description=__doc__)
    parser.add_argument(
        "--model-uri", required=True, help="such as models:/churn-model/2, or a folder"
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--digest", required=True, type=_digest, help="sha256:… of the bytes")
    parser.add_argument(
        "--cache", type=Path, required=True, help="folder that keeps them, each version in its own"
    )
    return parser.parse_args(arguments)


def _digest(text: str) -> str:
    if not re.fullmatch(r"sha256:[0-9a-f]{64}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not sha256: and 64 lower-case hexadecimal digits"
        )
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
