"""Engines that this process has compiled, for its further runs of the same graph."""

from __future__ import annotations

import gc

import keras
import numpy as np

from mnist_keras.config import RunConfig
from mnist_keras.training.engine import EpochEngine, make_engine


class WarmEngines:
    """Keeps engines between runs: a study trains one graph with many seeds and learning rates.

    Args:
        most: engines that are kept; each takes some 25 MB. The one that was used the longest ago
            goes first.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self._kept: dict[tuple[RunConfig, bytes | None], EpochEngine] = {}

    def take(
        self,
        config: RunConfig,
        images: np.ndarray,
        labels: np.ndarray,
        lit: np.ndarray | None = None,
    ) -> EpochEngine:
        """An engine as `make_engine` gives it, compiled already if one of its graph was kept.

        It is nobody else's until it is kept again.

        Args:
            config: what to train.
            images: training images, uint8 [n, height, width].
            labels: their classes, uint8 [n].
            lit: which pixels are ever not 0 in what is trained on, bool [pixels].
        """
        engine = self._kept.pop(_key(config, lit), None) or self._without_pixels(config)
        if engine is None:
            # Otherwise Keras would count on in the layers' names, which are saved.
            keras.backend.clear_session()
            return make_engine(config, images, labels, lit)
        gc.collect()  # what Keras leaves of a run refers to itself: some 10 MB
        engine.start_over(config, images, labels)
        return engine

    def keep(self, config: RunConfig, engine: EpochEngine, lit: np.ndarray | None = None) -> None:
        """Keep the engine of a run that has ended well, without its images."""
        engine.let_go_of_images()
        self._kept[_key(config, lit if engine.packed else None)] = engine
        while len(self._kept) > self.most:
            del self._kept[next(iter(self._kept))]

    def _without_pixels(self, config: RunConfig) -> EpochEngine | None:
        """An engine of the graph that takes whole images whatever is known of their pixels."""
        key = _key(config, None)
        if key in self._kept and not self._kept[key].packed:
            return self._kept.pop(key)
        return None


def _key(config: RunConfig, lit: np.ndarray | None) -> tuple[RunConfig, bytes | None]:
    """What an engine is compiled for: its graph, and the pixels that it may leave out."""
    return config.graph, None if lit is None else lit.tobytes()
