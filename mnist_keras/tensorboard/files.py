"""Event files of TensorBoard, without TensorFlow: written whole, or growing with a training.

TensorFlow's own writer makes up a file's name from the clock. So a run that ends twice, because a
death came in between, would be shown twice, and a session that goes on after the clock was put back
would be read before the one that it follows. Here a file has the name that it is given.
"""

from __future__ import annotations

import io
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.histogram.summary_v2 import histogram_pb
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.scalar import metadata as scalar_metadata
from tensorboard.summary.writer.record_writer import RecordWriter
from tensorboard.util.tensor_util import make_tensor_proto

from mnist_keras.atomic import naming
from mnist_keras.runs.records import replace_file

VERSION = "brain.Event:2"
"""What every event file begins with."""


def scalar(tag: str, value: float, description: str = "") -> Summary.Value:
    """A number; a NaN or an infinity is shown as such."""
    return Summary.Value(
        tag=tag,
        metadata=scalar_metadata.create_summary_metadata("", description),
        tensor=make_tensor_proto(np.float32(value)),
    )


def histogram(tag: str, values: NDArray[np.floating]) -> Summary.Value:
    """How numbers are spread, those that are finite."""
    return histogram_pb(tag, values[np.isfinite(values)]).value[0]


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
    events = [
        Event(wall_time=wall_time, file_version=VERSION),
        *(Event(wall_time=wall_time, step=step, summary=Summary(value=[one])) for one in values),
    ]
    with replace_file(path, sync=False) as beside:
        # TensorBoard may look at any moment, and would take this for one more run's file.
        unfinished = beside.with_name("unfinished")
        unfinished.write_bytes(_records(events))
        unfinished.rename(beside)


class GrowingFile:
    """An event file that a training adds to. What was added is in the system's hands.

    Args:
        path: a file that is not there; its name must hold "tfevents".

    Raises:
        OSError: it cannot be made or written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("xb", buffering=0)
        self._write([Event(wall_time=time.time(), file_version=VERSION)])

    def forget_from(self, step: int) -> None:
        """Make TensorBoard forget the events of `step` and later ones that it has read so far.

        Raises:
            OSError: the file cannot be written.
        """
        session = SessionLog(status=SessionLog.START)
        start = Event(wall_time=time.time(), step=step, session_log=session)
        # The first start that TensorBoard sees in a folder is none again, so there are two.
        self._write([start, start])

    def add(self, step: int, values: Sequence[Any]) -> None:
        """Add values, made by `scalar` and the like, of a step, which is the epoch from 0.

        Raises:
            OSError: the file cannot be written.
        """
        self._write([Event(wall_time=time.time(), step=step, summary=Summary(value=values))])

    def close(self) -> None:
        """Close the file. May be called more than once."""
        self._file.close()

    def _write(self, events: Iterable[Event]) -> None:
        rest = memoryview(_records(events))
        with naming(self.path):
            while rest:
                rest = rest[self._file.write(rest) :]


def _records(events: Iterable[Event]) -> bytes:
    content = io.BytesIO()
    writer = RecordWriter(content)
    for event in events:
        writer.write(event.SerializeToString())
    return content.getvalue()
