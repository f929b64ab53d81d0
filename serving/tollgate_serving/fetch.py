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
from tollgate_serving.cache import MODEL_FOLDER, holder_of
from tollgate_serving.digest import IGNORED, digest_of_folder, size_of_folder
from tollgate_serving.ending import end_on_request
from tollgate_serving.errors import EXIT_DIGEST, EXIT_DOWNLOAD, UserError
from tollgate_serving.logs import configure, logger
from tollgate_serving.quiet import quiet_mlflow
from tollgate_serving.registry_credentials import registry_credentials


@dataclass(frozen=True)
class Pinned:
    """A model version as the pin names it, and where its bytes are."""

    uri: str
    model: str
    version: str
    digest: str

    def __str__(self) -> str:
        return f"{self.model} version {self.version}"


def cached(pinned: Pinned, cache: Path) -> Path | None:
    """The folder in the cache that holds exactly the pinned bytes, or None. What isn't the version is removed."""
    holder = holder_of(pinned.digest, cache)
    if not holder.is_dir():
        return None
    target = folder_in(cache, pinned)
    others = [path for path in holder.iterdir() if path != target]
    if target.is_dir():
        _remove_ignored(target, pinned)
    if target.is_dir() and not others and _has(target, pinned.digest):
        return target
    for path in (target, *others):
        if path.is_symlink() or path.exists():
            logger.warning(
                "the cached model was altered, downloading it again",
                extra={"facts": {"folder": str(path)}},
            )
            remove(path)
    return None


def _has(folder: Path, digest: str) -> bool:
    try:
        return digest_of_folder(folder) == digest
    except UserError:
        # A link or a special file in it: those are no bytes of a version.
        return False


def remove(path: Path) -> None:
    """Removes a folder, a file or a link, whichever it is."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def obtain(pinned: Pinned, cache: Path) -> Path:
    """A folder in the cache that holds exactly the pinned bytes. Raises UserError on any other bytes.

    A download goes to a folder of its own and is renamed into place when its digest is right, so a
    process that is killed leaves nothing that could be taken for the model.
    """
    try:
        found = cached(pinned, cache)
        if found is not None:
            return found
        with part_of(cache, holder_of(pinned.digest, cache).name) as part:
            folder = download(pinned, part / "bytes")
            digest = digest_of_folder(folder)
            if digest != pinned.digest:
                raise UserError(
                    f"{pinned} has digest {digest}, but {pinned.digest} is pinned; "
                    "restore its bytes, or evaluate and pin it again.",
                    EXIT_DIGEST,
                )
            keep(folder, pinned, cache)
    except OSError as error:
        raise cant_be_kept(pinned, cache, error) from error
    return folder_in(cache, pinned)


def cant_be_kept(pinned: Pinned, cache: Path, error: OSError) -> UserError:
    return UserError(
        f"{pinned} can't be kept in {cache}: {error.strerror}; make the folder writable or give another.",
        EXIT_DOWNLOAD,
    )


def folder_in(cache: Path, pinned: Pinned) -> Path:
    """Where a version's files lie in the cache, or would."""
    return holder_of(pinned.digest, cache) / MODEL_FOLDER


def keep(folder: Path, pinned: Pinned, cache: Path) -> None:
    """Moves files whose digest was checked to their place in the cache. Raises OSError."""
    holder_of(pinned.digest, cache).mkdir(exist_ok=True)
    _move(folder, folder_in(cache, pinned))


def download(pinned: Pinned, folder: Path) -> Path:
    """Copies the version's files below ``folder``; returns where they lie. Raises UserError when it can't."""
    folder.mkdir(parents=True)
    try:
        if pinned.uri.startswith(
            ("models:", "runs:", "http:", "https:", "s3:", "mlflow-artifacts:")
        ):
            # Takes a second, and a folder needs none of it.
            from mlflow.artifacts import download_artifacts

            with registry_credentials():
                copied = Path(download_artifacts(artifact_uri=pinned.uri, dst_path=str(folder)))
        else:
            # A local folder is copied: MLflow would hand out the original, which may change under us.
            origin = pinned.uri.removeprefix("file://")
            copied = Path(shutil.copytree(origin, folder / "model", symlinks=True))
    except UserError:
        raise
    except Exception as error:
        raise UserError(
            f"{pinned} can't be downloaded from {_registry()}: {one_line(error)}; "
            "check that the registry answers and that the version exists.",
            EXIT_DOWNLOAD,
        ) from error
    _remove_ignored(copied, pinned)
    return copied


def _remove_ignored(folder: Path, pinned: Pinned) -> None:
    """What the digest leaves out mustn't be there to be read: it could say anything."""
    ignored = folder / IGNORED
    if ignored.is_symlink() or ignored.is_file():
        ignored.unlink()
    elif ignored.exists():
        raise UserError(
            f"{pinned} has a folder {IGNORED}, a name that is the registry's client's own; "
            "log it without that folder.",
            EXIT_DIGEST,
        )


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
def part_of(cache: Path, name: str) -> Iterator[Path]:
    """A folder in the cache for one download, without what downloads that were killed have left there. It is locked as
    long as we live, which tells it from those: a number of a process would not, since every container's first process
    is number 1."""
    cache.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(cache)
    part, lock = _locked_part(cache, name)
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)
        os.close(lock)


def _locked_part(cache: Path, name: str) -> tuple[Path, int]:
    while True:
        part = Path(tempfile.mkdtemp(prefix=f"{name}.part-", dir=cache))
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
