"""A caller's connection: uvicorn's with its quick parser, for clients that offer another protocol as well.

Java's HttpClient offers HTTP/2 with every request of a new connection, others WebSocket or TLS. A server may ignore
the offer and answer (RFC 9110, 7.8). The parser ends such a request at its head instead, and what follows, its body,
would be lost. So the head is read a second time without the offer. Requests that offer nothing cost nothing more.
"""

from __future__ import annotations

from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class Connection(HttpToolsProtocol):
    """One connection of a caller, over which HTTP/1.1 alone is spoken, whatever is offered."""

    def __init__(self, *given: Any, **named: Any):
        super().__init__(*given, **named)
        self._read_anew()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offered:
                if not self._should_upgrade():
                    return
                data = self._head_without_offer() + data[offered.args[0] :]
                self._read_anew()
            except httptools.HttpParserError:
                sentence = "Invalid HTTP request received."
                self.logger.warning(sentence)
                self.send_400_response(sentence)
                return

    def _should_upgrade(self) -> bool:
        """Has uvicorn leave a request alone whose head offers something, until it is read again.

        CONNECT is no offer: it says what the request is, and is refused like any method that no route has.
        """
        return self.scope["method"] != "CONNECT"

    def _read_anew(self) -> None:
        self.parser = httptools.HttpRequestParser(self)
        # As uvicorn has it: the answer to a request may be sent though a client went on after it said "close".
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)

    def _head_without_offer(self) -> bytes:
        method = self.scope["method"].encode()
        lines = [b"%s %s HTTP/%s" % (method, self.url, self.scope["http_version"].encode())]
        lines += [b"%s: %s" % (name, value) for name, value in self.headers if name != b"upgrade"]
        return b"\r\n".join([*lines, b"", b""])
