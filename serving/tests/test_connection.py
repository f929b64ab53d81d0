"""Clients that offer another protocol with their request, byte by byte as they write it."""

import json

import pytest
from caller import Caller
from servers import ask, listening, served

ROWS = json.dumps({"features": [[0.5] * 10, [-0.5] * 10]}).encode()
LENGTH = len(ROWS)
#: What clients add to a request as they come; the first is Java's HttpClient.
OFFERS = {
    "HTTP/2, as Java does": [
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA",
    ],
    "HTTP/2, as curl does": [
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
    ],
    "TLS, as Apache HttpClient does": ["Upgrade: TLS/1.2", "Connection: Upgrade"],
    "WebSocket": [
        "Upgrade: websocket",
        "Connection: keep-alive, Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ],
    "something unknown": ["connection: upgrade", "upgrade: tomorrow/7, h2c"],
}


@pytest.fixture(scope="module")
def port(linear):
    with served(linear) as (port, _):
        yield port


def head(offer=(), path="/predict", length=LENGTH, more=(), method="POST", version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", "Host: scorer", *offer, *more]
    lines += [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([*lines, "Content-Type: application/json", "", ""]).encode()


@pytest.fixture(scope="module")
def wanted(port):
    """The answer without any offer."""
    status, document, _ = ask(port, "POST", "/predict", ROWS)
    assert status == 200 and len(document["predictions"]) == 2
    return status, document


@pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS)
class TestAnOffer:
    def test_is_answered_as_if_it_were_none(self, port, wanted, offer):
        with Caller(port) as caller:
            caller.send(head(offer) + ROWS)
            assert caller.answer() == wanted
            # The connection stays, with and without another offer.
            for again in (offer, ()):
                caller.send(head(again) + ROWS)
                assert caller.answer() == wanted

    def test_is_answered_when_the_body_comes_later(self, port, wanted, offer):
        with Caller(port) as caller:
            caller.send(head(offer))
            caller.send(*(ROWS[index : index + 1] for index in range(len(ROWS))))
            assert caller.answer() == wanted

    def test_is_answered_when_all_of_it_comes_byte_by_byte(self, port, wanted, offer):
        with Caller(port) as caller:
            whole = head(offer) + ROWS
            caller.send(*(whole[index : index + 1] for index in range(len(whole))))
            assert caller.answer() == wanted

    def test_is_answered_with_a_body_in_chunks(self, port, wanted, offer):
        chunked = head(offer, length=None, more=["Transfer-Encoding: chunked"])
        body = b"".join(b"%x\r\n%s\r\n" % (1, ROWS[i : i + 1]) for i in range(len(ROWS)))
        with Caller(port) as caller:
            caller.send(chunked + body + b"0\r\n\r\n")
            assert caller.answer() == wanted

    def test_is_answered_one_after_the_other_when_many_come_at_once(self, port, wanted, offer):
        with Caller(port) as caller:
            caller.send((head(offer) + ROWS) * 50 + head() + ROWS)
            assert [caller.answer() for _ in range(51)] == [wanted] * 51

    def test_is_answered_when_the_caller_waits_to_be_asked_for_the_body(self, port, wanted, offer):
        with Caller(port) as caller:
            caller.send(head(offer, more=["Expect: 100-continue"]))
            assert caller.status()[0] == 100
            caller.send(ROWS)
            assert caller.answer() == wanted

    def test_without_a_body_is_answered(self, port, offer):
        with Caller(port) as caller:
            caller.send(head(offer, "/ready", None, method="GET"))
            assert caller.answer() == (200, {"ready": True, "status": "ok"})

    def test_of_an_old_client_is_answered(self, port, wanted, offer):
        with Caller(port) as caller:
            caller.send(head(offer, version="1.0") + ROWS)
            assert caller.answer() == wanted

    def test_says_what_is_wrong_with_the_body(self, port, offer):
        with Caller(port) as caller:
            caller.send(head(offer, length=2) + b"{}")
            status, document = caller.answer()
        assert (status, document["error"]["code"]) == (400, "missing-field")


def test_a_tunnel_is_refused_and_ends_nothing_else(port, wanted):
    with Caller(port) as caller:
        caller.send(b"CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n")
        assert caller.status()[0] == 400
    assert ask(port, "POST", "/predict", ROWS)[:2] == wanted


def test_headers_reach_the_app_as_they_were_sent_but_the_offer(linear):
    seen = []

    async def app(scope, receive, send):
        seen.append(scope)
        body = json.dumps(None).encode()
        length = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.body", "body": body})

    more = ["X-Twice: a", "X-Twice: b", "X-Empty:", "X-Latin: \xe9"]
    with listening(app) as port, Caller(port) as caller:
        for offer in (OFFERS["HTTP/2, as Java does"], ["Connection: Upgrade, HTTP2-Settings"]):
            caller.send(head(offer, "/a%20b?c=%20d", more=more).decode().encode("latin-1") + ROWS)
            assert caller.answer() == (200, None)
    offered, plain = seen
    dropped = [header for header in offered["headers"] if header[0] != b"http2-settings"]
    assert dropped == plain["headers"]
    assert (offered["path"], offered["query_string"], offered["raw_path"]) == (
        plain["path"],
        plain["query_string"],
        plain["raw_path"],
    )
