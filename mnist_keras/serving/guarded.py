"""A web application that answers whom it should and nobody else, and refuses in one line."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, request
from werkzeug.exceptions import HTTPException

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


def guarded_app(name: str, token: str = "", lines: Mapping[int, str] | None = None) -> Flask:
    """An application without a page yet, below `home_of(token)`.

    What is refused is answered with `error`, a line of JSON. A page may load nothing from
    elsewhere, and be framed nowhere.

    Args:
        name: the module that has the folders `static` and `templates` beside it.
        token: the first part of every path that is answered, for a page that other machines
            reach; without it, only requests for this machine's loopback address are answered.
        lines: what is said of a status in place of what HTTP says.
    """
    app = Flask(name, static_url_path=f"{home_of(token)}/static")
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    app.before_request(lambda: _check_access(token))
    app.after_request(_add_headers)
    app.register_error_handler(
        HTTPException, lambda error: _refuse(error, home_of(token), lines or {})
    )
    return app


def home_of(token: str) -> str:
    """What every path begins with."""
    return f"/{token}" if token else ""


def json_line(content: dict[str, Any], code: int = 200) -> Response:
    """An answer of one line of JSON."""
    text = json.dumps(content, allow_nan=False) + "\n"
    return Response(text, code, mimetype="application/json")


def _check_access(token: str) -> None:
    """Refuse who does not know the token, and pages of other sites.

    A token makes the host's name irrelevant: a page that was made to point here (DNS rebinding)
    does not know it either.
    """
    if token:
        given = request.path.split("/")[1]
        if not hmac.compare_digest(given.encode(), token.encode()):
            abort(403, "this page opens with the whole address that mnist-keras draw has printed")
    elif not _is_loopback(request.host):
        abort(403, "this page is for this machine only; open it as http://localhost")
    origin = request.headers.get("Origin")
    if origin is not None and urlsplit(origin).netloc.lower() != request.host.lower():
        abort(403, "pages of other sites may not ask here")


def _is_loopback(host: str) -> bool:
    """Whether a request is for this machine by an address that no other one has.

    A page of another name that was made to point at this machine (DNS rebinding) is not.
    """
    try:
        place = urlsplit(f"//{host}")
        named = place.hostname or ""
        alone = place.username is None
        return alone and (named == "localhost" or ipaddress.ip_address(named).is_loopback)
    except ValueError:
        return False


def _add_headers(response: Response) -> Response:
    response.headers.update(HEADERS)
    return response


def _refuse(error: HTTPException, home: str, lines: Mapping[int, str]) -> Response:
    """An HTTP error as a line of JSON."""
    known = {
        404: f"there is nothing at {request.path}; the page is at {home}/",
        405: f"{request.method} is not for {request.path}",
        500: "mnist-keras made a mistake; the terminal that it runs in shows which",
        **lines,
    }
    code = error.code or 500
    response = json_line({"error": known.get(code, error.description or error.name)}, code)
    if code == 405:
        response.headers.update(Allow=dict(error.get_headers()).get("Allow", ""))
    return response
