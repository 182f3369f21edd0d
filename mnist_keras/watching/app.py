"""The page as a web application: what is to be seen of the studies at this moment."""

from __future__ import annotations

from pathlib import Path

from flask import Flask, Response, abort, request, send_file, url_for

from mnist_keras.report.language import Language
from mnist_keras.report.live.page import render_live
from mnist_keras.report.page.html import STYLE
from mnist_keras.serving.guarded import guarded_app
from mnist_keras.watching.watcher import Seen, Watcher

REFRESH = 5
"""Seconds after which a browser without script asks again."""


def make_app(watcher: Watcher, logs: Path, language: Language, choice: bool) -> Flask:
    """The application; it answers GET requests for this machine's loopback address alone.

    Routes: `/` is the page of the studies at work, `/study/NAME` that of one of those that are
    there. A page that has not changed since it was asked for is answered with 304.

    Args:
        watcher: looks at the studies.
        logs: the folder of records, for the page to name.
        language: what the page is written in.
        choice: whether the page lists all studies that are there.
    """
    app = guarded_app(__name__)

    @app.get("/")
    def chosen() -> Response:
        return _page(watcher.seen())

    @app.get("/study/<name>")
    def one(name: str) -> Response:
        seen = watcher.seen(name)
        if not seen.shown:
            abort(404)
        return _page(seen)

    @app.get("/report.css")
    def style() -> Response:
        return send_file(STYLE, mimetype="text/css")

    def _page(seen: Seen) -> Response:
        listed = {url_for("one", name=name): now for name, now in sorted(seen.studies.items())}
        files = {
            "report": url_for("style"),
            "style": url_for("static", filename="watch.css"),
            "script": url_for("static", filename="watch.js"),
            "icon": url_for("static", filename="icon.svg"),
        }
        several = choice and len(listed) > 1
        text = render_live(seen.shown, listed if several else {}, files, REFRESH, language, logs)
        response = Response(text, mimetype="text/html")
        response.add_etag()
        response.make_conditional(request)
        return response

    return app
