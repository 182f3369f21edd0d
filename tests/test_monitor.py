"""What the best epoch is chosen by: any metric of the validation set."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from generated_runs import write_run
from plain_scores import PLAIN
from search_runs import make_plan
from small_runs import (
    check_goes_on_to_the_same_bits,
    noisy_data,
    small_config,
    train_below,
)

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.measure import RunReading
from mnist_keras.analysis.notes import ChosenOtherwise
from mnist_keras.architectures import BUILT_IN
from mnist_keras.config import RunConfig, make_config
from mnist_keras.diagnosis.facts import RunFacts
from mnist_keras.errors import UserError
from mnist_keras.metrics import MONITORED
from mnist_keras.report.language import writing_in
from mnist_keras.report.words.notes import note_text
from mnist_keras.runs.best import best_epoch
from mnist_keras.runs.contradictions import contradiction
from mnist_keras.runs.records import EPOCH_COLUMNS, read_epochs, read_json, read_run, write_epochs
from mnist_keras.search.run import run_search
from mnist_keras.settings import TRAINING
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.trials import Trial, hosts
from mnist_keras.training import callbacks
from mnist_keras.training.architectures import build
from mnist_keras.training.own_models import gives_probabilities
from mnist_keras.training.parts import split_of

FEW_EPOCHS: dict[str, Any] = {"hidden": [16], "learning_rate": 0.03, "epochs": 12}


@pytest.fixture(scope="module")
def data() -> Any:
    return noisy_data()


@pytest.mark.parametrize("name", [name for name in MONITORED if name not in EPOCH_COLUMNS])
def test_the_column_is_the_score_of_the_weights_that_the_epoch_ends_with(
    tmp_path: Path, data: Any, name: str
) -> None:
    kept = {}

    def keep(rows: list[Any]) -> None:
        (weights,) = (tmp_path / "checkpoints").rglob("weights_epoch_*.weights.h5")
        kept[weights.name] = shutil.copy(weights, tmp_path / weights.name)

    config = small_config("shallow", data, **FEW_EPOCHS, monitor=name)
    folder = train_below(tmp_path, config, data, tensorboard=False, on_epoch=keep)
    rows = read_epochs(folder.epochs)
    assert [*rows[0]][-1] == name
    _, held_out = split_of(config, data.n_train)
    labels = data.y_train[held_out]
    assert len(kept) > 1
    for path in kept.values():
        model = build(config)
        model.load_weights(path)
        images = data.x_train[held_out][..., None] / np.float32(255)
        outputs = model.predict(images, verbose=0)
        row = rows[int(Path(path).name[14:16]) - 1]
        plain = PLAIN[name.removeprefix("val_")](labels, outputs)
        assert row[name] == pytest.approx(plain, rel=1e-4)
    values = [row[name] for row in rows]
    best = int(np.argmax(values) if MONITORED[name].better == "higher" else np.argmin(values))
    result = read_json(folder.result)
    assert (result["best_epoch"], result[name]) == (best + 1, values[best])
    record = read_run(folder.logs)
    assert record is not None
    assert contradiction(record) is None


def test_what_is_monitored_changes_nothing_else(tmp_path: Path, data: Any) -> None:
    """The weights of every epoch, and so its other figures; without it there is no column."""
    usual = small_config("shallow", data, **FEW_EPOCHS)
    folder = train_below(tmp_path, usual, data, tensorboard=False)
    header = folder.epochs.read_text(encoding="utf-8").splitlines()[0]
    assert header == ",".join(EPOCH_COLUMNS)
    other = train_below(tmp_path, usual.replace(monitor="val_ece"), data, tensorboard=False)
    computed = ("loss", "accuracy", "val_loss", "val_accuracy")
    pairs = zip(read_epochs(folder.epochs), read_epochs(other.epochs), strict=True)
    assert all(one[name] == two[name] for one, two in pairs for name in computed)


@pytest.mark.parametrize(
    "given",
    [
        {"monitor": "val_ece", "patience": 3},
        {"monitor": "val_brier", "ema": 0.9, "patience": 4},
        {"monitor": "val_top2_accuracy", "validation": "test"},
    ],
)
def test_it_goes_on_to_the_same_bits(
    tmp_path: Path, data: Any, monkeypatch: pytest.MonkeyPatch, given: dict[str, Any]
) -> None:
    """The best epoch and the patience that is left, too; also with a warm engine."""
    config = small_config("shallow", data, **{**FEW_EPOCHS, **given})

    monkeypatch.setattr(callbacks, "STATE_INTERVAL", 0.0)
    check_goes_on_to_the_same_bits(tmp_path, config, data)


def test_it_stops_after_as_many_epochs_without_a_better_value(tmp_path: Path, data: Any) -> None:
    config = small_config("shallow", data, **FEW_EPOCHS, monitor="val_ece")
    curve = [row["val_ece"] for row in read_epochs(train_below(tmp_path, config, data).epochs)]
    best, stops = 0, None
    for epoch, value in enumerate(curve):
        if value < curve[best]:
            best = epoch
        if epoch - best == 2:
            stops = epoch
            break
    assert stops is not None
    patient = train_below(tmp_path, config.replace(patience=2), data)
    result = read_json(patient.result)
    assert (result["epochs_run"], result["best_epoch"]) == (stops + 1, best + 1)
    assert result["stopped_early"]


def test_tensorboard_shows_it_beside_the_other_curves_of_validation(
    tmp_path: Path, data: Any
) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    config = small_config("shallow", data, monitor="val_macro_f1", epochs=2)
    folder = train_below(tmp_path, config, data)
    shown = EventAccumulator(str(folder.logs / "validation")).Reload()
    values = [one.tensor_proto.float_val[0] for one in shown.Tensors("epoch_macro_f1")]
    rows = read_epochs(folder.epochs)
    assert values == pytest.approx([row["val_macro_f1"] for row in rows])


# Which networks


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_network_says_whether_it_ends_in_probabilities(name: str) -> None:
    assert BUILT_IN[name].probabilities == gives_probabilities(
        build(make_config({"architecture": name}))
    )


@pytest.mark.parametrize("monitor", MONITORED)
def test_a_network_that_ends_in_scores_has_no_likelihood(monitor: str) -> None:
    if monitor in ("val_nll", "val_brier", "val_ece"):
        with pytest.raises(UserError, match=f"monitor is {monitor}, but perceptron ends in scores"):
            make_config({"architecture": "perceptron", "monitor": monitor})
    else:
        make_config({"architecture": "perceptron", "monitor": monitor})


def test_an_own_network_is_asked_what_it_ends_in(tmp_path: Path, data: Any) -> None:
    path = tmp_path / "nets.py"
    path.write_text(
        "import keras\n"
        "def net(shape, classes, *, activation: str = 'softmax'):\n"
        "    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(),\n"
        "        keras.layers.Dense(classes, activation=activation)])\n"
    )
    fields = {"architecture": f"{path}:net", "data": data.identity, "epochs": 2}
    with pytest.raises(UserError, match="net ends in scores"):
        make_config(
            {**fields, "activation": "linear", "loss": "squared-error", "monitor": "val_nll"}
        )
    folder = train_below(
        tmp_path, make_config({**fields, "monitor": "val_nll"}), data, tensorboard=False
    )
    assert all("val_nll" in row for row in read_epochs(folder.epochs))


def test_an_unknown_one_is_answered_with_the_nearest_and_the_list() -> None:
    with pytest.raises(UserError) as error:
        make_config({"architecture": "shallow", "monitor": "val_f1"})
    assert str(error.value).endswith("; did you mean val_macro_f1?")
    assert all(name in str(error.value) for name in MONITORED)


# The best epoch, wherever it is read

CURVES = {"val_accuracy": [0.5, 0.6, 0.7, 0.8], "val_brier": [0.4, 0.2, 0.3, 0.1]}


def brier(**given: Any) -> RunConfig:
    return make_config(
        {"architecture": "shallow", "epochs": 4, "monitor": "val_brier", "seed": 0, **given}
    )


@pytest.mark.parametrize(
    ("monitor", "values", "best"),
    [
        ("val_brier", [0.4, 0.2, 0.2], 1),
        ("val_macro_f1", [0.4, 0.2, 0.4], 0),
        ("val_nll", [0.4, float("nan"), 0.1], 2),
        ("val_nll", [float("nan"), 0.2, 0.1], 0),
        ("val_loss", [float("inf"), 1e38, float("inf")], 1),
        ("val_nll", [0.3, 0.3 - 1e-12, 0.5], 0),
    ],
)
def test_the_best_epoch_is_the_one_that_keras_takes(
    monitor: str, values: list[float], best: int
) -> None:
    config = make_config({"architecture": "shallow", "monitor": monitor})
    stopping = keras.callbacks.EarlyStopping(monitor, mode=config.monitor_mode, patience=9)
    stopping.set_model(keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)]))
    stopping.on_train_begin()
    stopping.best_epoch = 0
    for epoch, value in enumerate(values):
        stopping.on_epoch_end(epoch, {monitor: value})
    rows = [{monitor: value} for value in values]
    assert best_epoch(config, rows) == stopping.best_epoch == best


def test_the_first_epochs_of_a_longer_run_have_a_best_epoch_of_their_own(tmp_path: Path) -> None:
    folder = write_run(
        tmp_path, "s", brier(), {**CURVES, "test_accuracy": [0.1, 0.2, 0.3, 0.4]}, best_epoch=4
    )
    record = read_run(folder.logs)
    assert record is not None
    values = RunReading(record, 3, True).values()
    assert values["best_epoch"] == 2
    assert (values["val_accuracy"], values["test_accuracy"]) == (0.6, 0.2)
    assert RunFacts.of_beginning(record, 3).best == 1


def test_a_shorter_run_is_the_beginning_of_a_longer_one_that_monitors_the_same() -> None:
    short, long, other = (
        Trial(brier(**given), test_curve=True)
        for given in ({"epochs": 2}, {}, {"monitor": "val_loss", "epochs": 6})
    )
    found = hosts([short, long, other])
    assert (found[short], found[other]) == (long, other)


def test_a_search_tells_the_epoch_that_the_run_took(tmp_path: Path) -> None:
    plan = make_plan(tmp_path, ranges=["monitor=val_brier,val_loss"], sampler="grid", trials=2)
    curves = {**CURVES, "val_brier": [0.4, 0.2, 0.3, 0.3], "val_loss": [0.6, 0.5, 0.4, 0.5]}
    for monitor in ("val_brier", "val_loss"):
        config = brier(epochs=4, monitor=monitor)
        write_run(plan.place.logs, plan.name, config, curves)
    found = {one.config.monitor: one for one in run_search(plan, print).trials()}
    assert [(one.best_epoch, one.val_accuracy) for one in found.values()] == [(2, 0.6), (3, 0.7)]


def test_a_finished_run_without_what_it_monitors_is_damaged(tmp_path: Path) -> None:
    folder = write_run(tmp_path, "s", brier(), CURVES, best_epoch=4)
    rows = read_epochs(folder.epochs)
    del rows[1]["val_brier"]
    write_epochs(folder.epochs, rows, sync=False)
    with pytest.raises(UserError, match="lacks the val_brier of an epoch"):
        read_run(folder.logs)


@pytest.mark.parametrize(("value", "sound"), [("nan", True), ("2.5", False), ("-0.1", False)])
def test_what_may_stand_in_the_column(tmp_path: Path, value: str, sound: bool) -> None:
    path = tmp_path / "epochs.csv"
    path.write_text(f"epoch,val_brier\n1,{value}\n")
    if sound:
        assert np.isnan(read_epochs(path)[0]["val_brier"])
    else:
        with pytest.raises(UserError, match="val_brier is"):
            read_epochs(path)


# Words


def test_a_report_says_what_chose_the_epoch_in_both_languages() -> None:
    one = ChosenOtherwise((MONITORED["val_nll"],))
    two = ChosenOtherwise((MONITORED["val_accuracy"], MONITORED["val_macro_f1"]))
    assert note_text(one) == (
        "The best epoch of a run is the one with the lowest validation negative log-likelihood."
    )
    assert "the highest validation accuracy, the highest validation macro F1" in note_text(two)
    with writing_in("fr"):
        assert note_text(one).endswith("log-vraisemblance négative de validation au plus bas.")


def test_it_is_a_choice_as_other_settings_are() -> None:
    assert TRAINING["monitor"].choices == tuple(MONITORED)


def test_a_study_may_vary_what_is_monitored(tmp_path: Path) -> None:
    path = tmp_path / "choice.toml"
    path.write_text(
        'name = "choice"\ntitle = "What to choose by"\n'
        '[base]\narchitecture = "shallow"\nepochs = 4\n'
        '[[factors]]\nfield = "monitor"\nlabel = "monitored"\n'
        'values = ["val_accuracy", "val_brier"]\n'
    )
    study = load_study(path)
    for config in study.run_configs(range(2)):
        best = 4 if config.monitor == "val_accuracy" else 2
        curves = {**CURVES, "val_brier": [0.4, 0.1, 0.3, 0.2]}
        write_run(tmp_path, study.name, config, curves, best_epoch=best)
    outcome = analyze(study, tmp_path)
    by = {one.config.monitor: one.values for one in outcome.configurations}
    assert {name: values["best_epoch"].tolist() for name, values in by.items()} == {
        "val_accuracy": [4, 4],
        "val_brier": [2, 2],
    }
    assert by["val_brier"]["val_accuracy"].tolist() == [0.6, 0.6]
    by_both = ChosenOtherwise((MONITORED["val_accuracy"], MONITORED["val_brier"]))
    assert by_both in outcome.notes
