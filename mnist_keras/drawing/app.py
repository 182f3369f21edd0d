"""The page and its one question as a web application: what do the runs read in this drawing?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from flask import Flask, Response, abort, render_template, request
from numpy.typing import NDArray

from mnist_keras.data import MNIST
from mnist_keras.data.form import Form
from mnist_keras.drawing.choice import Reader
from mnist_keras.pictures.form import ink_as_mnist
from mnist_keras.pictures.own_form import whole_picture
from mnist_keras.report.console import percent
from mnist_keras.runs.caveats import marks_of
from mnist_keras.serving.guarded import guarded_app, home_of, json_line

SIDE = 280
"""Pixels along each side of a drawing as the page sends it."""

DRAWING_TYPE = "application/octet-stream"
"""A page of another site may not send this type without asking first, which is refused."""

DIGITS = frozenset("0123456789")


class Networks(Protocol):
    """The networks that answer for the runs, in their order."""

    @property
    def scores(self) -> Sequence[bool]:
        """For each run, whether its outputs are scores and not probabilities."""

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[NDArray[np.float32]]:
        """The outputs of each run, float32 [classes], for its image; called by threads."""


def make_app(readers: Sequence[Reader], networks: Networks, token: str = "") -> Flask:
    """The application.

    Routes: `/` is the page; `POST /read` takes SIDE * SIDE bytes, a pixel each, row by row, 0 for
    paper and 255 for ink, and answers with JSON: `seen`, for each form of images that the runs
    were trained on the `pixels` that they were asked about, row by row; `outputs`, for each run one
    of each class, null where a run's are not numbers; and `kinds`, for each run "probabilities" or
    "scores". Whatever is refused is answered with `error`, a line.

    Args:
        readers: the runs.
        networks: their networks.
        token: the first part of every path that is answered, for a page that other machines
            reach; without it, only requests for this machine's loopback address are answered.
    """
    home = home_of(token)
    app = guarded_app(__name__, token, {413: f"the drawing is too large; expected {_expected()}"})
    app.config["MAX_CONTENT_LENGTH"] = SIDE * SIDE
    forms = [_nameless(reader.form) for reader in readers]
    sights = _sights(readers, forms)
    kinds = ["scores" if scores else "probabilities" for scores in networks.scores]

    @app.get(f"{home}/")
    def page() -> str:
        runs = [_card(reader, kind) for reader, kind in zip(readers, kinds, strict=True)]
        return render_template(
            "draw.html", runs=runs, side=SIDE, sights=sights, **_subject(readers)
        )

    @app.post(f"{home}/read")
    def answer() -> Response:
        drawing = _drawing()
        images = {sight.form: as_form(drawing, sight.form) for sight in sights}
        rows = networks([images[form] for form in forms])
        outputs = [[_finite(value) for value in row.tolist()] for row in rows]
        seen = [{"pixels": _plane(image).ravel().tolist()} for image in images.values()]
        return json_line({"seen": seen, "outputs": outputs, "kinds": kinds})

    return app


@dataclass(frozen=True)
class Sight:
    """What runs of one form of images see of a drawing, and what the page says of it."""

    form: Form
    readers: tuple[str, ...]
    all_see_it: bool

    @property
    def who(self) -> str:
        """Who sees it: "it sees", "they see", or the runs by name."""
        one = len(self.readers) == 1
        if self.all_see_it:
            return "it sees" if one else "they see"
        return f"{', '.join(self.readers)} {'sees' if one else 'see'}"

    @property
    def how(self) -> str:
        """What was done to the drawing."""
        height, width, *channels = self.form.image_shape
        size = f"{width} × {height} pixels"
        if self.form.digits:
            return size
        return f"resized to {size}{', grey as colour' if channels else ''}"


def _nameless(form: Form) -> Form:
    """The form alone: data sets of one form see the same."""
    return replace(form, data="")


def _sights(readers: Sequence[Reader], forms: Sequence[Form]) -> list[Sight]:
    """A sight for each form, in the order of the runs."""
    found: dict[Form, list[str]] = {}
    for reader, form in zip(readers, forms, strict=True):
        found.setdefault(form, []).append(reader.label)
    return [Sight(form, tuple(names), len(found) == 1) for form, names in found.items()]


def as_form(drawing: NDArray[np.uint8], form: Form) -> NDArray[np.uint8]:
    """A drawing, ink on no paper, as an image of a form: MNIST's, or resized whole."""
    if form.digits:
        return ink_as_mnist(drawing / drawing.max())
    return whole_picture(drawing, form)


def _plane(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The drawing in an image, which is grey in all channels."""
    return image if image.ndim == 2 else image[..., 0]


def _subject(readers: Sequence[Reader]) -> dict[str, Any]:
    """The words for what is to be drawn.

    The `subject`; and the `classes` to choose from, where they are not the digits and all runs have
    the same ones.
    """
    of_each = {reader.class_names for reader in readers}
    names = set().union(*of_each)
    if names <= DIGITS:
        return {"subject": "digit", "classes": ()}
    subject = "character" if all(len(name) == 1 for name in names) else "picture"
    return {"subject": subject, "classes": of_each.pop() if len(of_each) == 1 else ()}


def _card(reader: Reader, kind: str) -> dict[str, Any]:
    """What the page tells of a run."""
    marks = [mark] if (mark := marks_of(reader.configs)) else []
    if reader.config.data != MNIST:
        marks.append(f"trained on {reader.config.data}")
    return {
        "label": reader.label,
        "architecture": reader.architecture,
        "settings": reader.settings,
        "study": reader.study,
        "name": reader.name,
        "parameters": f"{reader.result['parameters']:,}",
        "test_accuracy": percent(reader.result["test_accuracy"]),
        "class_names": reader.class_names,
        "marks": marks,
        "kind": kind,
    }


def _drawing() -> NDArray[np.uint8]:
    """The request's drawing, uint8 [SIDE, SIDE], with ink on it."""
    if request.mimetype != DRAWING_TYPE:
        abort(415, f"a drawing is sent as {DRAWING_TYPE}, not as {request.mimetype or 'nothing'}")
    if request.content_length is None:
        # Without it werkzeug would cut what is too long.
        abort(411, f"the drawing comes without its length; expected {_expected()}")
    pixels = np.frombuffer(request.get_data(), np.uint8)
    if pixels.size != SIDE * SIDE:
        abort(400, f"the drawing has {pixels.size:,} bytes; expected {_expected()}")
    if not pixels.any():
        abort(400, "the drawing is empty; draw something first")
    return pixels.reshape(SIDE, SIDE)


def _expected() -> str:
    return f"{SIDE * SIDE:,}, one for each of {SIDE} x {SIDE} pixels"


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
