"""What a request's content type says of its body."""

from __future__ import annotations

from tollgate_serving import table_bodies
from tollgate_serving.request_error import RequestError

JSON = "application/json"
CSV = "text/csv"
#: What ``POST /invocations`` takes.
MEDIA_TYPES = (JSON, CSV, table_bodies.PARQUET, table_bodies.ARROW)
_UTF8 = ("utf-8", "utf8")


def media_type_of(content_type: str) -> str:
    """One of ``MEDIA_TYPES``; JSON where nothing is said. Raises RequestError.

    As for MLflow, the one parameter is the charset, which is UTF-8: another one would say that the body means something
    else than it is taken for, such as a CSV without a header.
    """
    if content_type == JSON:
        return JSON
    media_type, *parameters = (part.strip() for part in content_type.lower().split(";"))
    if media_type not in (*MEDIA_TYPES, ""):
        sentence = f"The content type must be one of {', '.join(MEDIA_TYPES)}."
        raise RequestError(415, "media-type", sentence, "content-type")
    for parameter in filter(None, parameters):
        name, _, value = parameter.partition("=")
        if name.strip() != "charset" or value.strip(' "') not in _UTF8:
            sentence = "The content type takes no parameter but charset=utf-8; send the body in UTF-8 and leave it out."
            raise RequestError(415, "media-type", sentence, "content-type")
    return media_type or JSON
