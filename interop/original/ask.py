"""Sends a request of the corpus to a server, byte by byte as it is written, and takes the answer."""

import http.client
from typing import NamedTuple
from urllib.parse import urlsplit

from message import USUAL_HEADERS

SECONDS = 15
SESSION = "Mcp-Session-Id"


class Answer(NamedTuple):
    status: int
    content_type: str
    body: bytes | None  # none of a stream that stays open


class Unreachable(Exception):
    """A server that cannot be compared with."""


class Server:
    """One server, on one connection for as long as that lasts."""

    def __init__(self, url):
        parts = urlsplit(url)
        self.url, self.path, self.session = url, parts.path, None
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=SECONDS)

    def ask(self, request):
        """The answer; None where there is none, or none in time."""
        kept = self.connection.sock is not None
        try:
            return self.exchange(request)
        except (http.client.HTTPException, ConnectionError):
            # A connection that was kept may have been ended meanwhile.
            self.connection.close()
            return self.ask(request) if kept else None
        except TimeoutError:
            self.connection.close()
            return None

    def exchange(self, request):
        self.send(request)
        response = self.connection.getresponse()
        content_type = response.getheader("Content-Type", "")
        # A host gives a session to whoever names none. As a client would, all stay in the first.
        self.session = self.session or response.getheader(SESSION)
        if request.method == "GET" and content_type.startswith("text/event-stream"):
            self.connection.close()
            return Answer(response.status, content_type, None)
        return Answer(response.status, content_type, response.read())

    def send(self, request):
        if self.connection.sock is None:
            try:
                self.connection.connect()
            except OSError as error:
                raise Unreachable(f"connect to {self.url}: {error}") from error
        headers = USUAL_HEADERS | {SESSION: self.session} | request.headers
        self.connection.putrequest(request.method, self.path, skip_accept_encoding=True)
        for name, value in headers.items():
            if value is not None:
                self.connection.putheader(name, value)
        self.connection.putheader("Content-Length", str(len(request.body)))
        try:
            self.connection.endheaders(request.body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # A body that is too large may be answered before all of it is read.
