"""Settings of Keras and TensorFlow that come from outside, and the numbers that must not follow."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import keras
import pytest
import tensorflow as tf
from small_runs import noisy_data, small_config, train_below, what_was_computed

from mnist_keras.training.environment import computes_alike, describe_environment
from mnist_keras.training.globals import our_globals, recorded_globals
from mnist_keras.training.train import _engines

TESTS = Path(__file__).parent
ROOT = TESTS.parent

TRAIN_AND_TELL = """
import hashlib, sys
from pathlib import Path
from small_runs import noisy_data, small_config, train_below, what_was_computed
data = noisy_data()
computed = what_was_computed(train_below(Path(sys.argv[1]), small_config("cnn3", data), data))
print(hashlib.sha256(repr(computed).encode()).hexdigest())
"""


def run_python(code, *arguments, **variables):
    path = os.pathsep.join([str(TESTS), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**os.environ, "PYTHONPATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def keras_home(folder, settings):
    folder.mkdir(exist_ok=True)
    (folder / "keras.json").write_text(json.dumps(settings))
    return str(folder)


@pytest.fixture
def fresh_engines():
    """No engine that an earlier test has compiled."""
    _engines._kept.clear()


@pytest.fixture
def settings_of_a_caller():
    """A program's own settings, put back by the test."""
    written = [
        (keras.config.set_dtype_policy, "mixed_bfloat16", "float32"),
        (keras.config.set_floatx, "float64", "float32"),
        (keras.config.set_epsilon, 0.1, 1e-7),
        (keras.config.set_image_data_format, "channels_first", "channels_last"),
        (keras.config.set_max_epochs, 1, None),
        (keras.config.set_max_steps_per_epoch, 1, None),
        (tf.config.run_functions_eagerly, True, False),
        (tf.config.optimizer.set_jit, "autoclustering", ""),
        (tf.config.experimental.enable_tensor_float_32_execution, False, True),
    ]
    for write, value, _ in written:
        write(value)
    yield
    for write, _, default in written:
        write(default)


def read_settings():
    return [
        keras.config.dtype_policy().name,
        keras.config.floatx(),
        keras.config.epsilon(),
        keras.config.image_data_format(),
        keras.config.max_epochs(),
        keras.config.max_steps_per_epoch(),
        tf.config.functions_run_eagerly(),
        tf.config.optimizer.get_jit(),
        tf.config.experimental.tensor_float_32_execution_enabled(),
    ]


DEFAULTS = ["float32", "float32", 1e-7, "channels_last", None, None, False, "", True]
OF_THE_CALLER = [
    "mixed_bfloat16", "float64", 0.1, "channels_first", 1, 1, True, "autoclustering", False,
]  # fmt: skip


@pytest.fixture(scope="module")
def plain_run(tmp_path_factory):
    data = noisy_data()
    _engines._kept.clear()
    folder = train_below(tmp_path_factory.mktemp("plain"), small_config("cnn3", data), data)
    return what_was_computed(folder)


def test_the_settings_of_the_calling_program_reach_no_run(
    plain_run, fresh_engines, settings_of_a_caller, tmp_path
):
    data = noisy_data()
    folder = train_below(tmp_path, small_config("cnn3", data), data)
    assert what_was_computed(folder) == plain_run
    assert read_settings() == OF_THE_CALLER


def test_settings_are_put_back_when_the_block_fails(settings_of_a_caller):
    def fail():
        with our_globals():
            assert read_settings() == DEFAULTS
            raise MemoryError

    with pytest.raises(MemoryError):
        fail()
    assert read_settings() == OF_THE_CALLER


def test_the_settings_of_keras_json_and_of_variables_reach_no_run(tmp_path):
    settings = {
        "floatx": "float16",
        "epsilon": 0.1,
        "backend": "jax",
        "image_data_format": "channels_first",
        "nnx_enabled": True,
    }
    set_up = run_python(
        TRAIN_AND_TELL,
        str(tmp_path / "set"),
        KERAS_HOME=keras_home(tmp_path / "one", settings),
        KERAS_BACKEND="torch",
        KERAS_NNX_ENABLED="1",
        KERAS_MAX_EPOCHS="1",
        KERAS_MAX_STEPS_PER_EPOCH="1",
    )
    default = run_python(TRAIN_AND_TELL, str(tmp_path / "not"), KERAS_HOME=str(tmp_path / "two"))
    assert default.returncode == 0, default.stderr
    assert (set_up.stdout, set_up.stderr) == (default.stdout, default.stderr)


@pytest.mark.parametrize(
    ("settings", "what"),
    [({"floatx": "bfloat16"}, "floatx=bfloat16"), ([1], "no attribute"), ({"epsilon": 1}, "1")],
)
def test_settings_that_keras_cannot_use_are_one_line(tmp_path, settings, what):
    home = keras_home(tmp_path / "keras", settings)
    ended = run_python(
        "import sys; from mnist_keras.__main__ import main; sys.argv[1:] = ['shapes', 'cnn2']; "
        "main()",
        KERAS_HOME=home,
    )
    (line,) = ended.stderr.splitlines()
    assert (ended.returncode, ended.stdout) == (1, "")
    assert line.startswith("error: Keras cannot use its settings (")
    assert what in line
    assert f"keras.json in {home}," in line


def test_another_backend_that_has_begun_is_one_line():
    ended = run_python(
        "import keras; keras.config.backend = lambda: 'jax'\nimport mnist_keras.training.train"
    )
    assert ended.stderr.splitlines()[-1] == (
        "mnist_keras.errors.UserError: Keras computes with jax in this process, expected "
        "tensorflow; import mnist_keras before keras, or set KERAS_BACKEND=tensorflow"
    )


def test_what_cannot_be_put_back_is_recorded_and_compared():
    assert recorded_globals() == {}
    told = run_python(
        "import json, tensorflow as tf\n"
        "from mnist_keras.training.environment import describe_environment\n"
        "tf.config.experimental.enable_op_determinism()\n"
        "tf.config.optimizer.set_experimental_options({'constant_folding': False, "
        "'disable_meta_optimizer': False})\n"
        "print(json.dumps(describe_environment()))"
    )
    other = json.loads(told.stdout)
    assert (
        other["variables"].items()
        >= {
            "enable_op_determinism": "True",
            "set_experimental_options": "constant_folding=False",
        }.items()
    )
    here = describe_environment()
    assert not computes_alike(here, {**here, "variables": other["variables"]})
    assert computes_alike(here, {**other, "variables": here["variables"]})
