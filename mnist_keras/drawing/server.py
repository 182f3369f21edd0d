"""Serves the page on this machine's loopback address until a signal ends it."""

from __future__ import annotations

import errno
import os
import socket
import sys
import webbrowser
from typing import TYPE_CHECKING

from werkzeug.serving import WSGIRequestHandler, make_server

from mnist_keras.errors import UserError

if TYPE_CHECKING:
    from flask import Flask

HOST = "127.0.0.1"
"""Reached from this machine only."""

IDLE_SECONDS = 30
"""After which a connection that says nothing is closed."""


def open_port(port: int) -> socket.socket:
    """Listen on a port of the loopback address; 0 takes a free one.

    Raises:
        UserError: the port cannot be had.
    """
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        why = {
            errno.EADDRINUSE: "is taken by another program",
            errno.EACCES: "is for administrators",
        }.get(error.errno or 0, f"cannot be opened ({error.strerror})")
        raise UserError(
            f"port {port} {why}; choose another with --port, or --port 0 for any that is free"
        ) from None


def address(listening: socket.socket) -> str:
    """Where the page is."""
    return f"http://{HOST}:{listening.getsockname()[1]}/"


def serve(app: Flask, listening: socket.socket) -> None:
    """Answer requests, a thread each, until Ctrl-C or SIGTERM.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    server = make_server(
        HOST, 0, app, threaded=True, request_handler=_Handler, fd=listening.fileno()
    )
    server.serve_forever(poll_interval=0.1)
    # werkzeug returns on Ctrl-C and on nothing else.
    raise KeyboardInterrupt


def open_browser(url: str) -> None:
    """Open a page in the reader's browser, if there is one with windows."""
    windows = ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY")
    if sys.platform in ("darwin", "win32") or any(os.environ.get(name) for name in windows):
        webbrowser.open(url)


class _Handler(WSGIRequestHandler):
    """Prints no line for a request, and refuses what is not HTTP as all else is refused."""

    timeout = IDLE_SECONDS
    error_content_type = "application/json"
    error_message_format = '{"error": "this request cannot be understood"}\n'

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log_error(self, format: str, *args: object) -> None:
        """Say nothing: it is the other side's mistake, and told to it."""
