"""A network of the user's own: named, known, trained, resumed, opened, refused."""

from __future__ import annotations

import pickle
import re
import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from small_runs import folder_below, noisy_data, small_config, train_below, what_was_computed

from mnist_keras.config import RunConfig, make_config, recorded_config
from mnist_keras.errors import UserError
from mnist_keras.own_networks import find_own
from mnist_keras.runs.records import read_json, read_run
from mnist_keras.submissions.merging import Merger
from mnist_keras.training import callbacks
from mnist_keras.training import train as train_module
from mnist_keras.training.engine import make_engine
from mnist_keras.training.predict import load_run_model, outputs
from mnist_keras.training.state import load_state

SOURCE = Path(__file__).with_name("own_nets.py")
TRAINED = ("net", "whole", "convolutional")


@pytest.fixture(scope="module")
def data() -> Any:
    return noisy_data()


@pytest.fixture
def nets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file nets.py in the working folder."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copy(SOURCE, tmp_path / "nets.py"))


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


# What it is called, and when it is the same


def test_the_name_has_the_function_what_is_not_default_and_what_is_built(nets: Path) -> None:
    config = RunConfig(architecture="nets.py:net", width=12, normalise=False, seed=3)
    assert re.fullmatch(
        r"net-normalise=false-width=12-lr0\.001-b64-e15-n[0-9a-f]{12}-s3", config.name
    )
    assert config.settings == {
        "width": 12,
        "dropout": 0.0,
        "activation": "relu",
        "normalise": False,
    }
    assert config.width == 12


def test_text_function_and_place_mean_the_same_network(nets: Path) -> None:
    one = RunConfig(architecture="nets.py:net", width=12)
    function = find_own("nets.py:net").function
    assert RunConfig(architecture=function, width=12) == one
    (nets.parent / "sub").mkdir()
    shutil.copy(nets, nets.parent / "sub" / "others.py")
    assert RunConfig(architecture="sub/others.py:net", width=12) == one
    assert RunConfig(architecture="nets.py:net") != one


def test_a_record_means_the_same_and_runs_no_file(nets: Path) -> None:
    config = RunConfig(architecture="nets.py:net", width=12)
    recorded = config.model_dump(mode="json")
    nets.write_text("raise RuntimeError('it was run')\n")
    again = recorded_config(recorded)
    assert (again, again.name, again.to_json()) == (config, config.name, config.to_json())
    assert again.replace(seed=4).name == config.name.replace("-s0", "-s4")
    assert pickle.loads(pickle.dumps(config)) == config
    for use in (again.find, lambda: again.replace(width=3)):
        with pytest.raises(UserError, match=r"with a function in nets\.py, which a record does"):
            use()
    for forged, line in (
        ({"network": None}, "what that network was is missing"),
        ({"architecture": "cnn2"}, "cnn2 is built in, but has a network of one's own"),
        ({"architecture": "../nets.py:net"}, "it should be 'perceptron'"),
        ({"architecture": "\x1b[2J.py:net"}, "it should be 'perceptron'"),
        ({"more": {"a": 1}}, "more is .*, which is no setting of a network"),
        ({"activation": "\x1b[2J"}, "activation is .*, which is no setting of a network"),
    ):
        with pytest.raises(UserError, match=line):
            recorded_config({**recorded, **forged})


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""A hidden layer with normalisation and dropout."""', '"""Said otherwise."""'),
        ("x = layers.Dense(width)(", "x = layers.Dense(width, name='other')("),
        ("normalise: bool = True,", "normalise: bool = True,\n    more: int = 3,"),
        ("strides=3", "strides=2"),
        ("self.flat = layers.Flatten()", "self.flat = layers.Reshape((784,))"),
    ],
)
def test_what_does_not_change_the_network_changes_no_name(nets: Path, old: str, new: str) -> None:
    before = RunConfig(architecture="nets.py:net", width=12)
    change(nets, old, new)
    after = RunConfig(architecture="nets.py:net", width=12)
    assert (after, after.name) == (before, before.name)


@pytest.mark.parametrize(
    ("function", "old", "new"),
    [
        ("net", "layers.BatchNormalization()(x)", "layers.LayerNormalization()(x)"),
        ("net", 'activation="softmax")(x))', 'activation="softmax", use_bias=False)(x))'),
        ("whole", "layers.Dropout(0.2)", "layers.Dropout(0.3)"),
        ("whole", "self.norm(hidden, training=training)", "hidden"),
        ("convolutional", '"l2"', '"l1"'),
    ],
)
def test_a_changed_network_has_another_name(nets: Path, function: str, old: str, new: str) -> None:
    before = RunConfig(architecture=f"nets.py:{function}")
    change(nets, old, new)
    after = RunConfig(architecture=f"nets.py:{function}")
    assert after != before
    assert after.name != before.name


def test_code_of_its_own_counts_wherever_it_is_beside_the_file(nets: Path) -> None:
    helper = nets.with_name("helper.py")
    helper.write_text("def twice(x):\n    return 2 * x\n")
    nets.write_text(
        "import keras\nfrom helper import twice\nfrom keras import layers\n"
        "class Twice(layers.Layer):\n    def call(self, x):\n        return twice(x)\n"
        "def net(shape, classes):\n    return keras.Sequential([keras.Input(shape),"
        " layers.Flatten(), Twice(), layers.Dense(classes, 'softmax')])\n"
    )
    before = RunConfig(architecture="nets.py:net").name
    helper.write_text("def twice(x):\n    return 3 * x\n")
    nets.touch()
    assert RunConfig(architecture="nets.py:net").name != before


# Training


@pytest.mark.parametrize("function", TRAINED)
def test_it_goes_on_and_is_trained_again_by_a_warm_engine_to_the_same_bits(
    nets: Path, data: Any, monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    root = nets.parent
    config = small_config(f"nets.py:{function}", data, learning_rate=2e-3)

    def copy_everything(rows: list[Any]) -> None:
        if len(rows) == 3:
            shutil.copytree(root / "whole", root / "killed")

    with monkeypatch.context() as patch:
        patch.setattr(callbacks, "STATE_INTERVAL", 0.0)
        patch.setattr(train_module._engines, "_kept", {})
        whole = train_below(root / "whole", config, data, on_epoch=copy_everything)
        killed = folder_below(root / "killed", config)
        loaded = load_state(killed.state)
        assert loaded is not None
        assert loaded[0].epochs == 2
        train_below(root / "killed", config, data)  # the engine is warm now
        assert what_was_computed(killed) == what_was_computed(whole)
        patch.setattr(train_module._engines, "_kept", {})
        new = train_below(root / "new", config, data)
        assert what_was_computed(new) == what_was_computed(whole)
    record = read_run(whole.logs)
    assert record is not None
    assert record.config == config
    assert (whole.logs / "nets.py").read_bytes() == nets.read_bytes()
    assert read_json(killed.result)["resumed"] == {"times": 1, "bit_exact": True}


def test_what_was_changed_since_it_was_configured_is_not_trained_in_its_name(
    nets: Path, data: Any
) -> None:
    config = small_config("nets.py:net", data, epochs=1)
    source = nets.read_text()
    change(nets, "layers.BatchNormalization()(x)", "layers.LayerNormalization()(x)")
    folder = folder_below(nets.parent, config)
    with pytest.raises(UserError, match=r"nets\.py, line \d+: net has changed since this train"):
        train_below(nets.parent, config, data)
    assert not folder.logs.exists()
    nets.write_text(f"# What builds the same is the same.\n{source}")
    train_below(nets.parent, config, data)
    change(nets, "layers.BatchNormalization()(x)", "layers.LayerNormalization()(x)")
    train_below(nets.parent, config, data)  # it is there, and need not be built


def test_what_the_process_has_set_changes_no_name(
    nets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker has other settings than the program that calls us, and must find the same."""
    name = RunConfig(architecture="nets.py:net").name
    monkeypatch.setattr("mnist_keras.training.identity._known", {})
    keras.config.set_dtype_policy("mixed_float16")
    try:
        assert RunConfig(architecture="nets.py:net").name == name
    finally:
        keras.config.set_dtype_policy("float32")


def test_the_weights_are_those_of_a_plain_keras_loop(nets: Path, data: Any) -> None:
    """With normalisation, whose averages are part of it, and a penalty on the weights."""
    change(nets, "layers.Dense(width)(", 'layers.Dense(width, kernel_regularizer="l2")(')
    config = small_config(
        "nets.py:net", data, batch_size=50, activation="tanh", optimizer="sgd", learning_rate=0.1
    )
    engine = make_engine(config, data.x_train, data.y_train)
    plain = keras.models.clone_model(engine.plain)
    plain.set_weights(engine.plain.get_weights())
    plain.compile(keras.optimizers.SGD(config.learning_rate), "sparse_categorical_crossentropy")
    (order,) = engine.epochs_dataset(0, 0, 1).take(1)
    for first in range(0, 200, 50):
        images = np.asarray(order[0][first : first + 50])[..., None] / np.float32(255)
        plain.train_on_batch(images, np.asarray(order[1][first : first + 50]))
    engine.fit(engine.epochs_dataset(0, 0, 1), steps_per_epoch=1, shuffle=False, verbose=0)
    for one, other in zip(engine.plain.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)


def test_what_xla_cannot_compile_is_trained_without_and_said(nets: Path, data: Any) -> None:
    notes: list[str] = []
    config = small_config("nets.py:uncompiled", data, epochs=1)
    train_below(nets.parent, config, data, on_note=notes.append)
    assert notes == ["XLA cannot compile a layer of uncompiled; it is trained without"]


def test_a_run_is_opened_with_its_own_file_only(nets: Path, data: Any) -> None:
    config = small_config("nets.py:whole", data, epochs=1)
    folder = train_below(nets.parent, config, data)
    with pytest.raises(UserError, match=r"as --network nets\.py:whole"):
        load_run_model(folder)
    model = load_run_model(folder, ["nets.py:whole"])
    with np.load(folder.predictions) as arrays:
        np.testing.assert_allclose(
            outputs(model, data.x_test), arrays["probabilities"], rtol=1e-5, atol=1e-6
        )
    change(nets, "layers.Dropout(0.2)", "layers.Dropout(0.3)")
    with pytest.raises(UserError, match="builds another network than the one that"):
        load_run_model(folder, ["nets.py:whole"])
    folder.variables.write_bytes(b"PK")
    change(nets, "layers.Dropout(0.3)", "layers.Dropout(0.2)")
    with pytest.raises(UserError, match=r"variables\.npz is damaged"):
        load_run_model(folder, ["nets.py:whole"])


# What is refused, in one line with file and line


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ("scores", r"nets\.py, line \d+: scores ends in scores, not in probabilities.*softmax.*"),
        ("two_inputs", r"nets\.py, line \d+: two_inputs has 2 inputs; expected one, the images"),
        ("five", r"nets\.py, line \d+: five gives \[batch, 5\]; expected \[batch, 10\], .*"),
        ("misspelt", r"nets\.py, line \d+: misspelt cannot be built .*: ValueError: .*sofmax"),
        ("nothing", r"nets\.py, line \d+: nothing returns None; expected a keras\.Model"),
        ("positional", r"nets\.py, line \d+: width of positional is no keyword-only .*"),
        ("clash", r"nets\.py, line \d+: the setting batch_size of clash has the name of .*"),
        ("odd", r"nets\.py, line \d+: TypeError: thing is of the type dict.*"),
        ("wholes", r"nets\.py has no function wholes; did you mean whole\?"),
        ("Whole", r"'nets\.py:Whole' is no function of a file; .*"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(nets: Path, function: str, line: str) -> None:
    with pytest.raises(UserError) as error:
        make_config({"architecture": f"nets.py:{function}"})
    assert re.fullmatch(line, str(error.value))


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"widht": 3}, r"widht is no setting of nets\.py:net; did you mean width\?"),
        ({"width": 0}, r"width is 0; it should be greater than or equal to 1"),
        ({"width": "x"}, r"width is 'x'; it should be a valid integer.*"),
        (
            {"activation": "gelu"},
            r"activation is 'gelu'; it should be 'relu' or 'tanh'; did you mean relu\?",
        ),
        ({"momentum": 0.5}, r"momentum is 0\.5, but adam has no momentum; .*sgd"),
    ],
)
def test_a_wrong_setting_is_refused(nets: Path, fields: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError) as error:
        make_config({"architecture": "nets.py:net", **fields})
    assert re.fullmatch(line, str(error.value))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, r"nets\.py: No such file or directory; give the path .*"),
        ("import keras\nimport nothere\n", r"nets\.py, line 2: ModuleNotFoundError: .*nothere.*"),
        ("import sys\n\nsys.exit(3)\n", r"nets\.py, line 3: SystemExit: 3; it must import .*"),
        ("def net(:\n", r"nets\.py, line 1: invalid syntax; correct it"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused(nets: Path, text: str | None, line: str) -> None:
    nets.unlink()
    if text is not None:
        nets.write_text(text)
    with pytest.raises(UserError) as error:
        make_config({"architecture": "nets.py:net"})
    assert re.fullmatch(line, str(error.value))


def test_scores_are_taken_by_a_squared_error(nets: Path, data: Any) -> None:
    config = small_config("nets.py:scores", data, epochs=1, loss="squared-error")
    folder = train_below(nets.parent, config, data)
    with np.load(folder.predictions) as arrays:
        np.testing.assert_allclose(arrays["probabilities"].sum(axis=1), 1, rtol=1e-5)


def test_merging_and_reading_somebody_s_runs_runs_no_file(
    nets: Path, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small_config("nets.py:whole", data, epochs=1)
    folder = train_below(nets.parent / "theirs", config, data, study="their-study")
    monkeypatch.chdir(nets.parent)
    shutil.copy(folder.logs / "nets.py", folder.logs / "sitecustomize.py")
    nets.write_text("raise RuntimeError('it was run')\n")
    merger = Merger(Path("logs"), Path("checkpoints"))
    (merged,) = merger.merge([Path("theirs")])
    assert (merged.outcome, merged.why, merged.checkpoints) == ("merged", "", True)
    here = folder_below(Path(), config, "their-study")
    assert {file.name for file in here.checkpoints.iterdir()} >= {"model.keras", "variables.npz"}
    assert not list(here.logs.glob("*.py"))
    record = read_run(here.logs)
    assert record is not None
    assert record.config == config
    assert record.config.graph.replace(seed=3).seed == 3
