"""Serves a page until a signal ends it, to this machine only unless more is asked for."""

from __future__ import annotations

import errno
import ipaddress
import os
import secrets
import socket
import sys
import webbrowser
from typing import TYPE_CHECKING

import psutil
from werkzeug.serving import WSGIRequestHandler, make_server

from mnist_keras.errors import UserError

if TYPE_CHECKING:
    from flask import Flask

LOOPBACK = "127.0.0.1"
"""Reached from this machine only."""

IDLE_SECONDS = 30
"""After which a connection that says nothing is closed."""

TOKEN_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""No two of them look alike, since a class may have to type a token from the blackboard."""


def open_port(port: int, host: str = LOOPBACK) -> socket.socket:
    """Listen on a port of one of this machine's addresses; 0 takes a free one.

    Args:
        port: from 0 to 65,535.
        host: an address of this machine or its name; 0.0.0.0 or :: for all of its addresses.

    Raises:
        UserError: the host is none of this machine, or the port cannot be had.
    """
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(place, family=family, dualstack_ipv6=place[0] == "::")
    except (socket.gaierror, UnicodeError):
        raise _no_host(host) from None
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_host(host) from None
        why = {
            errno.EADDRINUSE: "is taken by another program",
            errno.EACCES: "is for administrators",
        }.get(error.errno or 0, f"cannot be opened ({error.strerror})")
        raise UserError(
            f"port {port} {why}; choose another with --port, or --port 0 for any that is free"
        ) from None


def new_token(listening: socket.socket) -> str:
    """What an address must hold so that others are answered; empty where no others can ask.

    Twelve of 31 letters are 59 bits: at a million guesses a second, it takes 25,000 years to
    try all.
    """
    if _bound_to(listening).is_loopback:
        return ""
    groups = ["".join(secrets.choice(TOKEN_LETTERS) for _ in range(4)) for _ in range(3)]
    return "-".join(groups)


def addresses(listening: socket.socket, token: str) -> list[str]:
    """Where the page is: first for this machine, then, if others can reach it, for them."""
    bound = _bound_to(listening)
    hosts = [LOOPBACK, *_network_addresses()] if bound.is_unspecified else [str(bound)]
    port = listening.getsockname()[1]
    path = f"{token}/" if token else ""
    return [f"http://{f'[{host}]' if ':' in host else host}:{port}/{path}" for host in hosts]


def _no_host(host: str) -> UserError:
    return UserError(
        f"--host is {host!r}, which is no address of this machine; leave it out to draw on this "
        "machine only, or give 0.0.0.0 for all of its addresses"
    )


def _bound_to(listening: socket.socket) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    return ipaddress.ip_address(listening.getsockname()[0])


def _network_addresses() -> list[str]:
    """This machine's IPv4 addresses in the networks that it belongs to."""
    return [
        entry.address
        for entries in psutil.net_if_addrs().values()
        for entry in entries
        if entry.family == socket.AF_INET and not entry.address.startswith("127.")
    ]


def serve(app: Flask, listening: socket.socket) -> None:
    """Answer requests, a thread each, until Ctrl-C or SIGTERM.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    host = listening.getsockname()[0]
    server = make_server(
        host, 0, app, threaded=True, request_handler=_Handler, fd=listening.fileno()
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
