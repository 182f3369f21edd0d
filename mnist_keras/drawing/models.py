"""The trained models behind the page: loaded once, asked by one request at a time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_keras.runs.records import RunFolder
from mnist_keras.statistics.ensembles import Combine
from mnist_keras.training.ensembles import load_ensemble
from mnist_keras.training.predict import Network, gives_scores, load_run_model, outputs


class Models:
    """The models of some runs, as one function of an image for each.

    Args:
        folders: the finished runs of each reader, several of an ensemble; all of their models are
            loaded, and asked once, which compiles.
        networks: the user's own networks that some of them may be of.
        combine: how the probabilities of an ensemble become one.

    Attributes:
        scores: for each run, whether its outputs are scores and not probabilities.

    Raises:
        UserError: a model cannot be loaded.
    """

    def __init__(
        self,
        folders: Sequence[Sequence[RunFolder]],
        networks: Sequence[str] = (),
        combine: Combine = "mean",
    ) -> None:
        self._models = [
            load_run_model(each[0], networks)
            if len(each) == 1
            else load_ensemble(each, combine, networks)
            for each in folders
        ]
        self.scores = tuple(gives_scores(model) for model in self._models)
        self._lock = threading.Lock()
        self([np.zeros(_image_shape(model), np.uint8) for model in self._models])

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.float32]]:
        """The outputs of each run, float32 [classes], for its image; may be called by threads.

        An image is uint8 [height, width], or with channels, as its run's data set has it.
        """
        with self._lock:
            pairs = zip(self._models, images, strict=True)
            return [outputs(model, image[np.newaxis])[0] for model, image in pairs]

    def close(self) -> None:
        """Wait for the question that is being answered, and answer no other.

        A thread that is inside TensorFlow when Python ends would abort the process. Nor shall
        Python look for garbage in all of TensorFlow before it ends, which takes a second.
        """
        self._lock.acquire()
        gc.freeze()


def _image_shape(model: Network) -> tuple[int, ...]:
    """The shape of an image as a data set keeps it."""
    height, width, channels = model.input_shape[1:]
    return (height, width, channels) if channels > 1 else (height, width)
