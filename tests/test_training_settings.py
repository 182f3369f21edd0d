"""Optimizers, schedules, losses and what else a training has, beside plain Keras."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_runs import (
    check_goes_on_to_the_same_bits,
    noisy_data,
    small_config,
    train_below,
    what_was_computed,
)

from mnist_keras.config import make_config
from mnist_keras.data.dataset import from_arrays
from mnist_keras.data.predictions import read_predictions
from mnist_keras.data.sampling import mislabel
from mnist_keras.errors import UserError
from mnist_keras.runs.contradictions import contradiction
from mnist_keras.runs.records import read_epochs, read_json, read_run
from mnist_keras.settings import OPTIMIZER_PARAMETERS
from mnist_keras.studies.trials import Trial, hosts, vary
from mnist_keras.training import callbacks
from mnist_keras.training.architectures import build
from mnist_keras.training.augment import Augmenter
from mnist_keras.training.elastic import draw_lattices, gaussians
from mnist_keras.training.engine import make_engine
from mnist_keras.training.optimizers import OPTIMIZERS, Rate, make_optimizer
from mnist_keras.training.parts import parts_of, split_of
from mnist_keras.training.pipelines import epoch_order
from mnist_keras.training.predict import load_run_model, outputs
from mnist_keras.training.warm import WarmEngines

SCHEDULES = keras.optimizers.schedules


@pytest.fixture(scope="module")
def data() -> Any:
    return noisy_data()


def engine_weights(config: Any, data: Any, epochs: int = 1) -> list[np.ndarray]:
    engine = make_engine(config, data.x_train, data.y_train)
    engine.fit(
        engine.epochs_dataset(config.seed, 0, epochs),
        epochs=epochs,
        steps_per_epoch=len(engine.chunks()),
        shuffle=False,
        verbose=0,
    )
    return engine.plain.get_weights()


def plain_weights(
    config: Any, data: Any, optimizer: Any, loss: Any = None, epochs: int = 1
) -> list[np.ndarray]:
    """Plain Keras, batch by batch, in the same order."""
    model = build(config)
    model.compile(optimizer, loss or keras.losses.CategoricalCrossentropy(), run_eagerly=True)
    for epoch in range(epochs):
        order = epoch_order(len(data.x_train), config.seed, epoch)
        for first in range(0, len(order), config.batch_size):
            batch = order[first : first + config.batch_size]
            images = data.x_train[batch].astype(np.float32)[..., None] / np.float32(255)
            model.train_on_batch(images, np.eye(10, dtype=np.float32)[data.y_train[batch]])
    return model.get_weights()


def assert_alike(found: list[np.ndarray], expected: list[np.ndarray], start: list[Any]) -> None:
    """Each array to 1e-3 of its change in training."""
    for one, other, begin in zip(found, expected, start, strict=True):
        change = np.linalg.norm(other - begin)
        assert change > 0
        assert np.linalg.norm(one - other) < 2e-3 * change


# Penalties and constraints


@pytest.mark.parametrize(
    "fields",
    [
        {"architecture": "conv-pool", "hidden": (8,), "l2": 0.05, "activation": "relu"},
        {"architecture": "mnist-mlp", "hidden": (8,), "l1": 0.01, "l2": 0.05, "dropout": 0.0},
        {"architecture": "mnist-mlp", "hidden": (8, 8), "max_norm": 0.3, "dropout": 0.0},
    ],
    ids=str,
)
def test_penalties_and_longest_weights_train_as_in_plain_keras(data, fields):
    settings = {"learning_rate": 0.05, "batch_size": 40, "optimizer": "sgd"}
    config = make_config({**fields, **settings, "data": data.identity})
    found = engine_weights(config, data)
    plain = plain_weights(config, data, keras.optimizers.SGD(0.05))
    assert_alike(found, plain, build(config).get_weights())
    if "max_norm" in fields:
        kernels = [weights for weights in found if weights.ndim == 2]
        longest = max(np.linalg.norm(kernel, axis=0).max() for kernel in kernels)
        assert longest == pytest.approx(0.3, rel=1e-4)


# Optimizers


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_the_table_of_parameters_is_keras_s(name: str) -> None:
    signature = inspect.signature(OPTIMIZERS[name].__init__).parameters
    known = {"momentum", "nesterov", "beta_1", "beta_2", "rho", "epsilon"}
    of_keras = {n: p.default for n, p in signature.items() if n in known}
    if signature["weight_decay"].default is not None:
        of_keras["weight_decay"] = signature["weight_decay"].default
    assert OPTIMIZER_PARAMETERS[name] == of_keras


def test_every_optimizer_of_keras_is_there() -> None:
    names = {
        name
        for name, one in vars(keras.optimizers).items()
        if inspect.isclass(one) and issubclass(one, keras.optimizers.Optimizer)
    }
    # A base class, two that hold others, and one that judges other weights than it trains.
    others = {"Optimizer", "LossScaleOptimizer", "MultiOptimizer", "ScheduleFreeAdamW"}
    assert {one.__name__ for one in OPTIMIZERS.values()} == names - others - {"OptimizerMap"}


CHANGED: dict[str, dict[str, Any]] = {
    "adadelta": {"rho": 0.9, "epsilon": 1e-4},
    "adam": {"beta_1": 0.8, "epsilon": 1e-3},
    "rmsprop": {"momentum": 0.5, "rho": 0.8, "epsilon": 1e-3},
    "sgd": {"momentum": 0.9, "nesterov": True},
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_trains_as_in_a_plain_keras_loop(data: Any, name: str) -> None:
    given = CHANGED.get(name, {})
    config = small_config(
        "shallow", data, hidden=[6], optimizer=name, learning_rate=0.01, batch_size=48, **given
    )
    expected = plain_weights(config, data, OPTIMIZERS[name](learning_rate=0.01, **given))
    assert_alike(engine_weights(config, data), expected, build(config).get_weights())


def test_decay_clipping_smoothing_and_a_schedule_are_keras_s(data: Any) -> None:
    config = small_config(
        "shallow",
        data,
        hidden=[6],
        learning_rate=0.02,
        batch_size=50,
        epochs=2,
        weight_decay=0.1,
        gradient_clip=0.5,
        label_smoothing=0.2,
        schedule="cosine",
    )
    optimizer = keras.optimizers.Adam(
        SCHEDULES.CosineDecay(0.02, 8), weight_decay=0.1, global_clipnorm=0.5
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    expected = plain_weights(config, data, optimizer, loss, epochs=2)
    assert_alike(engine_weights(config, data, 2), expected, build(config).get_weights())


def test_the_squared_error_is_keras_s(data: Any) -> None:
    config = small_config(
        "shallow", data, hidden=[6], loss="squared-error", optimizer="sgd", learning_rate=0.5
    )
    expected = plain_weights(
        config, data, keras.optimizers.SGD(0.5), keras.losses.MeanSquaredError()
    )
    assert_alike(engine_weights(config, data), expected, build(config).get_weights())


def test_a_default_that_is_given_is_no_other_run() -> None:
    usual = make_config({"architecture": "shallow"})
    for given in (
        {"optimizer": "adam", "beta_1": 0.9, "epsilon": 1e-7},
        {"weight_decay": 0.0},
        {"schedule": "constant", "warm_up": 0},
    ):
        config = make_config({"architecture": "shallow", **given})
        assert (config, config.name) == (usual, usual.name)
    step = {"architecture": "shallow", "schedule": "step"}
    assert make_config({**step, "decay": 0.1, "decay_epochs": 10}) == make_config(step)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"rho": 0.5}, "rho is 0.5, but adam has no rho; it belongs to adadelta, rmsprop"),
        ({"decay": 0.5}, "decay is 0.5, but the schedule is constant; .* exponential and step"),
        ({"schedule": "exponential", "decay_epochs": 3}, "decay_epochs is 3, but the schedule .*"),
        ({"warm_up": 20}, "warm_up is 20.0, but the training has 15 epochs; give fewer"),
        (
            {"loss": "squared-error", "label_smoothing": 0.1},
            "label_smoothing is 0.1, but the loss is squared-error; .*",
        ),
        ({"validation": "test", "validation_share": 0.1}, "validation_share is 0.1, but .*"),
        ({"keep": "last", "patience": 4}, "patience is 4, but keep is last, .* give patience none"),
        ({"keep": "last", "monitor": "val_loss"}, "monitor is val_loss, but keep is last, .*"),
        ({"optimizer": "adm"}, "optimizer is 'adm'; it should be 'adadelta', .*"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], line: str) -> None:
    with pytest.raises(UserError, match=f"^{line}$"):
        make_config({"architecture": "shallow", **given})


def test_another_optimizer_leaves_the_parameters_of_the_base_s_behind() -> None:
    base = {"architecture": "shallow", "optimizer": "sgd", "momentum": 0.9}
    assert vary(base, {"optimizer": "adam"}) == make_config({"architecture": "shallow"})
    assert vary(base, {"learning_rate": 0.1}).momentum == 0.9


# Schedules


def rates(epochs: int = 5, updates: int = 10, **given: Any) -> np.ndarray:
    config = make_config(
        {"architecture": "shallow", "learning_rate": 0.1, "epochs": epochs, **given}
    )
    rate = Rate(config, updates)
    return np.array([float(rate(step)) for step in range(epochs * updates)])


def keras_rates(schedule: Any, steps: int = 50) -> np.ndarray:
    return np.array([float(schedule(step)) for step in range(steps)])


def test_schedules_are_those_of_keras() -> None:
    cosine = keras_rates(SCHEDULES.CosineDecay(0.1, 50))
    np.testing.assert_allclose(rates(schedule="cosine"), cosine, rtol=1e-5, atol=1e-8)
    warm = SCHEDULES.CosineDecay(0.0, 40, warmup_target=0.1, warmup_steps=10)
    found = rates(schedule="cosine", warm_up=1)
    np.testing.assert_allclose(found, keras_rates(warm), rtol=1e-5, atol=1e-8)
    exponential = keras_rates(SCHEDULES.ExponentialDecay(0.1, 10, 0.8))
    np.testing.assert_allclose(rates(schedule="exponential", decay=0.8), exponential, rtol=1e-5)
    steps = keras_rates(SCHEDULES.ExponentialDecay(0.1, 20, 0.5, staircase=True))
    found = rates(schedule="step", decay=0.5, decay_epochs=2)
    np.testing.assert_allclose(found, steps, rtol=1e-5)


def test_one_cycle_rises_over_three_tenths_and_falls_to_almost_nothing() -> None:
    """The values that torch.optim.lr_scheduler.OneCycleLR(max_lr=0.1, total_steps=50) gives."""
    found = rates(schedule="one-cycle")
    np.testing.assert_allclose(found[[0, 7, 14, 49]], [0.004, 0.052, 0.1, 4e-7], rtol=1e-4)
    assert found.argmax() == 14
    assert (np.diff(found[:15]) > 0).all()
    assert (np.diff(found[14:]) < 0).all()


def test_warm_up_rises_in_a_line_and_then_stays() -> None:
    found = rates(warm_up=2)
    np.testing.assert_allclose(found[:21], np.linspace(0, 0.1, 21), atol=1e-8)
    assert set(found[20:].tolist()) == {found[20]}


def test_only_with_a_constant_rate_is_a_run_the_beginning_of_a_longer_one() -> None:
    for given, shared in (({}, True), ({"schedule": "cosine"}, False), ({"warm_up": 1}, False)):
        short, long = (
            Trial(
                make_config({"architecture": "shallow", "epochs": epochs, **given}),
                test_curve=True,
            )
            for epochs in (5, 10)
        )
        assert (hosts([short, long])[short] is long) == shared


def test_the_graph_holds_the_rate_where_it_changes() -> None:
    constant = make_config({"architecture": "shallow"})
    cosine = constant.replace(schedule="cosine")
    assert constant.replace(learning_rate=0.1, epochs=3).graph == constant.graph
    assert cosine.replace(learning_rate=0.1).graph != cosine.graph
    assert cosine.replace(epochs=3).graph != cosine.graph


# The moving average, what is monitored, and which images


EVERYTHING: dict[str, dict[str, Any]] = {
    "ema": {"ema": 0.9, "patience": 3},
    "one-cycle": {"schedule": "one-cycle", "optimizer": "adagrad", "warm_up": 0.5},
    "augmented": {"augment_shift": 0.1, "augment_rotate": 20, "augment_cutout": 0.3},
    "bent": {"augment_elastic": 0.08, "augment_zoom": 0.2, "label_noise": 0.3},
    "last": {"keep": "last", "validation": "test", "test_shift": 1},
    "val_loss": {"monitor": "val_loss", "validation": "last", "train_images": 100},
}


@pytest.mark.parametrize("name", EVERYTHING)
def test_it_goes_on_to_the_same_bits_and_a_warm_engine_computes_them(
    tmp_path: Path, data: Any, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    config = small_config("shallow", data, hidden=[4], learning_rate=0.02, **EVERYTHING[name])

    monkeypatch.setattr(callbacks, "STATE_INTERVAL", 0.0)
    check_goes_on_to_the_same_bits(tmp_path, config, data)


def test_the_average_of_the_weights_is_judged_and_kept(tmp_path: Path, data: Any) -> None:
    """As Keras's use_ema leaves it, after one epoch."""
    config = small_config("shallow", data, hidden=[4], learning_rate=0.02, epochs=1, ema=0.8)
    folder = train_below(tmp_path, config, data, tensorboard=False)
    training, validation = split_of(config, data.n_train)
    model = build(config)
    optimizer = keras.optimizers.Adam(0.02, use_ema=True, ema_momentum=0.8)
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    order = epoch_order(len(training), 0, 0)
    images, labels = data.x_train[training][order], data.y_train[training][order]
    for first in range(0, len(order), 32):
        batch = images[first : first + 32, ..., None] / np.float32(255)
        model.train_on_batch(batch, labels[first : first + 32])
    optimizer.finalize_variable_values(model.trainable_variables)
    kept = keras.saving.load_model(folder.model).get_weights()
    for one, other in zip(kept, model.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-5)
    held_out = data.x_train[validation][..., None] / np.float32(255)
    (row,) = read_epochs(folder.epochs)
    found = model.predict(held_out, verbose=0).argmax(axis=1) == data.y_train[validation]
    assert row["val_accuracy"] == found.mean()


def test_the_best_epoch_is_that_of_what_is_monitored(tmp_path: Path, data: Any) -> None:
    config = small_config(
        "shallow", data, hidden=[16], learning_rate=0.03, epochs=12, monitor="val_loss"
    )
    folder = train_below(tmp_path, config, data, tensorboard=False)
    losses = [row["val_loss"] for row in read_epochs(folder.epochs)]
    best = int(np.argmin(losses)) + 1
    assert read_json(folder.result)["best_epoch"] == best < 12
    assert (folder.checkpoints / f"weights_epoch_{best:02d}.weights.h5").is_file()


def test_the_last_epoch_is_kept_and_none_is_chosen(tmp_path: Path, data: Any) -> None:
    """The training is the same as where the best epoch is kept, on the test images or not."""
    best = small_config(
        "shallow", data, hidden=[16], learning_rate=0.03, epochs=6, validation="test"
    )
    last = best.replace(keep="last")
    assert (best.selected_on_test, last.selected_on_test) == (True, False)
    assert last.graph == best.graph
    chosen = train_below(tmp_path, best, data, tensorboard=False)
    folder = train_below(tmp_path, last, data, tensorboard=False)
    rows, result = read_epochs(folder.epochs), read_json(folder.result)
    accuracies = [row["val_accuracy"] for row in rows]
    assert accuracies == [row["val_accuracy"] for row in read_epochs(chosen.epochs)]
    assert read_json(chosen.result)["best_epoch"] < 6 == result["best_epoch"]
    assert result["test_accuracy"] == result["last_test_accuracy"] == accuracies[-1]
    assert result["test_accuracy"] == read_json(chosen.result)["last_test_accuracy"]
    assert result["selected_on_test"] is False
    weights = [file.name for file in folder.checkpoints.glob("weights_epoch_*")]
    assert weights == ["weights_epoch_06.weights.h5"]
    record = read_run(folder.logs)
    assert record is not None
    assert contradiction(record) is None


def test_the_mean_of_an_image_s_shifts_is_answered(tmp_path: Path, data: Any) -> None:
    """The network is the one without; test figures and whatever reads the run have the mean."""
    once = small_config("cnn2", data, epochs=1)
    folder = train_below(tmp_path, once.replace(test_shift=1), data, tensorboard=False)
    plain = keras.saving.load_model(folder.model)
    of_once = train_below(tmp_path, once, data, tensorboard=False)
    for weight, other in zip(
        plain.get_weights(), keras.saving.load_model(of_once.model).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, other)
    framed = np.pad(data.x_test[..., None] / np.float32(255), ((0, 0), (1, 1), (1, 1), (0, 0)))
    side = data.x_test.shape[1]
    answers = [
        plain.predict(framed[:, top : top + side, left : left + side], verbose=0)
        for top in range(3)
        for left in range(3)
    ]
    expected = np.mean(answers, axis=0)
    found = read_predictions(folder.predictions).outputs
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert np.abs(expected - answers[4]).max() > 1e-3
    result = read_json(folder.result)
    assert result["test_accuracy"] == (expected.argmax(axis=1) == data.y_test).mean()
    losses = -np.log(expected[np.arange(len(data.y_test)), data.y_test])
    assert result["test_loss"] == pytest.approx(losses.mean(), abs=1e-5)
    np.testing.assert_allclose(outputs(load_run_model(folder), data.x_test), found, atol=1e-6)


def test_which_images_are_trained_on_and_held_out() -> None:
    def parts(**given: Any) -> tuple[list[int], list[int]]:
        config = make_config({"architecture": "shallow", "seed": 3, **given})
        training, validation = split_of(config, 100)
        return training.tolist(), validation.tolist()

    training, validation = parts()
    assert (len(training), sorted(training + validation)) == (80, list(range(100)))
    assert parts(train_images=30) == (training[:30], validation)
    assert parts(validation="last", validation_share=0.1) == (
        list(range(90)),
        list(range(90, 100)),
    )
    last, held_out = parts(validation="last", train_images=30)
    assert held_out == list(range(80, 100))
    assert len(set(last)) == 30
    assert parts(validation="last", train_images=20)[0] == last[:20]
    assert parts(validation="test") == (list(range(100)), [])
    assert [len(part) for part in parts(validation_share=0.35)] == [65, 35]
    with pytest.raises(UserError, match="train_images is 81, but 80 are left to train on"):
        parts(train_images=81)


# Wrong labels


def test_a_share_of_the_labels_that_are_trained_on_is_of_another_class() -> None:
    labels = np.random.default_rng(0).integers(0, 10, 6000).astype(np.uint8)
    noisy = mislabel(labels, 0.25, 10, seed=3)
    wrong = noisy != labels
    assert wrong.sum() == 1500
    assert noisy.dtype == np.uint8
    # Every other class is equally likely: 9 steps of 167 expected, a standard deviation of 12.
    steps = np.bincount((noisy.astype(int) - labels)[wrong] % 10, minlength=10)
    assert steps[0] == 0
    assert np.abs(steps[1:] - 1500 / 9).max() < 5 * 12
    assert np.array_equal(mislabel(labels, 0.25, 10, seed=3), noisy)
    assert not np.array_equal(mislabel(labels, 0.25, 10, seed=4), noisy)
    more = mislabel(labels, 0.5, 10, seed=3)
    assert np.array_equal(more[wrong], noisy[wrong])
    assert (mislabel(labels, 1.0, 10, seed=3) != labels).all()
    assert np.array_equal(mislabel(labels, 0.0, 10, seed=3), labels)


@pytest.mark.parametrize("given", [{}, {"validation": "last"}, {"validation": "test"}, {"own": 40}])
def test_labels_of_validation_and_test_are_never_made_wrong(
    data: Any, given: dict[str, Any]
) -> None:
    given = dict(given)
    own = given.pop("own", 0)
    arrays = dict(data.arrays())
    if own:
        arrays |= {"x_val": data.x_train[:own], "y_val": data.y_train[:own]}
    some = from_arrays(arrays)
    before = {name: array.copy() for name, array in some.arrays().items()}
    config = small_config("shallow", some, seed=2, **given)
    (images, right), (held_out, of_held_out) = parts_of(config, some)
    (same_images, wrong), (same, of_same) = parts_of(config.replace(label_noise=0.5), some)
    assert np.array_equal(same_images, images)
    assert (wrong != right).sum() == round(len(right) / 2)
    assert np.array_equal(same, held_out)
    assert np.array_equal(of_same, of_held_out)
    for name, array in some.arrays().items():
        assert np.array_equal(array, before[name])


def test_a_share_of_a_data_set_with_a_validation_part_is_refused(data: Any) -> None:
    some = from_arrays({**data.arrays(), "x_val": data.x_train[:40], "y_val": data.y_train[:40]})
    config = small_config("shallow", some, validation_share=0.3)
    with pytest.raises(UserError, match=r"^validation_share is 0\.3, but arrays has a validation"):
        parts_of(config, some)
    (_, labels), _ = parts_of(config.replace(validation="last"), some)
    assert len(labels) == 140


def test_a_run_with_wrong_labels_has_a_name_and_a_warm_engine_takes_it(
    tmp_path: Path, data: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine that trained on the right labels trains on the wrong ones as a new one does."""
    usual = small_config("shallow", data, hidden=[4], learning_rate=0.02, epochs=2)
    noisy = usual.replace(label_noise=0.5)
    assert noisy.name == usual.name.replace("-data", "-label_noise=0.5-data")
    monkeypatch.setattr("mnist_keras.training.train._engines", WarmEngines(2))
    fresh = train_below(tmp_path / "fresh", noisy, data, tensorboard=False)
    engines = WarmEngines(2)
    monkeypatch.setattr("mnist_keras.training.train._engines", engines)
    right = train_below(tmp_path / "right", usual, data, tensorboard=False)
    (engine,) = engines._kept.values()
    warm = train_below(tmp_path / "warm", noisy, data, tensorboard=False)
    assert [*engines._kept.values()] == [engine]
    assert what_was_computed(warm) == what_was_computed(fresh)
    assert what_was_computed(warm) != what_was_computed(right)
    with np.load(warm.predictions) as predictions:
        assert np.array_equal(predictions["labels"], data.y_test)
    assert read_json(warm.config)["label_noise"] == 0.5


def test_the_optimizer_has_what_is_given() -> None:
    config = make_config(
        {"architecture": "shallow", "optimizer": "sgd", "momentum": 0.5, "ema": 0.9}
    )
    made = make_optimizer(config, 10).get_config()
    assert (made["momentum"], made["use_ema"], made["ema_momentum"]) == (0.5, True, 0.9)


# Augmentation


def changed(epoch: int = 0, seed: int = 1, images: Any = None, **given: Any) -> np.ndarray:
    config = make_config({"architecture": "shallow", "seed": seed, **given})
    augment = Augmenter.of(config)
    assert augment is not None
    images = (
        np.tile(np.arange(196, dtype=np.uint8).reshape(14, 14), (6, 1, 1))
        if images is None
        else images
    )
    order = tf.range(len(images))
    return augment(tf.constant(images), order, tf.constant(epoch)).numpy()


def test_without_a_setting_nothing_is_changed() -> None:
    assert Augmenter.of(make_config({"architecture": "shallow"})) is None


def test_what_happens_to_an_image_depends_on_seed_epoch_and_image_alone() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 14, 14), dtype=np.uint8)
    config = make_config({"architecture": "shallow", "augment_rotate": 30, "augment_shift": 0.2})
    augment = Augmenter.of(config)
    assert augment is not None
    in_order = augment(tf.constant(images), tf.range(5), tf.constant(2)).numpy()
    order = np.array([3, 0, 4, 1, 2], np.int32)
    shuffled = augment(tf.constant(images[order]), tf.constant(order), tf.constant(2)).numpy()
    assert np.array_equal(shuffled, in_order[order])
    other_epoch = augment(tf.constant(images), tf.range(5), tf.constant(3)).numpy()
    assert not np.array_equal(other_epoch, in_order)
    same = {"augment_rotate": 30, "augment_shift": 0.2, "images": images, "epoch": 2}
    assert np.array_equal(changed(seed=0, **same), in_order)
    assert not np.array_equal(changed(seed=1, **same), in_order)


def test_mirroring_mirrors_some_images_and_changes_nothing_else() -> None:
    image = np.arange(196, dtype=np.uint8).reshape(14, 14)
    found = changed(augment_mirror=True)
    kinds = [
        "as it was" if np.array_equal(one, image) else "mirrored"
        for one in found
        if np.array_equal(one, image) or np.array_equal(one, image[:, ::-1])
    ]
    assert len(kinds) == 6
    assert set(kinds) == {"as it was", "mirrored"}


def test_a_quarter_turn_at_most_keeps_the_ink_inside_and_its_amount() -> None:
    dot = np.zeros((8, 28, 28), np.uint8)
    dot[:, 12:16, 12:16] = 200
    for given in (
        {"augment_rotate": 90},
        {"augment_shift": 0.2},
        {"augment_shear": 30},
    ):
        found = changed(images=dot, **given).astype(float)
        assert not np.array_equal(found, dot)
        np.testing.assert_allclose(found.sum(axis=(1, 2)), 3200, rtol=0.08)
    zoomed = changed(images=dot, augment_zoom=0.5).astype(float).sum(axis=(1, 2)) / 3200
    assert 0.2 < zoomed.min() < 0.9
    assert 1.1 < zoomed.max() < 2.4


def test_a_shift_moves_no_further_than_it_may() -> None:
    dot = np.zeros((200, 28, 28), np.uint8)
    dot[:, 14, 14] = 255
    found = changed(images=dot, augment_shift=0.1)
    places = np.array([np.unravel_index(one.argmax(), one.shape) for one in found]) - 14
    assert np.abs(places).max() == 3
    assert len({tuple(one) for one in places.tolist()}) > 20


def numpy_bent(
    images: np.ndarray, lattices: np.ndarray, maps: np.ndarray, strength: float
) -> np.ndarray:
    """What `augment_elastic` is, pixel by pixel: sums of Gaussians, then the four neighbours."""
    n, height, width = images.shape
    bent = np.zeros(images.shape)

    def weights(place: int, length: int) -> np.ndarray:
        found = np.array(
            [np.exp(-(((place + 0.5) / (length / 7) - point) ** 2) / 2) for point in range(-1, 9)]
        )
        return found / np.sqrt((found**2).sum())

    def shown(image: np.ndarray, row: int, column: int) -> float:
        inside = 0 <= row < height and 0 <= column < width
        return float(image[row, column]) if inside else 0.0

    for i in range(n):
        for row in range(height):
            for column in range(width):
                bump = np.outer(weights(row, height), weights(column, width))
                a, b, c, d, e, f = maps[i, :6].astype(float)
                x = a * column + b * row + c + strength * width * (bump * lattices[i, 0]).sum()
                y = d * column + e * row + f + strength * height * (bump * lattices[i, 1]).sum()
                left, top = int(np.floor(x)), int(np.floor(y))
                for down, share in ((0, 1 - (y - top)), (1, y - top)):
                    for right, part in ((0, 1 - (x - left)), (1, x - left)):
                        bent[i, row, column] += (
                            share * part * shown(images[i], top + down, left + right)
                        )
    return bent


@pytest.mark.parametrize("moved", [{}, {"augment_rotate": 40.0, "augment_shift": 0.3}])
def test_bending_is_what_numpy_computes_in_one_go_with_the_other_moves(
    moved: dict[str, float],
) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3, 11, 14), dtype=np.uint8)
    found = changed(images=images, epoch=4, augment_elastic=0.1, **moved)
    lattices = draw_lattices(3, tf.constant([1 + 2**32, 4], tf.int64)).numpy()
    config = make_config({"architecture": "shallow", "seed": 1, **moved, "augment_elastic": 0.1})
    augment = Augmenter.of(config)
    assert augment is not None
    draws = tf.random.stateless_uniform(
        [3, 8], tf.constant([1, 4], tf.int64), -1.0, 1.0, alg="philox"
    )
    maps = augment._maps(tf.constant(images[..., None]), draws).numpy()
    expected = numpy_bent(images, lattices, maps, 0.1)
    assert np.abs(found - expected).max() < 0.51  # it is rounded to whole shades
    colour = np.stack([images, images[::-1], images], axis=-1)
    in_colour = changed(images=colour, epoch=4, augment_elastic=0.1, **moved)
    assert np.array_equal(in_colour[..., 0], found)


def test_a_field_has_the_spread_that_is_asked_for_and_is_as_smooth_as_simard_s() -> None:
    """White noise under a Gaussian of s pixels correlates as exp(-d^2 / 4 s^2), and 34 times it,
    as Simard et al. found best, displaces by 0.05 of a side of 29 pixels, s being 4.
    """
    lattices = draw_lattices(20_000, tf.constant([5, 6], tf.int64)).numpy()[:, 0]
    field = np.einsum("hi,nij,wj->nhw", gaussians(29), lattices, gaussians(29))
    np.testing.assert_allclose(field.std(axis=0), 1, atol=0.04)
    for distance in (2, 4, 8):
        found = (field[:, 14, 10] * field[:, 14, 10 + distance]).mean()
        assert found == pytest.approx(np.exp(-(distance**2) / 4 / (29 / 7) ** 2), abs=0.04)
    noise = np.random.default_rng(0).uniform(-1, 1, (200, 61, 61))
    bell = np.exp(-(np.arange(-30, 31) ** 2) / 2 / 4**2)
    bell /= bell.sum()
    middles = 34 * np.einsum("i,nij,j->n", bell, noise, bell)
    assert middles.std() / 29 == pytest.approx(0.05, abs=0.01)


def test_what_an_image_becomes_does_not_depend_on_its_neighbours_when_bent() -> None:
    images = np.random.default_rng(1).integers(0, 256, (300, 12, 12), dtype=np.uint8)
    augment = Augmenter.of(make_config({"architecture": "shallow", "augment_elastic": 0.05}))
    assert augment is not None
    in_order = augment(tf.constant(images), tf.range(300), tf.constant(2)).numpy()
    order = np.random.default_rng(2).permutation(300).astype(np.int32)
    shuffled = augment(tf.constant(images[order]), tf.constant(order), tf.constant(2)).numpy()
    assert np.array_equal(shuffled, in_order[order])
    other = augment(tf.constant(images), tf.range(300), tf.constant(3)).numpy()
    assert (other != in_order).any(axis=(1, 2)).all()


def test_cutout_covers_a_square_with_black() -> None:
    white = np.full((50, 28, 28), 255, np.uint8)
    found = changed(images=white, augment_cutout=0.25)
    covered = (found == 0).sum(axis=(1, 2))
    assert set(np.unique(found)) == {0, 255}
    assert covered.max() == 49
    assert covered.min() > 0
    colour = changed(images=np.repeat(white[..., None], 3, axis=3), augment_cutout=0.25)
    assert np.array_equal(colour, np.repeat(found[..., None], 3, axis=3))


def test_a_run_is_trained_on_the_changed_images(data: Any) -> None:
    config = small_config("shallow", data, hidden=[4], augment_shift=0.3)
    engine = make_engine(config, data.x_train, data.y_train)
    steps = list(engine.epochs_dataset(0, 1, 3, Augmenter.of(config)).as_numpy_iterator())
    for (images, labels, _, _), epoch in zip(steps, (1, 2), strict=True):
        order = epoch_order(200, 0, epoch)
        expected = Augmenter.of(config)(  # type: ignore[misc]
            tf.constant(data.x_train[order]), tf.constant(order), tf.constant(epoch)
        )
        assert np.array_equal(images, expected)
        assert np.array_equal(labels, data.y_train[order])
