"""A network written in another format by one process, and checked by another that never saw it."""

from __future__ import annotations

import json
import sys
import tempfile
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import mnist_keras
from mnist_keras.asking import NoAnswerError, ask, python
from mnist_keras.errors import UserError
from mnist_keras.export.formats import ExportFormat
from mnist_keras.export.subject import Subject

TOLERANCE = 1e-4
"""How far an output may be from what Keras computes; times the largest output where that is more
than 1, as a score may be."""

MOST_IMAGES = 1_000
MOST_PIXELS = 1 << 26
"""Test images that are compared, and values of all of them together."""

_PATIENCE_SECONDS = 600.0
_RUNTIMES = Path(mnist_keras.__file__).parent / "training" / "runtimes.py"
_EXPORT = """
import sys
from mnist_keras.training.exporting import answer
answer(sys.argv[1])
"""


@dataclass(frozen=True)
class Conversion:
    """A network in another format, whose runtime gives the same answers.

    Attributes:
        layers: of each of its networks, in a line.
        parameters: all of them.
        output: what its output is called: `probabilities`, or `scores`.
        images: test images that were compared.
        difference: the largest between an output of Keras and one of the runtime.
    """

    layers: tuple[str, ...]
    parameters: int
    output: str
    images: int
    difference: float


def convert(
    subject: Subject,
    form: ExportFormat,
    file: Path,
    test_images: NDArray[np.uint8],
    networks: Sequence[str],
) -> Conversion:
    """Write a network in another format, and compare what its runtime answers.

    Args:
        subject: the network.
        form: the format.
        file: the file or folder to write.
        test_images: of its data set, uint8 [n, height, width] or with channels.
        networks: the user's own networks, as nets.py:net, that its runs may be of.

    Raises:
        UserError: it cannot be written so, or the runtime does not read it or answers otherwise.
    """
    count = max(1, min(MOST_IMAGES, MOST_PIXELS // test_images[0].size))
    pixels = np.ascontiguousarray(test_images[:count])
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        np.save(work / "pixels.npy", pixels)
        facts = _write(subject, form, file, work, networks)
        given = _answers(subject, form, file, work)
        difference = compare(form, np.load(work / "expected.npy"), given)
    return Conversion(
        tuple(facts["layers"]), facts["parameters"], facts["output"], len(pixels), difference
    )


def _write(
    subject: Subject, form: ExportFormat, file: Path, work: Path, networks: Sequence[str]
) -> dict[str, Any]:
    request = {
        "form": form.name,
        "file": str(file),
        "work": str(work),
        "folders": [(str(one.logs), str(one.checkpoints)) for one in subject.folders],
        "combine": subject.combine,
        "networks": networks,
    }
    try:
        lines = ask(python(_EXPORT, json.dumps(request)), _PATIENCE_SECONDS)
    except NoAnswerError as error:
        answer = {"failed": str(error)}
    else:
        answer = json.loads(lines[-1]) if lines else {"failed": "its process gave no answer"}
    if "refused" in answer:
        raise UserError(answer["refused"])
    if "failed" in answer:
        raise UserError(
            f"{subject.name} cannot be written as {form.title} ({_short(answer['failed'])}); "
            "give another --format"
        )
    return dict(answer)


def _answers(subject: Subject, form: ExportFormat, file: Path, work: Path) -> NDArray[np.float32]:
    images, answers = work / "images.npy", work / "given.npy"
    # Without -P, a folder's own numpy.py would run instead of the real one.
    program = [sys.executable, "-P", str(_RUNTIMES)]
    try:
        ask([*program, form.name, *map(str, (file, images, answers))], _PATIENCE_SECONDS)
    except NoAnswerError as error:
        raise UserError(
            f"{form.runtime} does not read {subject.name} as it was written ({_short(error)}); "
            "nothing is kept, give another --format"
        ) from None
    given: NDArray[np.float32] = np.load(answers)
    return given


def _short(reason: object) -> str:
    """What another program says, on one line that is not too long."""
    return textwrap.shorten(str(reason), 200, placeholder=" ...")


def compare(form: ExportFormat, expected: NDArray[np.float32], given: NDArray[np.float32]) -> float:
    """The largest difference between two sets of outputs, float32 [n, classes].

    Raises:
        UserError: it is above what is allowed, or no number.
    """
    if given.shape != expected.shape:
        raise UserError(
            f"{form.runtime} answers with {list(given.shape)}, expected {list(expected.shape)}; "
            "nothing is kept, give another --format"
        )
    differences = np.abs(given.astype(np.float64) - expected).max(axis=1)
    allowed = TOLERANCE * max(1.0, float(np.abs(expected).max()))
    if not differences.max() <= allowed:
        raise UserError(
            f"{form.runtime} answers otherwise than Keras, by {differences.max():.2g} in test "
            f"image {int(differences.argmax())} where {allowed:.2g} is allowed; nothing is kept, "
            "give another --format"
        )
    return float(differences.max())
