"""Gets the pinned bytes: from the cache when they are there, from the registry otherwise."""

from __future__ import annotations

import errno
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tollgate_serving.digest import digest_of_folder
from tollgate_serving.errors import UserError
from tollgate_serving.logs import logger

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
        part = cache / f"{hex_digest}.part-{os.getpid()}"
        try:
            folder = download(pinned, part)
            found = digest_of_folder(folder)
            if found != pinned.digest:
                raise UserError(
                    f"{pinned} has digest {found}, but {pinned.digest} is pinned; "
                    "restore its bytes, or evaluate and pin it again.",
                    EXIT_DIGEST,
                )
            _move(folder, target)
        finally:
            shutil.rmtree(part, ignore_errors=True)
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


def _remove_leftovers(cache: Path) -> None:
    """Removes what a killed process left of its download."""
    for part in cache.glob("*.part-*"):
        pid = int(part.name.rpartition("-")[2])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            shutil.rmtree(part, ignore_errors=True)
        except PermissionError:
            pass
