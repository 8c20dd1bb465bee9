"""Serving the preview page to the browser on this machine, anew at every save.

Only 127.0.0.1 is listened on, two paths are answered, and a request whose Host is another name is
refused: a page elsewhere whose name was bound to this address (DNS rebinding) reads nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.core.terminal import echo

_LOOK_EVERY = 0.25  # seconds between two looks at the files
_WAIT = 15.0  # seconds after which an idle stream is sent a comment, so that a closed one is noticed
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

State = tuple[tuple[str, int, int], ...]


class Server(ThreadingHTTPServer):
    """The page and its stream of changes. Threads answer; `run` watches until it is interrupted."""

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, folder: Path, make: Callable[[], str], port: int) -> None:
        self.folder = folder
        self.make = make
        self.state = state(folder)
        self.page = make().encode("utf-8")
        self.version = self.sent = 0
        self.changed = threading.Condition()
        self.closing = False
        super().__init__(("127.0.0.1", port), _Answer)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def run(self) -> None:
        """Looks at the files and makes the page anew when they change, until interrupted."""
        while not self.closing:
            time.sleep(_LOOK_EVERY)
            self.look()

    def look(self) -> None:
        """Makes the page anew if a file has changed since the last look."""
        now = state(self.folder)
        if now == self.state:
            return
        self.state = now
        try:
            page = self.make().encode("utf-8")
        except (Failure, OSError) as error:  # a file or the folder is being replaced: look again
            echo(f"ketamine-anki: {error}", err=True)
            self.state = ()
            return
        if page == self.page:
            return
        with self.changed:
            self.page = page
            self.version += 1
            self.changed.notify_all()

    def stop(self) -> None:
        """Ends `run`, the streams and the listening."""
        self.closing = True
        with self.changed:
            self.changed.notify_all()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection is no error."""


class _Answer(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "preview"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        if self.headers.get("Host", "") not in self.server.hosts:
            self._send(
                HTTPStatus.MISDIRECTED_REQUEST, b"this page is served to this machine only\n", "text/plain", body
            )
        elif self.path == "/":
            self.server.sent = self.server.version
            self._send(HTTPStatus.OK, self.server.page, "text/html", body)
        elif self.path == "/events" and body:
            self._stream()
        else:
            self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain", body)

    def _send(self, status: HTTPStatus, content: bytes, kind: str, body: bool) -> None:
        self._head(status, kind, {"Content-Length": str(len(content))})
        if body:
            self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Says `changed` whenever the page is made anew, until the browser goes."""
        self.close_connection = True
        self._head(HTTPStatus.OK, "text/event-stream", {"Connection": "close"})
        server = self.server
        seen = server.sent  # what the browser shows: a save since then is news
        with suppress(OSError):
            self.wfile.write(b"retry: 500\n\n")
            while not server.closing:
                with server.changed:
                    if server.version == seen:
                        server.changed.wait(_WAIT)
                news, seen = server.version != seen, server.version
                self.wfile.write(b"event: changed\ndata:\n\n" if news else b": still here\n\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the parent's
        """Requests are not news."""


@contextmanager
def watched(folder: Path, make: Callable[[], str], port: int = 0) -> Iterator[Server]:
    """A server of the page that `make` makes of a folder, stopped at the end."""
    try:
        server = Server(folder, make, port)
    except OSError as error:
        raise Failure(f"port {port}: cannot listen here: {error.strerror}", EXIT_IO) from None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


def state(folder: Path) -> State:
    """(path, time of change, size) of every file of a folder and its media, in order."""
    found = []
    for place in (folder, folder / "media"):
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                with suppress(OSError):
                    known = entry.stat(follow_symlinks=False)
                    found.append((entry.path, known.st_mtime_ns, known.st_size))
    return tuple(sorted(found))
