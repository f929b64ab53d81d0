"""What a pickle does with the names it loads, in a few words that a list can hold.

``call(text, <array>)``: it is called, with a text and an array. ``new()``: an object of that class is made without
``__init__``. ``build(dict)``: such an object, or what the call returned, takes a state. ``items`` and ``append``:
entries or values are put into it by its own methods. ``value``: it is handed on as it is, so whoever gets it may
call it. Of arguments only the kind counts: ``text``, ``bytes``, ``number`` (also true and false), ``none``, ``list``,
``set``, ``dict``, ``tuple``; a name stands for itself, ``<name>`` for what that name returned, ``<array>`` for any
array and ``<sklearn object>`` for any estimator.
"""

from __future__ import annotations

import re
from typing import Any

from tollgate_serving.pickle_values import Name, Table, Thing, Unknown, names_in

#: What array-making functions and the loaders of joblib return.
_ARRAY_MAKERS = {"multiarray._reconstruct", "numeric._frombuffer"}
#: More arguments say nothing that a list could hold.
MAX_ARGUMENTS = 16
#: A file that uses names in more ways than any model is no model.
MAX_USES = 20_000

_RECONSTRUCTOR = "copyreg._reconstructor"
_ENCODE = "_codecs.encode"


class Uses:
    """How each name is used."""

    def __init__(self) -> None:
        self.by_name: dict[str, set[str]] = {}
        self._count = 0

    def add(self, name: str, use: str) -> None:
        """Raises OverflowError when there are too many to be a model's."""
        uses = self.by_name.setdefault(name, set())
        if use not in uses:
            uses.add(use)
            self._count += 1
            if self._count > MAX_USES:
                raise OverflowError

    def add_all(self, other: Uses) -> None:
        for name, uses in other.by_name.items():
            for use in uses:
                self.add(name, use)

    def value(self, value: Any) -> None:
        """A value goes where anything may be done with it."""
        for name in names_in(value):
            self.add(name, "value")

    def call(self, thing: Thing, keywords: Any = None) -> None:
        """A name is called, or ``__new__`` of a class. Names among the arguments stand in the use itself."""
        if is_plain_bytes(thing):
            self.add(thing.name, "bytes")
            return
        how = "new" if thing.by_new else "call"
        if isinstance(thing.arguments, tuple):
            for argument in thing.arguments:
                if not isinstance(argument, Name):
                    self.value(argument)
            shown = _kinds(thing.arguments)
        else:
            self.value(thing.arguments)
            shown = f"*{kind(thing.arguments)}"
        if keywords is not None:
            shown += f", **{kind(keywords)}"
        self.add(thing.name, f"{how}({shown})")

    def build(self, thing: Thing, state: Any) -> None:
        """An object takes a state; a tuple is told value by value."""
        self.value(state)
        shown = _kinds(state) if isinstance(state, tuple) else kind(state)
        self.add(thing.name, f"build({shown})")


def made_anew(function: Name, arguments: Any) -> Thing:
    """What a call returns. Protocols 0 and 1 make objects by a function; it does what ``__new__`` does."""
    if function.name == _RECONSTRUCTOR and isinstance(arguments, tuple) and len(arguments) == 3:
        made, base, state = arguments
        plain = isinstance(base, Name) and base.name == "builtins.object"
        if isinstance(made, Name) and plain and kind(state) == "none":
            return Thing(made.name, (), by_new=True)
    return Thing(function.name, arguments)


def is_plain_bytes(thing: Thing) -> bool:
    """Older protocols write bytes as a text and Latin-1, which imports nothing; other codecs may."""
    return (
        thing.name == _ENCODE
        and isinstance(thing.arguments, tuple)
        and len(thing.arguments) == 2
        and kind(thing.arguments[0]) == "text"
        and thing.arguments[1] in ("latin1", "latin-1")
    )


def kind(value: Any) -> str:
    """A value in one word."""
    if isinstance(value, Unknown):
        return value.kind
    if isinstance(value, Name):
        return value.name
    if isinstance(value, Thing):
        if is_plain_bytes(value):
            return "bytes"
        last = re.sub(r"^numpy\.(_core|core)\.", "", value.name)
        if last in _ARRAY_MAKERS:
            return "<array>"
        # Estimators are put into each other, any into any; each is listed by its own name.
        inner = value.by_new and value.name.startswith("sklearn.")
        return "<sklearn object>" if inner else f"<{value.name}>"
    if isinstance(value, Table):
        return "dict"
    if isinstance(value, tuple):
        return "tuple"
    return "text" if isinstance(value, str) else "number"


def _kinds(values: tuple[Any, ...]) -> str:
    if len(values) > MAX_ARGUMENTS:
        return f"{MAX_ARGUMENTS} or more"
    return ", ".join(map(kind, values))
