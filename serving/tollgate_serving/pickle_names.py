"""Which names a pickle loads, told without unpickling it.

A pickle is a program for a small machine with a stack and a memo. This module runs that program on
placeholders: nothing is imported, called or built. ``pickletools`` of the standard library decodes the
opcodes, so what they mean is what Python's own unpickler takes them for. A pickle machine has no branches:
one run sees every name. Whatever this reader is unsure of becomes a ``PickleProblem``, never a shorter list.

joblib writes the bytes of arrays between the opcodes, where only its own loader skips them. A file with such
arrays has two readings, joblib's and plain pickle's, and must be harmless in both.
"""

from __future__ import annotations

import copyreg
import pickletools
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

from tollgate_serving.pickle_input import Budget, DamagedPickle, PickleProblem, Reader
from tollgate_serving.pickle_machine import PickleMachine
from tollgate_serving.pickle_uses import made_anew
from tollgate_serving.pickle_values import (
    ARRAY,
    CODE_MAKERS,
    UNKNOWN,
    Name,
    Table,
    Thing,
    array_layout,
    makes_code_type,
    may_be_text,
    tuple_of,
)

#: Bounds on the memory of one reading.
MAX_MEMO = 2_000_000
MAX_STACK = 1_000_000

#: joblib's stand-in for an array; only its own loader knows it.
_ARRAY = "joblib.numpy_pickle.NumpyArrayWrapper"


class PickleReader(PickleMachine):
    """Reads one pickle and collects its names in ``loads`` and what it does with them in ``uses``, also when it fails
    halfway."""

    def __init__(self, reader: Reader, budget: Budget, arrays: bool = False, check: bool = False):
        """``arrays``: skip arrays as joblib does. ``check``: stop where a module can't be found, as an unpickler
        does; for the plain reading of joblib's files, whose arrays look like opcodes."""
        super().__init__()
        self.loads: set[str] = set()
        #: Code that the file holds itself, and calls of what has no name.
        self.warnings: set[str] = set()
        #: Does it hold arrays the way joblib writes them?
        self.has_arrays = False
        #: Opcodes read so far.
        self.opcodes = 0
        self._reader = reader
        self._budget = budget
        self._arrays = arrays
        self._check = check
        self._protocol = 0

    def run(self) -> None:
        """Reads up to STOP. Raises PickleProblem when the pickle is damaged, too large or not to be told."""
        for name, argument in self._steps():
            self._budget.spend()
            self.opcodes += 1
            action = _ACTIONS.get(name)
            if action is None:
                raise PickleProblem(f"it uses the opcode {name}, which no model needs")
            try:
                action(self, argument)
            except OverflowError as error:
                raise PickleProblem("it uses names in more ways than a model does") from error
            except (ValueError, IndexError, KeyError, TypeError) as error:
                raise DamagedPickle from error
            if len(self._stack) > MAX_STACK or len(self._memo) > MAX_MEMO:
                raise PickleProblem("it needs more memory than a scan may use")

    def _steps(self) -> Iterator[tuple[str, Any]]:
        """Opcodes with their arguments."""
        steps = pickletools.genops(self._reader)
        while True:
            self._reader.lines.clear()
            try:
                opcode, argument, _ = next(steps)
            except StopIteration:
                return
            except (ValueError, OverflowError) as error:
                # The decoder takes fewer numbers and texts in lines than an unpickler, which would read on.
                if self._reader.lines:
                    raise PickleProblem(
                        "it has a line that unpicklers may read otherwise"
                    ) from error
                raise DamagedPickle from error
            yield opcode.name, argument

    # Names.

    def _load(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            if may_be_text(module) and may_be_text(name):
                raise PickleProblem("it computes the name of what it loads")
            raise DamagedPickle
        if self._protocol < 3:
            # As Python 3 reads names that Python 2 wrote.
            if (module, name) in NAME_MAPPING:
                module, name = NAME_MAPPING[(module, name)]
            elif module in IMPORT_MAPPING:
                module = IMPORT_MAPPING[module]
        if self._check and not _is_importable(module):
            raise DamagedPickle
        full = full_name(module, name)
        self.loads.add(full)
        if full in CODE_MAKERS:
            self._holds_code(full)
        self._stack.append(Name(full))

    def _load_line(self, argument: str) -> None:
        # The decoder joins the two lines with a space and takes a backslash for an escape; a name has neither.
        parts = argument.split(" ")
        if len(parts) != 2 or any(b"\\" in line for line in self._reader.lines):
            raise PickleProblem("it loads a name with a space or a backslash")
        self._load(*parts)

    def _load_from_stack(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        self._load(module, name)

    def _load_extension(self, code: int) -> None:
        known = copyreg._inverted_registry.get(code)  # type: ignore[attr-defined]
        if known is None:
            raise PickleProblem(f"it loads the registered extension {code}")
        self._load(*known)

    def _load_persistent(self, _: Any) -> None:
        """PERSID: torch's storages. What answers it is the loader's code, not the file's."""
        self._stack.append(UNKNOWN)

    def _load_persistent_from_stack(self, _: Any) -> None:
        self._keep([self._pop()])
        self._stack.append(UNKNOWN)

    def _holds_code(self, maker: str) -> None:
        self._warn(f"it holds Python code, made by {maker}")

    def _warn(self, warning: str) -> None:
        # The first says enough: a function alone takes three of them.
        if not self.warnings:
            self.warnings.add(warning)

    # Calls.

    def _reduce(self, _: Any) -> None:
        arguments, function = self._pop(), self._pop()
        if isinstance(function, Name) and makes_code_type(function.name, arguments):
            self._holds_code(function.name)
        self._call(function, arguments)

    def _new(self, _: Any) -> None:
        arguments, kind = self._pop(), self._pop()
        self._call(kind, arguments, by_new=True)

    def _new_with_keywords(self, _: Any) -> None:
        keywords, arguments, kind = self._pop(), self._pop(), self._pop()
        self._keep([keywords])
        self._call(kind, arguments, by_new=True, keywords=keywords)

    def _object(self, _: Any) -> None:
        kind, *arguments = self._pop_group()
        self._call(kind, tuple_of(arguments))

    def _instance(self, argument: str) -> None:
        # Python's own unpickler loads before it looks for the arguments.
        self._load_line(argument)
        kind = self._pop()
        self._call(kind, tuple_of(self._pop_group()))

    def _call(
        self, function: Any, arguments: Any, by_new: bool = False, keywords: Any = None
    ) -> None:
        self.acted = True
        values = arguments if isinstance(arguments, tuple) else (arguments,)
        # joblib makes its arrays by __new__ alone; then only do we know where their bytes are.
        as_joblib = by_new and arguments == ()
        if any(map(_is_array, values)) or (_is_array(function) and not as_joblib):
            raise PickleProblem("it builds joblib's arrays in an unusual way")
        if not isinstance(function, Name):
            self._warn("it calls what isn't a name, such as what another call returned")
            self._stack.append(UNKNOWN)
            return
        made = Thing(function.name, arguments, True) if by_new else made_anew(function, arguments)
        self.uses.call(made, keywords)
        self._stack.append(made)

    def _build(self, _: Any) -> None:
        self.acted = True
        state, built = self._pop(), self._top()
        if isinstance(built, Name):
            raise PickleProblem(f"it changes {built.name} itself")
        if not isinstance(built, Thing):
            return
        self.uses.build(built, state)
        for name in _special_names(state):
            self._warn(f"it sets {name!r}, which changes what an object is")
        if built.name == _ARRAY:
            if built.state is not None:
                # What the first state left would still count for joblib.
                raise PickleProblem("it builds joblib's arrays in an unusual way")
            self.has_arrays = True
            if self._arrays:
                self._skip_array(state)
                self._stack[-1] = ARRAY
        built.state = state

    def _skip_array(self, state: Any) -> None:
        """Passes over an array's bytes as ``NumpyArrayWrapper.read_array`` of joblib 1.6 does."""
        facts = state.entries if isinstance(state, Table) else {}
        shape = facts.get("shape")
        if not isinstance(shape, tuple) or any(type(size) is not int or size < 0 for size in shape):
            raise PickleProblem("it holds an array without a plain shape")
        size, objects = array_layout(facts.get("dtype"))
        if objects:
            self._read_objects()
            return
        # Between state and bytes is one byte with the length of a padding, since joblib 1.1.
        if "numpy_array_alignment_bytes" in facts:
            if type(facts["numpy_array_alignment_bytes"]) is not int:
                raise PickleProblem("it holds an array with an unknown alignment")
            padding = self._reader.read(1)
            if not padding or self._reader.skip(padding[0]) != padding[0]:
                raise DamagedPickle
        for each in shape:
            size *= each
        if self._reader.skip(size) != size:
            raise DamagedPickle

    def _read_objects(self) -> None:
        inner = PickleReader(self._reader, self._budget)
        try:
            inner.run()
        finally:
            self.loads |= inner.loads
            self.uses.add_all(inner.uses)
            self.warnings |= inner.warnings


def full_name(module: str, name: str) -> str:
    """A global name in one text. What is reached through attributes, such as a method, has a colon."""
    return f"{module}:{name}" if "." in name else f"{module}.{name}"


def _special_names(state: Any) -> list[str]:
    """A state sets attributes; those with a special name, such as ``__class__``, change what the object is."""
    tables = [state, *state] if isinstance(state, tuple) else [state]
    names = [name for table in tables if isinstance(table, Table) for name in table.entries]
    return sorted(name for name in names if name.startswith("__") and name.endswith("__"))


def _is_array(value: Any) -> bool:
    return isinstance(value, Name) and value.name.endswith("ArrayWrapper")


def _is_importable(module: str) -> bool:
    """Is there a package of that name? Looks, and imports nothing."""
    try:
        return find_spec(module.partition(".")[0]) is not None
    except (ValueError, ImportError):
        return False


def _tuple_of(size: int) -> Callable[[PickleReader, Any], None]:
    return lambda reader, _: reader._push_tuple(size)


_Action = Callable[[PickleReader, Any], None]
_GROUPS: dict[_Action, str] = {
    PickleReader._push_constant: "INT BININT BININT1 BININT2 LONG LONG1 LONG4 FLOAT BINFLOAT "
    "STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES BINBYTES8 BYTEARRAY8 NEXT_BUFFER UNICODE "
    "SHORT_BINUNICODE BINUNICODE BINUNICODE8",
    PickleReader._push_none: "NONE",
    PickleReader._push_truth: "NEWTRUE NEWFALSE",
    PickleReader._push_list: "EMPTY_LIST",
    PickleReader._push_set: "EMPTY_SET",
    PickleReader._nothing: "FRAME READONLY_BUFFER",
    PickleReader._stop: "STOP",
    PickleReader._push_mark: "MARK",
    PickleReader._push_table: "EMPTY_DICT",
    PickleReader._push_group_as_tuple: "TUPLE",
    PickleReader._push_group_as_list: "LIST",
    PickleReader._push_group_as_set: "FROZENSET",
    PickleReader._push_group_as_table: "DICT",
    PickleReader._drop: "POP",
    PickleReader._drop_group: "POP_MARK",
    PickleReader._duplicate: "DUP",
    PickleReader._put: "PUT BINPUT LONG_BINPUT MEMOIZE",
    PickleReader._get: "GET BINGET LONG_BINGET",
    PickleReader._add_value: "APPEND",
    PickleReader._add_group: "APPENDS ADDITEMS",
    PickleReader._set_entry: "SETITEM",
    PickleReader._set_group: "SETITEMS",
    PickleReader._load_line: "GLOBAL",
    PickleReader._load_from_stack: "STACK_GLOBAL",
    PickleReader._load_extension: "EXT1 EXT2 EXT4",
    PickleReader._load_persistent: "PERSID",
    PickleReader._load_persistent_from_stack: "BINPERSID",
    PickleReader._reduce: "REDUCE",
    PickleReader._new: "NEWOBJ",
    PickleReader._new_with_keywords: "NEWOBJ_EX",
    PickleReader._object: "OBJ",
    PickleReader._instance: "INST",
    PickleReader._build: "BUILD",
}


def _set_protocol(reader: PickleReader, version: int) -> None:
    if version > 5:
        raise DamagedPickle
    reader._protocol = version


_ACTIONS: dict[str, _Action] = {
    name: action for action, names in _GROUPS.items() for name in names.split()
} | {
    "PROTO": _set_protocol,
    "EMPTY_TUPLE": _tuple_of(0),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
}
