"""A local database of known vulnerabilities, in the format of https://ossf.github.io/osv-schema."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tollgate_serving.digest import digest_of_files
from tollgate_serving.errors import UserError

#: Bytes of one record; the largest published ones have less than 2 MB.
MAX_RECORD = 10_000_000


@dataclass(frozen=True)
class Database:
    """The records for Python packages."""

    #: As written in the settings.
    path: str
    #: Of all records by name, wherever they are kept: folder and zip file of the same records have the same.
    digest: str
    #: How many of the records are about packages of PyPI.
    records: int
    #: Parts of records that name a package, with the advisory's id, by canonical name.
    affected: dict[str, list[tuple[str, dict[str, Any]]]]

    @classmethod
    def read(cls, path: Path, shown: str) -> Database:
        """Reads a folder or zip file of JSON records. Raises UserError when it isn't one."""
        hashes: dict[str, str] = {}
        affected: dict[str, list[tuple[str, dict[str, Any]]]] = {}
        records = 0
        for name, content in _contents(path, shown):
            hashes[name] = hashlib.sha256(content).hexdigest()
            try:
                packages = list(_packages(json.loads(content)))
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
                raise UserError(
                    f"the record {name} of {shown} (tollgate:gates.dependencies.database) is no OSV record; "
                    "download the database again."
                ) from None
            records += bool(packages)
            for package, advisory, part in packages:
                affected.setdefault(package, []).append((advisory, part))
        return cls(shown, digest_of_files(hashes), records, affected)

    def facts(self) -> dict[str, Any]:
        """How evidence names it."""
        return {"path": self.path, "digest": self.digest, "records": self.records}

    def advisories(self, needed: Iterable[tuple[str, Version]]) -> list[dict[str, str]]:
        """Each advisory that names one of these exact versions, sorted."""
        found = {
            (name, str(version), advisory)
            for name, version in needed
            for advisory, part in self.affected.get(name, [])
            if is_affected(version, part)
        }
        return [
            {"package": name, "version": version, "advisory": advisory}
            for name, version, advisory in sorted(found)
        ]


def is_affected(version: Version, part: dict[str, Any]) -> bool:
    """OSV's own evaluation: listed by name, or inside a range. What can't be compared counts as affected."""
    # A local build such as 2.0.0+cpu has the faults of its release.
    version = Version(version.public)
    if any(_parsed(each) == version for each in part.get("versions") or []):
        return True
    return any(
        _in_range(version, each.get("events") or [])
        for each in part.get("ranges") or []
        if each.get("type") in ("ECOSYSTEM", "SEMVER")
    )


def _in_range(version: Version, events: list[dict[str, str]]) -> bool:
    lowest = Version("0.dev0")
    steps: list[tuple[Version, str]] = []
    for event in events:
        for kind, value in event.items():
            at = lowest if value == "0" else _parsed(value)
            if at is None:
                # An unknown start begins at once; an unknown end never comes.
                at, kind = (lowest, "introduced") if kind == "introduced" else (lowest, "")
            steps.append((at, kind))
    affected = False
    for at, kind in sorted(steps):
        if kind == "introduced" and version >= at:
            affected = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            affected = False
    return affected


def _packages(record: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    if record.get("withdrawn"):
        return
    for part in record.get("affected") or []:
        package = part.get("package", {})
        if package.get("ecosystem") == "PyPI":
            yield canonicalize_name(package["name"]), str(record["id"]), part


def _contents(path: Path, shown: str) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of every JSON file."""
    try:
        if path.is_dir():
            for file in sorted(path.rglob("*.json")):
                yield file.relative_to(path).as_posix(), file.read_bytes()
            return
        with zipfile.ZipFile(path) as archive:
            for member in sorted(archive.namelist()):
                if member.endswith(".json"):
                    if archive.getinfo(member).file_size > MAX_RECORD:
                        raise zipfile.BadZipFile(f"{member} is too large")
                    yield member, archive.read(member)
    except (OSError, zipfile.BadZipFile, NotImplementedError) as error:
        reason = getattr(error, "strerror", None) or "it is neither a folder nor a zip file"
        raise UserError(
            f"the database {shown} (tollgate:gates.dependencies.database) can't be read: {reason}; "
            "give a folder or zip file of OSV records."
        ) from error


def _parsed(value: Any) -> Version | None:
    try:
        return Version(value)
    except (InvalidVersion, TypeError):
        return None
