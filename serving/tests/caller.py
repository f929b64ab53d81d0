"""A client that decides by itself which bytes it sends, and when."""

import http.client
import json
import select
import socket


class Caller:
    """A connection that is written to piece by piece, and may have several answers on their way."""

    def __init__(self, port):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._answers.close()
        self._socket.close()

    def send(self, *pieces):
        for piece in pieces:
            self._socket.sendall(piece)

    def is_answered(self, seconds):
        """Is there an answer to be read within this time?"""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def status(self):
        """The next status, and its headers."""
        line = self._answers.readline()
        assert line, "the connection was closed without an answer"
        return int(line.split()[1]), http.client.parse_headers(self._answers)

    def answer(self):
        """Status and document of the next answer."""
        status, headers = self.status()
        return status, json.loads(self._answers.read(int(headers["content-length"])))
