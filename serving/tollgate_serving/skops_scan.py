"""What a skops file would import and make, told from its schema.

A schema is a tree of nodes. Each says which of skops' loaders makes it, of which class or function: a name is used by
that loader, as in ``skops ObjectNode``. The types that a table's keys are made with are called with a text: ``skops
key TypeNode``. What is called later with arguments of the file's says which function that is: ``skops
PartialNode(numpy.clip)``. A node that skops wouldn't take is told as a problem.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
import zlib
from typing import Any

from tollgate_serving.archives import Source, Unpacking
from tollgate_serving.pickle_uses import Uses
from tollgate_serving.yaml_file import first_line

#: Bytes of a skops file's schema.
MAX_SCHEMA = 64_000_000


def read_schema(archive: zipfile.ZipFile) -> dict[str, Any] | None:
    """The schema of a skops file; None when the archive is something else."""
    try:
        if archive.getinfo("schema.json").file_size > MAX_SCHEMA:
            return None
        schema = json.loads(archive.read("schema.json"))
    except (ValueError, OSError, RecursionError, RuntimeError, zlib.error, zipfile.BadZipFile):
        return None
    return schema if isinstance(schema, dict) and "__loader__" in schema else None


def read_skops(
    archive: zipfile.ZipFile,
    schema: dict[str, Any],
    source: Source,
    unpacking: Unpacking,
    uses: Uses,
) -> tuple[set[str], set[str]]:
    """Names that the file would load, and problems; ``uses`` takes how each is used."""
    from skops.io import get_untrusted_types
    from skops.io._protocol import PROTOCOL

    loads, problems = set(), set()
    if schema.get("protocol") != PROTOCOL:
        # The file itself chooses which loaders read it: older ones check less, and aren't what the list was made by.
        problems.add(f"it is written in another version of the format than {PROTOCOL}")
    try:
        loads |= _names_in(schema, uses)
    except OverflowError:
        problems.add("it uses names in more ways than a model does")
    unpacking.spend(sum(member.file_size for member in archive.infolist()))
    try:
        # skops reads everything but builds nothing.
        with source.as_file() as path, contextlib.redirect_stdout(io.StringIO()):
            loads |= set(get_untrusted_types(file=path))
    except Exception as error:
        problems.add(f"skops can't read it: {first_line(error)}")
    return loads, problems


def _names_in(schema: dict[str, Any], uses: Uses) -> set[str]:
    """``module.name`` of every node, which for skops is what it may import or call."""
    names: set[str] = set()
    pending: list[tuple[Any, bool]] = [(schema, False)]
    while pending:
        value, is_key = pending.pop()
        if isinstance(value, dict):
            name = _name_of(value)
            if name is not None:
                names.add(name)
                uses.add(name, f"skops {'key ' * is_key}{_loader(value)}"[:160])
            pending += [(each, is_key or key == "key_types") for key, each in value.items()]
        elif isinstance(value, list):
            pending += [(each, is_key) for each in value]
    return names


def _loader(node: dict[str, Any]) -> str:
    """How skops makes it."""
    loader, content = node.get("__loader__"), node.get("content")
    if loader != "PartialNode":
        return str(loader)
    called = content.get("func") if isinstance(content, dict) else None
    plain = isinstance(called, dict) and called.get("__loader__") == "FunctionNode"
    return f"{loader}({_name_of(called) if plain else 'another thing'})"


def _name_of(node: dict[str, Any]) -> str | None:
    module, name = node.get("__module__"), node.get("__class__")
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    content = node.get("content")
    if node.get("__loader__") == "MethodNode" and isinstance(content, dict):
        return f"{module}:{name}.{content.get('func')}"
    return f"{module}:{name}" if "." in name else f"{module}.{name}"
