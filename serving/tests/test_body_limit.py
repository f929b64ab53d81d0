"""Bodies above the limit: the caller gets to read why."""

import pytest
from caller import Caller
from servers import ask, served
from tollgate_serving import app

SENTENCE = "The body is larger than 16 MiB; send fewer rows."
LARGE = 50_000_000
#: Longest wait for an answer that shall not come yet, in seconds.
PAUSE = 1


@pytest.fixture(scope="module")
def port(linear):
    with served(linear) as (port, _):
        yield port


def head(*more, path="/predict"):
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: scorer", *more, "", ""]).encode()


def refused(caller):
    status, document = caller.answer()
    return (status, document["error"]["code"], document["error"]["message"])


@pytest.mark.parametrize("path", ["/predict", "/invocations", "/probabilities"])
def test_a_caller_is_answered_once_it_has_sent_all(port, path):
    # A router between takes an earlier answer for the end, and resets what its caller still sends.
    with Caller(port) as caller:
        caller.send(head(f"Content-Length: {LARGE}", path=path), b" " * (LARGE - 1))
        assert not caller.is_answered(PAUSE)
        caller.send(b" ")
        assert refused(caller) == (413, "too-large", SENTENCE)
        # Nothing of it is taken for the next request.
        caller.send(head("Content-Length: 2") + b"{}")
        assert caller.answer()[0] == 400


def test_so_is_one_that_does_not_say_how_much_it_will_be(port):
    piece = b"%x\r\n%s\r\n" % (1_000_000, b" " * 1_000_000)
    with Caller(port) as caller:
        caller.send(head("Transfer-Encoding: chunked"), *[piece] * 50)
        assert not caller.is_answered(PAUSE)
        caller.send(b"0\r\n\r\n")
        assert refused(caller) == (413, "too-large", SENTENCE)


def test_one_that_asks_before_it_sends_need_not_send_it(port):
    with Caller(port) as caller:
        caller.send(head(f"Content-Length: {LARGE}", "Expect: 100-continue"))
        assert refused(caller) == (413, "too-large", SENTENCE)


def test_one_that_never_ends_is_answered_all_the_same(port, monkeypatch):
    monkeypatch.setattr(app, "MOST_READ", 20_000_000)
    with Caller(port) as caller:
        caller.send(head("Transfer-Encoding: chunked"))
        while not caller.is_answered(0):
            caller.send(b"%x\r\n%s\r\n" % (1_000_000, b" " * 1_000_000))
        assert refused(caller) == (413, "too-large", SENTENCE)


def test_a_body_of_just_the_limit_is_taken(port):
    rows = b'{"features": [[0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]}'
    assert ask(port, "POST", "/predict", rows.ljust(app.MAX_BODY))[0] == 200
    assert ask(port, "POST", "/predict", rows.ljust(app.MAX_BODY + 1))[0] == 413
