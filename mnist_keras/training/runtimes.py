"""What a runtime answers to images. Run as a program, never imported.

It needs nothing of this package and has never seen the network, as whoever gets the file.

Its arguments are the format, the network's file, a .npy file of images float32 [n, height, width,
channels], and the .npy file to write the answers to, float32 [n, classes]. The first image goes
alone and the others in batches, since the file must take any number.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

BATCH = 100

Network = Callable[[Any], Any]


def open_savedmodel(path: str) -> Network:
    """A folder, in TensorFlow."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    model = tf.saved_model.load(path)
    return lambda images: next(iter(model.serve(images).values())).numpy()


def open_onnx(path: str) -> Network:
    """A file, in onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    return lambda images: session.run(None, {"images": images})[0]


def open_litert(path: str) -> Network:
    """A file, in LiteRT."""
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(path)
    runner = interpreter.get_signature_runner()
    return lambda images: next(iter(runner(images=images).values())).copy()


OPEN = {"savedmodel": open_savedmodel, "onnx": open_onnx, "litert": open_litert}


def main(form: str, file: str, images: str, answers: str) -> None:
    """Write what the network in a file answers."""
    given = np.load(images)
    network = OPEN[form](file)
    parts = [given[:1], *(given[at : at + BATCH] for at in range(1, len(given), BATCH))]
    np.save(answers, np.concatenate([network(part) for part in parts]))


if __name__ == "__main__":
    main(*sys.argv[1:])
