"""An HTTP server that shows the preview page to the browser on this machine and reloads it at every save.

It listens on 127.0.0.1 alone, answers two paths, and refuses a request whose Host is another name: a page elsewhere
whose name resolves to this address (DNS rebinding) can read nothing.
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

_POLL = 0.25  # seconds between two looks at the files
_KEEP_ALIVE = 15.0  # seconds after which an idle stream is sent a comment, so that a closed one is noticed
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Server(ThreadingHTTPServer):
    """The page and its stream of changes. Threads answer requests; `watch` polls the files until interrupted.

    `make` returns the page. When it fails because files are being replaced, `complain` gets the error and the old
    page stays.
    """

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, folder: Path, make: Callable[[], str], complain: Callable[[Exception], None], port: int) -> None:
        self.folder, self.make, self.complain = folder, make, complain
        self.files = _files(folder)
        self.page = make().encode("utf-8")
        self.version = 0
        self.sent = 0  # the version that the browser shows
        self.changed = threading.Condition()
        self.closing = False
        super().__init__(("127.0.0.1", port), _Handler)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"

    def watch(self) -> None:
        """Makes the page anew whenever the files change, until interrupted."""
        while not self.closing:
            time.sleep(_POLL)
            self.poll()

    def poll(self) -> None:
        """Makes the page anew if a file has changed since the last poll."""
        files = _files(self.folder)
        if files == self.files:
            return
        self.files = files
        try:
            page = self.make().encode("utf-8")
        except (Failure, OSError) as error:
            self.complain(error)
            self.files = ()  # try again at the next poll
            return
        if page == self.page:
            return
        with self.changed:
            self.page = page
            self.version += 1
            self.changed.notify_all()

    def stop(self) -> None:
        """Ends `watch`, the streams and the listening."""
        self.closing = True
        with self.changed:
            self.changed.notify_all()
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that closes a connection is no error."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "preview"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        if self.headers.get("Host", "") not in self.server.hosts:
            message = b"this page is served to this machine only\n"
            self._send(HTTPStatus.MISDIRECTED_REQUEST, message, "text/plain")
        elif self.path == "/":
            self.server.sent = self.server.version
            self._send(HTTPStatus.OK, self.server.page, "text/html")
        elif self.path == "/events" and self.command == "GET":
            self._stream()
        else:
            self._send(HTTPStatus.NOT_FOUND, b"nothing here\n", "text/plain")

    do_HEAD = do_GET  # noqa: N815 - the name that the parent calls

    def _send(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        self._head(status, kind, {"Content-Length": str(len(content))})
        if self.command != "HEAD":
            self.wfile.write(content)

    def _head(self, status: HTTPStatus, kind: str, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": f"{kind}; charset=utf-8", **_HEADERS, **more}.items():
            self.send_header(name, value)
        self.end_headers()

    def _stream(self) -> None:
        """Sends the event `changed` whenever the page is made anew, until the browser closes the stream."""
        self.close_connection = True
        self._head(HTTPStatus.OK, "text/event-stream", {"Connection": "close"})
        server = self.server
        seen = server.sent
        with suppress(OSError):
            self.wfile.write(b"retry: 500\n\n")
            while not server.closing:
                with server.changed:
                    if server.version == seen:
                        server.changed.wait(_KEEP_ALIVE)
                is_new, seen = server.version != seen, server.version
                self.wfile.write(b"event: changed\ndata:\n\n" if is_new else b": still here\n\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the parent's
        """Requests are not logged."""


@contextmanager
def serve(
    folder: Path, make: Callable[[], str], complain: Callable[[Exception], None], port: int = 0
) -> Iterator[Server]:
    """A server of the page that `make` returns for a folder, on a port or a free one; stopped at the end of the block.

    Raises Failure when the port is taken.
    """
    try:
        server = Server(folder, make, complain, port)
    except OSError as error:
        raise Failure(f"port {port}: cannot listen here: {error.strerror}", EXIT_IO) from None
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    try:
        yield server
    finally:
        server.stop()


def _files(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """(path, time of change, size) of every file of a folder and its media, sorted."""
    listed = []
    for place in (folder, folder / "media"):
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    listed.append((entry.path, status.st_mtime_ns, status.st_size))
    return tuple(sorted(listed))
