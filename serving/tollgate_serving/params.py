"""Params of a request, in the types of the model's signature."""

from __future__ import annotations

from typing import Any

from tollgate_serving.request_error import RequestError, speakable
from tollgate_serving.signature import Signature


def checked_params(given: Any, signature: Signature | None) -> dict[str, Any] | None:
    """The params that were given, each as its type; None when there are none, which ``null`` and ``{}`` say as well.

    Raises RequestError naming the param: one that the model doesn't take, or a value that isn't of its type.
    """
    if given is None:
        return None
    if type(given) is not dict:
        raise RequestError(400, "params", "params must be an object.", "params")
    schema = None if signature is None else signature.params
    known = {} if schema is None else {spec.name: spec for spec in schema.params}
    for name in given:
        if name not in known:
            shown = speakable(name)
            which = f"no param {shown}" if shown else "no param with that name"
            allowed = ", ".join(known) or "none"
            sentence = f"The model takes {which}; it takes {allowed}."
            raise RequestError(422, "params", sentence, shown or "params")
    return {name: _checked(value, known[name]) for name, value in given.items()} or None


def _checked(value: Any, spec: Any) -> Any:
    from mlflow.exceptions import MlflowException
    from mlflow.types.schema import ParamSpec

    try:
        return ParamSpec.validate_param_spec(value, spec)
    except (MlflowException, ValueError, TypeError, OverflowError):
        kind = getattr(spec.dtype, "name", None) or "object"
        wanted = f"a list of {kind}" if spec.shape else f"a single {kind}"
        sentence = f"The param {spec.name} holds another value than {wanted}."
        raise RequestError(422, "params", sentence, spec.name) from None
