"""What `mnist-keras doctor` asks a process of its own: TensorFlow as it is here, and its speed."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from mnist_keras.config import make_config
from mnist_keras.training.architectures import build, has_convolution
from mnist_keras.training.arithmetic import (
    ONEDNN_SWITCH,
    onednn_by_default,
    vector_instructions,
)
from mnist_keras.training.engine import make_engine
from mnist_keras.training.environment import describe_environment, use_threads, uses_onednn
from mnist_keras.training.pipelines import evaluation_dataset

WHOLE = 60_000
"""Images of an epoch of MNIST."""

CONVOLUTION_IMAGES = 2_000
DENSE_IMAGES = 20_000
"""Images that are trained on; an epoch is so much longer as it has more of them."""


def answer(given: Mapping[str, str], networks: Sequence[str]) -> None:
    """Print what TensorFlow is here as JSON, then a line for each network's epoch.

    Args:
        given: the environment as the user has made it, before TensorFlow was imported.
        networks: built-in networks to measure.
    """
    _print(_about_tensorflow(given))
    use_threads(1)
    for name in networks:
        _print({"network": name, **measure_epoch(name)})


def _about_tensorflow(given: Mapping[str, str]) -> dict[str, Any]:
    build_info = tf.sysconfig.get_build_info()
    return {
        **describe_environment(),
        "onednn_switch": ONEDNN_SWITCH,
        "onednn_by_user": given.get(ONEDNN_SWITCH),
        "onednn_by_us": uses_onednn() and not onednn_by_default(vector_instructions()),
        "built_for_gpus": bool(tf.test.is_built_with_cuda()),
        "cuda": build_info.get("cuda_version"),
    }


def measure_epoch(network: str) -> dict[str, float]:
    """How long an epoch of the network's usual training takes on 60,000 images.

    Measured on `images` generated images and scaled up: `seconds`, training alone, without what is
    compiled before.
    """
    config = make_config({"architecture": network})
    images = CONVOLUTION_IMAGES if has_convolution(build(config)) else DENSE_IMAGES
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (images, 28, 28), dtype=np.uint8)
    labels = (np.arange(images) % 10).astype(np.uint8)
    keras.backend.clear_session()
    engine = make_engine(config, pixels, labels)
    engine.warm_up(evaluation_dataset(pixels[:100], labels[:100]))
    begin = time.perf_counter()
    engine.fit(
        engine.epochs_dataset(config.seed, 0, 1),
        epochs=1,
        steps_per_epoch=len(engine.chunks()),
        shuffle=False,
        verbose=0,
    )
    return {"images": images, "seconds": (time.perf_counter() - begin) * WHOLE / images}


def _print(facts: dict[str, Any]) -> None:
    print(json.dumps(facts), flush=True)
