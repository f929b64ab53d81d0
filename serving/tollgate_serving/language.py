"""Bodies as language models take them: the model's input and its params side by side, without one of the formats."""

from __future__ import annotations

from typing import Any

from tollgate_serving.signature import Signature

#: One of these at the top of a body says that it is one: of a chat, a completion, an embedding. They are MLflow's.
LANGUAGE_KEYS = frozenset(("messages", "prompt", "input"))


def is_language(document: dict[str, Any]) -> bool:
    return not LANGUAGE_KEYS.isdisjoint(document)


def input_and_params(
    document: dict[str, Any], signature: Signature | None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the signature has among its params is one; all else is input."""
    schema = None if signature is None else signature.params
    known = set() if schema is None else {spec.name for spec in schema.params}
    given = {name: value for name, value in document.items() if name not in known}
    return given, {name: value for name, value in document.items() if name in known}
