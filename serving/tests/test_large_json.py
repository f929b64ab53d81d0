"""Large bodies read in pieces: the same as read at once, whatever is in them."""

import json
import random

import orjson
import pytest
from tollgate_serving import large_json

ROWS = {
    "lists": [[1, 2.5], [3, None]],
    "objects": [{"a": 1, "b": "x"}, {"b": 'y],["z', "a": {}}],
    "texts with commas after brackets": [["],["], ["},{"], ["\\]"], ["\u00e9],"]],
    "arrays": [[[1, 2], [3, 4]], [[5, 6], [7, 8]]],
    "bare values": [1, 2, "three, four", None],
    "all kinds": [1, [2], {"c": [3]}, "],"],
}
AROUND = {
    "features": '{"features": ROWS}',
    "features and params": '{"features":ROWS , "params": {"a": 1}}',
    "params with a list": '{"features": ROWS, "params": {"a": [1, 2]}}',
    "params first": '{"params": {"a": [1]}, "features": ROWS}',
    "twice": '{"features": ROWS, "features": ROWS}',
    "twice, the last one empty": '{"features": ROWS, "features": []}',
    "in a text": '{"features": "ROWS"}',
    "records": ' { "dataframe_records" : ROWS } ',
    "a split": '{"dataframe_split": {"columns": ["a", "b"], "data": ROWS}}',
    "a split with an index": '{"dataframe_split": {"index": [1, 2], "columns": ["a"], "data": ROWS}}',
    "a split that goes on": '{"dataframe_split": {"data": ROWS, "columns": ["a"]}}',
    "a split with a bracket in a name": '{"dataframe_split": {"columns": ["a]"], "data": ROWS}}',
    "an unknown key": '{"rows": ROWS}',
    "a list": "ROWS",
}


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(large_json, "PIECE", 3)


def outcome(loads, body):
    try:
        return loads(body)
    except orjson.JSONDecodeError as error:
        return (error.msg, error.lineno, error.colno)


@pytest.mark.parametrize("rows", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("around", AROUND.values(), ids=AROUND)
@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (" , ", " : ")], ids=repr)
def test_is_what_it_is_at_once(rows, around, separators):
    written = json.dumps(rows * 5, separators=separators, ensure_ascii=False)
    body = around.replace("ROWS", written).encode()
    assert outcome(large_json.loads, body) == outcome(orjson.loads, body)


def test_is_what_it_is_at_once_when_bytes_were_changed():
    drawn = random.Random(7)
    for _ in range(20_000):
        rows, around = drawn.choice([*ROWS.values()]), drawn.choice([*AROUND.values()])
        body = bytearray(around.replace("ROWS", json.dumps(rows * 2)).encode())
        for _ in range(drawn.randint(1, 3)):
            place = drawn.randrange(len(body))
            kept = drawn.choice([0, 1])
            body[place : place + kept] = drawn.choice(
                [
                    b"",
                    b",",
                    b"]",
                    b"[",
                    b"{",
                    b"}",
                    b'"',
                    b"\\",
                    b" ",
                    b"],",
                    b"1",
                    b"1e999",
                    b"\xff",
                ]
            )
        body = bytes(body)
        assert outcome(large_json.loads, body) == outcome(orjson.loads, body), body


@pytest.mark.parametrize("name", ["features", "features and params", "a split with an index"])
@pytest.mark.parametrize(
    "rows", [[[1, 2.5], [3, None]], [{"a": 1}, {"b": "x"}], [1, 2, 3]], ids=str
)
def test_what_clients_send_is_read_in_pieces(name, rows, monkeypatch):
    body = AROUND[name].replace("ROWS", json.dumps(rows * 100)).encode()
    sizes = []

    class Recording:
        JSONDecodeError = orjson.JSONDecodeError

        @staticmethod
        def loads(part):
            sizes.append(len(part))
            return orjson.loads(part)

    monkeypatch.setattr(large_json, "orjson", Recording)
    assert large_json.loads(body) == json.loads(body)
    assert max(sizes) < len(body) / 4
