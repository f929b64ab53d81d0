"""The stack, the memo and the containers of the machine that a pickle is a program for, on placeholders."""

from __future__ import annotations

from typing import Any

from tollgate_serving.pickle_input import DamagedPickle, PickleProblem
from tollgate_serving.pickle_uses import Uses
from tollgate_serving.pickle_values import (
    LIST,
    MARK,
    NONE,
    NUMBER,
    SET,
    Name,
    Table,
    Thing,
    Unknown,
    constant,
    tuple_of,
)


class PickleMachine:
    """What opcodes do that load and call nothing. Each takes the opcode's argument, if there is one."""

    def __init__(self) -> None:
        self.uses = Uses()
        #: Did it call or change anything before it ended or failed?
        self.acted = False
        self._stack: list[Any] = []
        self._memo: dict[int, Any] = {}

    # The stack and the memo.

    def _pop(self) -> Any:
        value = self._top()
        self._stack.pop()
        return value

    def _top(self) -> Any:
        if self._stack[-1] is MARK:
            raise DamagedPickle
        return self._stack[-1]

    def _pop_group(self) -> list[Any]:
        group: list[Any] = []
        while (value := self._stack.pop()) is not MARK:
            group.append(value)
        group.reverse()
        return group

    def _nothing(self, _: Any) -> None:
        """FRAME changes no value."""

    def _stop(self, _: Any) -> None:
        """What is on top is what the pickle is."""
        if self._stack:
            self.uses.value(self._stack[-1])

    def _push_none(self, _: Any) -> None:
        self._stack.append(NONE)

    def _push_truth(self, _: Any) -> None:
        self._stack.append(NUMBER)

    def _push_list(self, _: Any) -> None:
        self._stack.append(LIST)

    def _push_set(self, _: Any) -> None:
        self._stack.append(SET)

    def _push_constant(self, argument: Any) -> None:
        self._stack.append(constant(argument))

    def _push_mark(self, _: Any) -> None:
        self._stack.append(MARK)

    def _push_table(self, _: Any) -> None:
        self._stack.append(Table())

    def _push_tuple(self, size: int) -> None:
        values = [self._pop() for _ in range(size)]
        self._stack.append(tuple_of(values[::-1]))

    def _push_group_as_tuple(self, _: Any) -> None:
        self._stack.append(tuple_of(self._pop_group()))

    def _push_group_as_list(self, _: Any) -> None:
        self._keep(self._pop_group())
        self._stack.append(LIST)

    def _push_group_as_set(self, _: Any) -> None:
        self._keep(self._pop_group())
        self._stack.append(SET)

    def _keep(self, values: list[Any]) -> None:
        for value in values:
            self.uses.value(value)

    def _drop(self, _: Any) -> None:
        self._stack.pop()

    def _drop_group(self, _: Any) -> None:
        self._pop_group()

    def _duplicate(self, _: Any) -> None:
        self._stack.append(self._top())

    def _put(self, index: int | None) -> None:
        self._memo[len(self._memo) if index is None else index] = self._top()

    def _get(self, index: int) -> None:
        self._stack.append(self._memo[index])

    # Containers.

    def _add_value(self, _: Any) -> None:
        self._keep([self._pop()])
        self._changed(self._top(), "append")

    def _add_group(self, _: Any) -> None:
        self._keep(self._pop_group())
        self._changed(self._top(), "append")

    def _set_entry(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        self._set(self._top(), [key, value])

    def _set_group(self, _: Any) -> None:
        pairs = self._pop_group()
        self._set(self._top(), pairs)

    def _push_group_as_table(self, _: Any) -> None:
        table = Table()
        self._set(table, self._pop_group())
        self._stack.append(table)

    def _set(self, target: Any, pairs: list[Any]) -> None:
        self._keep(pairs)
        if not isinstance(target, Table):
            self._changed(target, "items")
            return
        for key, value in zip(pairs[::2], pairs[1::2]):
            if type(key) is str:
                target.entries[key] = value

    def _changed(self, target: Any, use: str) -> None:
        """Values go into anything but a list, set or dict by its own methods, which is a call."""
        if isinstance(target, Unknown):
            return
        self.acted = True
        if isinstance(target, Name):
            raise PickleProblem(f"it changes {target.name} itself")
        if isinstance(target, Thing):
            self.uses.add(target.name, use)
