"""The moving average of the weights: it is judged and kept, while the weights go on training."""

from __future__ import annotations

from typing import Any

import keras


def swap_averages(engine: keras.Model) -> None:
    """Exchange the weights with their moving averages, which the optimizer keeps."""
    averages = engine.optimizer._model_variables_moving_average
    for weight, average in zip(engine.trainable_variables, averages, strict=True):
        kept = keras.ops.copy(weight.value)
        weight.assign(average)
        average.assign(kept)


class AveragesIn(keras.callbacks.Callback):
    """Puts the averages in where an epoch's validation begins."""

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Let the averages be evaluated, and kept where they are the best."""
        swap_averages(self.model)


class AveragesOut(keras.callbacks.Callback):
    """Takes them out again once the best weights are kept, before the state is taken."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Let the weights go on training."""
        swap_averages(self.model)
