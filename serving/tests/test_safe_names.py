"""The committed list is what the packages of this environment write."""

import importlib
import json
import subprocess
import sys
import types
from pathlib import Path

import pytest

SERVING = Path(__file__).parents[1]
GENERATOR = SERVING / "safe_names"


def safe_names():
    """Each name of the list with the uses it may have."""
    names = {}
    for group in json.loads((SERVING / "tollgate_serving" / "safe_names.json").read_text())[
        "groups"
    ]:
        for name, uses in group["names"].items():
            names.setdefault(name, set()).update(uses)
    return names


def test_the_list_is_what_the_packages_give():
    done = subprocess.run([sys.executable, GENERATOR], capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_handed_to_a_function_is_a_class_and_never_a_function():
    """A function on the list may call what it gets: then that only makes an object, is pandas' mark for nothing, or is
    the one function with which functools.partial is listed."""
    handed = {
        part
        for uses in safe_names().values()
        for use in uses
        for part in use.partition("(")[2].rstrip(")").split(", ")
        if "." in part and not part.startswith("<")
    }
    assert len(handed) > 50
    functions = [name for name in handed if not isinstance(_found(name), type)]
    assert sorted(functions) == ["pandas.NA", "sklearn.utils.validation.check_array"]


def _found(name):
    module, _, attribute = name.rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@pytest.mark.parametrize("code", ["eval", "exec", "compile", "__import__", "import_module", "open"])
def test_no_function_on_the_list_evaluates_imports_or_opens(code):
    """Of the functions written in Python: what they name. Cython's were looked at when they came on the list."""
    named = []
    for name, uses in safe_names().items():
        if any(use.startswith(("call(", "value")) for use in uses):
            function = getattr(_found_or_none(name), "__wrapped__", _found_or_none(name))
            if isinstance(function, types.FunctionType) and code in function.__code__.co_names:
                named.append(name)
    assert named == []


def _found_or_none(name):
    """None for a package that isn't here, and for what another numpy calls otherwise."""
    try:
        return _found(name)
    except (ImportError, AttributeError):
        return None
