"""Event files of TensorBoard, each written whole, without TensorFlow.

TensorFlow's own writer appends to a file whose name it makes up, so a run that ends twice, because
a death came in between, would be shown twice. Here a file has one name and is replaced.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from mnist_keras.records import replace_file

VERSION = "brain.Event:2"
"""What every event file begins with."""


def scalar(tag: str, value: float, description: str) -> Summary.Value:
    """A number; a NaN or an infinity is shown as such."""
    return Summary.Value(
        tag=tag,
        metadata=scalar_metadata.create_summary_metadata("", description),
        tensor=make_tensor_proto(np.float32(value)),
    )


def image(tag: str, pixels: NDArray[np.uint8], description: str) -> Summary.Value:
    """A picture, uint8 [height, width, 3]; `description` is Markdown."""
    height, width, _ = pixels.shape
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    content = [str(width).encode(), str(height).encode(), png.getvalue()]
    return Summary.Value(
        tag=tag,
        metadata=image_metadata.create_summary_metadata("", description),
        tensor=make_tensor_proto(content, dtype="string"),
    )


def write_events(path: Path, values: Sequence[Any], *, step: int, wall_time: float) -> None:
    """Write one event file with these values, in the place of an older one.

    Args:
        path: its name must hold "tfevents", or TensorBoard does not read it.
        values: made by `scalar`, `image` and the like.
        step: the epoch, from 0 as in Keras's curves.
        wall_time: seconds since 1970.

    Raises:
        OSError: it cannot be written.
    """
    content = io.BytesIO()
    writer = RecordWriter(content)
    writer.write(Event(wall_time=wall_time, file_version=VERSION).SerializeToString())
    for value in values:
        event = Event(wall_time=wall_time, step=step, summary=Summary(value=[value]))
        writer.write(event.SerializeToString())
    with replace_file(path, sync=False) as beside:
        # TensorBoard may look at any moment, and would take this for one more run's file.
        unfinished = beside.with_name("unfinished")
        unfinished.write_bytes(content.getvalue())
        unfinished.rename(beside)
