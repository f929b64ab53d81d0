"""What a version says it needs to run, and which of that is known to be vulnerable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from tollgate_serving.fetch import without_password
from tollgate_serving.osv import Database

#: Where MLflow writes requirements, the first that is there counts: the later ones refer to it.
FILES = ("requirements.txt", "python_env.yaml", "conda.yaml")
#: Bytes of one of these files; a real one has some hundreds.
MAX_FILE = 1_000_000
_HASHES = re.compile(r"\s--hash[= ]\S+")
#: A direct reference is exact when it names a commit or the sha256 of the file.
_EXACT_URL = re.compile(r"@[0-9a-f]{40}(#|$)|[#&]sha256=[0-9a-f]{64}(&|$)")


@dataclass(frozen=True)
class _Needed:
    """One requirement as written; name and version are None where it isn't one exact version."""

    text: str
    name: str | None = None
    version: Version | None = None
    exact: bool = False


def read_dependencies(folder: Path, settings: dict[str, Any], project_dir: Path) -> dict[str, Any]:
    """The version's requirements as evidence's ``dependencies``.

    ``settings`` may have ``database``, a folder or zip file of OSV records (https://ossf.github.io/osv-schema),
    from ``project_dir``. Raises UserError when it can't be read; whatever is wrong with the version's own files
    is an unpinned requirement instead.
    """
    name = next((name for name in FILES if (folder / name).is_file()), None)
    needed = _read(folder, name) if name else []
    database = None
    if settings.get("database"):
        database = Database.read(project_dir / settings["database"], settings["database"])
    exact = {(one.name, one.version) for one in needed if one.name and one.version}
    return {
        "file": name,
        "unpinned": sorted({one.text for one in needed if not one.exact}),
        "database": database.facts() if database else None,
        "vulnerable": database.advisories(exact) if database else [],
    }


def _read(folder: Path, name: str) -> list[_Needed]:
    if name == "requirements.txt":
        return _read_requirements(folder, name, set())
    try:
        described = yaml.safe_load(_text(folder / name))
        listed = described.get("dependencies") or []
        listed = [*listed, *(described.get("build_dependencies") or [])]
    except (AttributeError, TypeError, RecursionError, yaml.YAMLError, _Unreadable):
        return [_Needed(f"{name} can't be read")]
    needed: list[_Needed] = []
    for entry in listed:
        if isinstance(entry, dict) and isinstance(entry.get("pip"), list):
            for line in entry["pip"]:
                needed += _from_line(folder, str(line), name, set())
        elif name == "conda.yaml":
            needed.append(_from_conda(str(entry)))
        else:
            needed += _from_line(folder, str(entry), name, set())
    return needed


def _read_requirements(folder: Path, name: str, seen: set[str]) -> list[_Needed]:
    """A requirements file and those it includes, which must lie in the version too."""
    path = (folder / name).resolve()
    if str(path) in seen:
        return []
    seen.add(str(path))
    if not path.is_relative_to(folder.resolve()) or len(seen) > 100:
        return [_Needed(f"-r {name}")]
    try:
        text = _text(path)
    except _Unreadable:
        return [_Needed(f"{name} can't be read")]
    joined = re.sub(r"\\\r?\n", " ", text)
    return [
        needed for line in joined.splitlines() for needed in _from_line(folder, line, name, seen)
    ]


def _from_line(folder: Path, line: str, file: str, seen: set[str]) -> list[_Needed]:
    line = re.sub(r"(^|\s)#.*$", "", line).strip()
    if not line:
        return []
    included = re.fullmatch(r"(?:-r|--requirement)[= ]?\s*(\S+)", line)
    if included:
        beside = (Path(file).parent / included[1]).as_posix()
        return _read_requirements(folder, beside, seen)
    if line.startswith("-") and not re.match(r"(-e|--editable)\b", line):
        # Options of pip, such as where to look for packages.
        return []
    return [_from_requirement(line)]


def _from_requirement(line: str) -> _Needed:
    shown = without_password(_HASHES.sub("", line).strip())
    try:
        requirement = Requirement(_HASHES.sub("", line))
    except InvalidRequirement:
        # A path, an address or nothing at all: not one known version.
        return _Needed(shown)
    if requirement.url is not None:
        return _Needed(shown, exact=bool(_EXACT_URL.search(requirement.url)))
    for specifier in requirement.specifier:
        if specifier.operator in ("==", "===") and not specifier.version.endswith(".*"):
            return _exact(shown, requirement.name, specifier.version)
    return _Needed(shown)


def _from_conda(entry: str) -> _Needed:
    """``name=version``, where ``name=1.2`` also takes 1.2.3 unless it has three parts or ``==``."""
    match = re.fullmatch(
        r"(?:[^:\s]+::)?([A-Za-z0-9_.-]+)\s*(==?)\s*([^=\s*]+)(=\S+)?", entry.strip()
    )
    # conda's interpreter and pip come before anything is installed, and MLflow leaves pip open.
    if re.match(r"(python|pip)\b", entry.strip()):
        return _Needed(entry, exact=True)
    if match and (match[2] == "==" or match[3].count(".") >= 2):
        return _exact(entry, match[1], match[3])
    return _Needed(entry)


def _exact(shown: str, name: str, version: str) -> _Needed:
    try:
        return _Needed(shown, canonicalize_name(name), Version(version), exact=True)
    except InvalidVersion:
        # One exact build, but no advisory can be compared with it.
        return _Needed(shown)


class _Unreadable(Exception):
    """The file isn't text of a sensible size."""


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            content = file.read(MAX_FILE + 1)
        if len(content) > MAX_FILE:
            raise _Unreadable
        return content.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _Unreadable from error
