"""YAML that can be read in one way only, so that whoever judges it sees what MLflow will see."""

from __future__ import annotations

import re
from typing import Any

import yaml

#: Mappings and lists within each other. MLflow writes five levels, and a signature as one text.
MAX_DEPTH = 20
#: Values in one file.
MAX_VALUES = 50_000
# What YAML may take for another line's end or leaves out, and what no text editor shows.
_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


class OddYaml(ValueError):
    """Why a file isn't taken: a clause without a full stop."""


def read_plain_yaml(content: bytes, limit: int) -> Any:
    """The value of a YAML file in UTF-8, of at most ``limit`` bytes. Raises OddYaml for keys that stand twice, anchors,
    aliases, tags of its own, several documents, odd characters, and where it is too deep or too long."""
    if len(content) > limit:
        raise OddYaml(f"it has more than {limit:,} bytes")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise OddYaml("it isn't UTF-8") from None
    if odd := _ODD.search(text):
        raise OddYaml(f"it holds the character U+{ord(odd[0]):04X}")
    try:
        return yaml.load(text, Loader=_PlainLoader)
    except OddYaml:
        raise
    except (yaml.YAMLError, ValueError, OverflowError, TypeError, RecursionError) as error:
        raise OddYaml(first_line(error)) from None


class _PlainLoader(yaml.SafeLoader):
    """PyYAML's safe loader, without what lets one text mean more than it shows."""

    def __init__(self, text: str):
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise OddYaml("it has an anchor or an alias")
        if getattr(event, "tag", None) is not None:
            raise OddYaml(f"it has the tag {str(event.tag)[:100]!r}")
        self._depth += 1
        self._values += 1
        if self._depth > MAX_DEPTH:
            raise OddYaml(f"it is more than {MAX_DEPTH} levels deep")
        if self._values > MAX_VALUES:
            raise OddYaml(f"it has more than {MAX_VALUES:,} values")
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        keys: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                raise OddYaml("it has a key that is no plain text")
            if key.value in keys:
                raise OddYaml(f"it has the key {key.value[:100]!r} twice")
            keys.add(key.value)
        return super().construct_mapping(node, deep)


def first_line(error: BaseException) -> str:
    """The first line of an error, without its full stop."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(" .")
