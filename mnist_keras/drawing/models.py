"""The trained models behind the page: loaded once, asked by one request at a time."""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_keras.records import RunFolder
from mnist_keras.statistics.ensembles import Combine
from mnist_keras.training.ensembles import load_ensemble
from mnist_keras.training.predict import gives_scores, load_run_model, outputs


class Models:
    """The models of some runs, as one function of an image.

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
        self(np.zeros((28, 28), np.uint8))

    def __call__(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The outputs float32 [runs, 10] for an image uint8 [28, 28]; may be called by threads."""
        with self._lock:
            answers = [outputs(model, image[np.newaxis]) for model in self._models]
        return np.concatenate(answers)

    def close(self) -> None:
        """Wait for the question that is being answered, and answer no other.

        A thread that is inside TensorFlow when Python ends would abort the process. Nor shall
        Python look for garbage in all of TensorFlow before it ends, which takes a second.
        """
        self._lock.acquire()
        gc.freeze()
