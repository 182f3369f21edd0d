"""The settings that Keras and TensorFlow hold for a whole process, where they change numbers.

They come from outside: from `keras.json`, from variables, from the program that calls us. Ours hold
while we compute, and whatever was there is put back. What cannot be put back is recorded.
"""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from mnist_keras.errors import UserError

BACKEND = "tensorflow"

_AT_IMPORT = {"KERAS_BACKEND": BACKEND, "KERAS_NNX_ENABLED": "0"}
"""Variables that Keras reads once, and that win over keras.json."""

_DEFAULT_OPTIONS = {"disable_meta_optimizer": False, "disable_model_pruning": False}
"""What TensorFlow's graph optimizer has when nobody has chosen anything."""


@contextmanager
def our_backend() -> Iterator[None]:
    """Let the block import Keras, on its own or by TensorFlow, with the backend that we compute on.

    Raises:
        UserError: Keras cannot use what the user has set, or has begun with another backend.
    """
    kept = {name: os.environ.get(name) for name in _AT_IMPORT}
    os.environ.update(_AT_IMPORT)
    try:
        yield
        _check_backend()
    except Exception as error:
        if not _is_about_settings(error):
            raise
        raise UserError(
            f"Keras cannot use its settings ({_first_line(error)}); correct or remove keras.json "
            f"in {os.environ.get('KERAS_HOME', '~/.keras')}, or the KERAS_... variables"
        ) from None
    finally:
        _restore(kept)


@contextmanager
def our_globals() -> Iterator[None]:
    """Hold every setting of Keras and TensorFlow that changes numbers at its default.

    What it was before is there again when the block ends, however that ends.
    """
    changed: list[tuple[_Setting, Any]] = []
    try:
        for setting in _settings():
            before = setting.read()
            if before != setting.ours:
                changed.append((setting, before))
                setting.write(setting.ours)
        yield
    finally:
        for setting, before in reversed(changed):
            setting.write(before)


def recorded_globals() -> dict[str, str]:
    """What the calling program has set in TensorFlow for good, by the setter's name."""
    import tensorflow as tf
    from tensorflow.python.framework.config import is_op_determinism_enabled

    options = tf.config.optimizer.get_experimental_options()
    chosen = [
        f"{name}={value}"
        for name, value in sorted(options.items())
        if _DEFAULT_OPTIONS.get(name) != value
    ]
    found = {"set_experimental_options": ", ".join(chosen)} if chosen else {}
    if is_op_determinism_enabled():
        found["enable_op_determinism"] = "True"
    return found


class _Setting(NamedTuple):
    """How a setting is read and written, and what it is while we compute."""

    read: Callable[[], Any]
    write: Callable[[Any], Any]
    ours: Any


def _settings() -> list[_Setting]:
    import keras
    import tensorflow as tf

    config, experimental = keras.config, tf.config.experimental
    return [
        _Setting(_dtype_policy, config.set_dtype_policy, "float32"),
        _Setting(config.floatx, config.set_floatx, "float32"),
        _Setting(config.epsilon, config.set_epsilon, 1e-7),
        _Setting(config.image_data_format, config.set_image_data_format, "channels_last"),
        _Setting(config.max_epochs, config.set_max_epochs, None),
        _Setting(config.max_steps_per_epoch, config.set_max_steps_per_epoch, None),
        _Setting(tf.config.functions_run_eagerly, tf.config.run_functions_eagerly, False),
        _Setting(tf.config.optimizer.get_jit, tf.config.optimizer.set_jit, ""),
        _Setting(
            experimental.tensor_float_32_execution_enabled,
            experimental.enable_tensor_float_32_execution,
            True,
        ),
    ]


def _dtype_policy() -> str:
    import keras

    return str(keras.config.dtype_policy().name)


def _check_backend() -> None:
    import keras

    found = keras.config.backend()
    if found != BACKEND:
        raise UserError(
            f"Keras computes with {found} in this process, expected {BACKEND}; import mnist_keras "
            f"before keras, or set KERAS_BACKEND={BACKEND}"
        )


def _is_about_settings(error: Exception) -> bool:
    """Whether an error comes from where Keras reads what the user has set."""
    frames = traceback.extract_tb(error.__traceback__)
    return any(frame.filename.endswith("keras/src/backend/config.py") for frame in frames)


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


def _restore(variables: dict[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            del os.environ[name]
        else:
            os.environ[name] = value
