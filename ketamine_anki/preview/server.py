"""An HTTP server that shows the preview page to the browser on this machine, which reloads it after every save.

It listens on 127.0.0.1 alone, answers two paths, and refuses a request whose Host is another name: a page elsewhere
whose name resolves to this address (DNS rebinding) can read nothing. The page asks for the current version twice a
second; only then are the files checked for changes.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from ketamine_anki.core.errors import EXIT_IO, Failure
from ketamine_anki.core.terminal import echo

VERSION = f"version-{os.urandom(8).hex()}"  # stands for it in the page that is made; no card can hold it


class Server(ThreadingHTTPServer):
    """Serves the page that `make` returns for a folder, on a port or, for 0, a free one. When it cannot be made because
    files are being replaced, the error is printed and the old page stays. Raises Failure when the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, folder: Path, make: Callable[[], str], port: int) -> None:
        self._folder, self.make = folder, make
        self._lock = threading.Lock()
        self._files = _files(folder)
        self._show(make())
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise Failure(f"port {port}: cannot listen here: {error.strerror}", EXIT_IO) from None
        self.address = f"http://127.0.0.1:{self.server_port}/"
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    def _show(self, page: str) -> None:
        self._version = hashlib.sha256(page.encode("utf-8")).hexdigest()
        self._page = page.replace(VERSION, self._version)

    def current(self) -> tuple[str, str]:
        """The page and its version; made anew if a file has changed since it was made."""
        with self._lock:
            files = _files(self._folder)
            if files != self._files:
                try:
                    self._show(self.make())
                    self._files = files
                except (Failure, OSError) as error:
                    echo(f"ketamine-anki: {error}", err=True)
            return self._page, self._version

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Says nothing of a connection that failed: browsers close theirs when they like."""


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "preview"
    sys_version = ""
    timeout = 60

    def do_GET(self) -> None:
        status, kind, text = HTTPStatus.OK, "text/plain", "nothing here\n"
        if self.headers.get("Host", "") not in self.server.hosts:
            status, text = HTTPStatus.MISDIRECTED_REQUEST, "this page is served to this machine only\n"
        elif self.path == "/":
            kind, text = "text/html", self.server.current()[0]
        elif self.path == "/version":
            text = self.server.current()[1]
        else:
            status = HTTPStatus.NOT_FOUND
        content = text.encode("utf-8")
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name of the parent's
        """Requests are not logged."""


def _files(folder: Path) -> list[tuple[str, int, int]]:
    """(path, time of change, size) of every file of a folder and its media, sorted."""
    listed = []
    for place in (folder, folder / "media"):
        with suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    listed.append((entry.path, status.st_mtime_ns, status.st_size))
    return sorted(listed)
