"""What no type holds, in every format: refused with 422 and a sentence, and never a failure of the scorer's."""

import json
import random

import pytest
from tollgate_serving.formats import parse_invocation, parse_predict
from tollgate_serving.request_error import RequestError
from tollgate_serving.signature import Column, Signature, Tensor
from tollgate_serving.table import model_input

TYPES = ("double", "float", "integer", "long", "boolean", "string", "datetime", "binary")
HUGE = "1" + "0" * 350
#: Text of JSON that doesn't fit each type, though it is of the right kind.
UNFIT = {
    "double": ["1e400", "-1e400", HUGE, "-" + HUGE, "1" * 5000],
    "float": ["3.5e38", "-1e39", "1e400", HUGE],
    "integer": ["2147483648", "-2147483649", "1e19", "1e400", HUGE],
    "long": ["9223372036854775808", "-9223372036854775809", "18446744073709551616", HUGE],
    "datetime": ['"0001-01-01"', '"9999-12-31T23:59:59"', '"1677-09-21"', '"2262-04-12"'],
}
FIT = {
    "double": "1e308",
    "float": "3.4e38",
    "integer": "-2147483648",
    "long": "9223372036854775807",
    "boolean": "true",
    "string": '"a"',
    "datetime": '"2024-01-31T12:00:00"',
    "binary": '"YQ=="',
}


def signature_of(types):
    return Signature("columns", tuple(Column(t, t, True) for t in types), (), True, len(types))


def bodies(names, rows):
    """The same rows, given as text of JSON, in every format: what reads it, and the request's body."""
    lists = "[" + ",".join("[" + ",".join(row) + "]" for row in rows) + "]"
    fields = [",".join(f'"{name}":{cell}' for name, cell in zip(names, row)) for row in rows]
    objects = "[" + ",".join("{" + each + "}" for each in fields) + "]"
    columns = zip(names, zip(*rows))
    by_column = ",".join(f'"{name}":[{",".join(cells)}]' for name, cells in columns)
    lines = [",".join(names), *(",".join(cell.strip('"') for cell in row) for row in rows)]
    split = f'{{"columns":{json.dumps(names)},"data":{lists}}}'
    return {
        "features, lists": f'{{"features":{lists}}}',
        "features, objects": f'{{"features":{objects}}}',
        "split": f'{{"dataframe_split":{split}}}',
        "records": f'{{"dataframe_records":{objects}}}',
        "instances": f'{{"instances":{lists}}}',
        "inputs": f'{{"inputs":{lists}}}',
        "inputs by column": f'{{"inputs":{{{by_column}}}}}',
        "csv": "\n".join(lines),
    }


def parse(name, body, signature):
    if name.startswith("features"):
        return parse_predict(body.encode(), signature)
    media_type = "text/csv" if name == "csv" else "application/json"
    return parse_invocation(body.encode(), media_type, signature)


CASES = [(kind, text) for kind, texts in UNFIT.items() for text in texts]


@pytest.mark.parametrize(
    ("kind", "text"), CASES, ids=[f"{kind} {text[:24]} of {len(text)}" for kind, text in CASES]
)
@pytest.mark.parametrize("beside", [(), ("string",)], ids=["alone", "beside text"])
def test_refuses_what_a_type_does_not_hold_in_every_format(kind, text, beside):
    types = [kind, *beside]
    good, bad = [FIT[each] for each in types], [text, *(FIT[each] for each in beside)]
    for name, body in bodies(types, [good, bad]).items():
        with pytest.raises(RequestError) as caught:
            parse(name, body, signature_of(types))
        assert (name, caught.value.status) == (name, 422)
        assert caught.value.message.endswith(".") and text not in caught.value.message


@pytest.mark.parametrize("types", [["double"], list(TYPES)], ids=["doubles", "all types"])
def test_takes_the_largest_of_each_type_in_every_format(types):
    for name, body in bodies(types, [[FIT[each] for each in types]]).items():
        request = parse(name, body, signature_of(types))
        assert len(model_input(request.rows, signature_of(types))) == 1


def test_refuses_a_date_with_a_zone_which_the_model_would_not_get():
    body = bodies(["datetime"], [['"2024-01-31T12:00:00Z"']])["records"]
    with pytest.raises(RequestError, match="without a zone"):
        parse("records", body, signature_of(["datetime"]))


class Json:
    """Texts of JSON values, drawn: numbers most of all."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def number(self):
        draw = self.random
        whole = draw.choice(
            ["0", "-0", "1", str(draw.getrandbits(draw.choice([31, 63, 64, 2000])))]
        )
        fraction = draw.choice(["", "", "." + str(draw.getrandbits(40))])
        exponent = draw.choice(["", "", f"e{draw.randint(-400, 400)}"])
        return draw.choice(["", "-"]) + whole.lstrip("-") + fraction + exponent

    def value(self, depth=0):
        draw = self.random
        kind = draw.random()
        if kind < 0.6 or depth > 2:
            return self.number()
        if kind < 0.75:
            return draw.choice(
                ['"a"', '""', '"NaN"', '"1e400"', '"2024-13-01"', '"\\u0000"', '"é"']
            )
        if kind < 0.85:
            return draw.choice(["null", "true", "false", "NaN"])
        items = [self.value(depth + 1) for _ in range(draw.randint(0, 3))]
        if kind < 0.93:
            return "[" + ",".join(items) + "]"
        names = draw.sample(["double", "long", "columns", "data", "index"], len(items))
        return "{" + ",".join(f'"{name}":{item}' for name, item in zip(names, items)) + "}"


SIGNATURES = {
    "doubles": signature_of(["double"]),
    "all types": signature_of(TYPES),
    "a matrix": Signature("matrix", (), (), False, 3, None, (Tensor("", "double", (-1, 3)),)),
    "another signature": Signature("other", (), (), False, 0),
    "no signature": None,
}


@pytest.mark.parametrize("signature", SIGNATURES.values(), ids=SIGNATURES.keys())
def test_no_json_value_makes_the_input_check_fail(signature):
    """Seeded, so that a failure comes again."""
    drawn = Json(4711)
    known = [] if signature is None else [column.name for column in signature.columns]
    names, taken, refused = known or ["a", "b"], 0, 0
    for _ in range(1500):
        draw = drawn.random.choice([drawn.number, drawn.value])
        rows = [[draw() for _ in names] for _ in range(drawn.random.randint(1, 2))]
        formats = bodies(names, rows)
        name = drawn.random.choice(list(formats))
        body = formats[name]
        if drawn.random.random() < 0.2:
            field = drawn.random.choice(["features", "dataframe_split", "instances", "inputs"])
            name, body = (
                ("features" if field == "features" else field),
                f'{{"{field}":{drawn.value()}}}',
            )
        try:
            request = parse(name, body, signature)
            taken += 1
        except RequestError as error:
            assert 400 <= error.status < 500
            refused += 1
            continue
        if request.rows is not None:
            model_input(request.rows, signature)
    assert refused > 100
    assert taken > 100 or signature is SIGNATURES["all types"]
