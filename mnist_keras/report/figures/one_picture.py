"""One picture that a command writes to where its `--show` says."""

from __future__ import annotations

import io
from pathlib import Path

from matplotlib.figure import Figure

from mnist_keras.atomic import write_bytes
from mnist_keras.errors import UserError
from mnist_keras.report.figures.style import look


def picture_path(place: Path, name: str) -> Path:
    """Where the picture goes: `place`, if it ends in .png, or a free name in the folder `place`.

    Raises:
        UserError: the file is there already, or its folder is not.
    """
    if place.is_dir():
        number = 1
        while (path := place / f"{name}{f'-{number}' if number > 1 else ''}.png").exists():
            number += 1
        return path
    if place.suffix.lower() != ".png":
        raise UserError(f"--show is {place}; expected a folder that is there, or a name in .png")
    if place.exists():
        raise UserError(f"--show is {place}, which is there already; give a name that is free")
    if not place.parent.is_dir():
        raise UserError(f"--show is {place}, but there is no folder {place.parent}; make it first")
    return place


def write_picture(figure: Figure, path: Path) -> None:
    """Write the picture, whole or not at all.

    Raises:
        UserError: it cannot be written.
    """
    content = io.BytesIO()
    with look():
        figure.savefig(content, format="png", metadata={"Software": None})
    try:
        write_bytes(path, content.getvalue(), sync=False)
    except OSError as error:
        raise UserError(f"cannot write {path}: {error.strerror}; give another --show") from None
