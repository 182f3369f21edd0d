"""What is wrong with a run: each finding from a run that shows it, and none where nothing is."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from command_line import run_here
from generated_runs import write_run
from small_runs import small_config, train_below, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import Dataset, from_arrays
from mnist_keras.diagnosis.broken import AtChance, Cause, ManySilentUnits, NotANumber
from mnist_keras.diagnosis.diagnose import OTHERS, Finding, diagnose
from mnist_keras.diagnosis.facts import RunFacts
from mnist_keras.diagnosis.fit import (
    HoldoutUnlikeTest,
    Overfitting,
    Sign,
    ValidationAboveTraining,
)
from mnist_keras.diagnosis.pace import RateTooSmall, StillImproving
from mnist_keras.report.language import writing_in
from mnist_keras.report.words.findings import finding_text
from mnist_keras.runs.records import RunRecord, read_run


def bars(n: int, seed: int, noise: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Images with a bar whose height is the class; the noisier, the harder."""
    generator = np.random.default_rng(seed)
    labels = (np.arange(n) % 10).astype(np.uint8)
    images = generator.integers(0, noise, (n, 28, 28)).astype(np.int64)
    for image, label in zip(images, labels, strict=True):
        image[2 * label + 4 : 2 * label + 8, 4:24] += 60
    return np.clip(images, 0, 255).astype(np.uint8), labels


def bar_data(noise: int = 64, **parts: tuple[np.ndarray, np.ndarray]) -> Dataset:
    """1,000 training and 500 test images of bars, with other parts instead where given."""
    parts = {"train": bars(1000, 1, noise), "test": bars(500, 2, noise), **parts}
    arrays = {}
    for name, (images, labels) in parts.items():
        arrays |= {f"x_{name}": images, f"y_{name}": labels}
    return from_arrays(arrays)


def trained(
    root: Path, data: Dataset, architecture: str = "shallow", **fields: object
) -> RunRecord:
    hidden = {"hidden": (32,)} if architecture == "shallow" else {}
    config = small_config(architecture, data, **{**hidden, **fields})
    record = read_run(train_below(root, config, data, tensorboard=False).logs)
    assert record is not None
    return record


def findings(record: RunRecord) -> dict[type[Finding], Finding]:
    return {type(one): one for one in diagnose(RunFacts.of(record))}


def only(record: RunRecord) -> Finding:
    (finding,) = diagnose(RunFacts.of(record))
    return finding


# Runs that show it on purpose


def test_a_sound_run_has_no_finding(tmp_path):
    record = trained(tmp_path, bar_data(), epochs=20)
    assert record.result["val_accuracy"] > 0.98
    assert findings(record) == {}


def test_a_run_of_no_numbers_says_from_which_epoch(tmp_path):
    record = trained(tmp_path, bar_data(), "perceptron", learning_rate=10.0, batch_size=5)
    finding = only(record)
    assert isinstance(finding, NotANumber)
    assert not np.isfinite(record.epochs[finding.epoch - 1]["loss"])
    assert all(np.isfinite(row["val_loss"]) for row in record.epochs[: finding.epoch - 1])
    assert finding.rate_to_try == 1e-4


def test_too_large_updates_silence_all_units(tmp_path):
    record = trained(tmp_path, bar_data(), "lenet5", learning_rate=3.0, epochs=3)
    finding = only(record)
    assert isinstance(finding, AtChance)
    assert finding.cause is Cause.SILENT_UNITS
    assert finding.silent.silent == finding.silent.units
    assert finding.rate_to_try == 1e-3


def test_too_large_updates_without_silent_units_are_told_by_the_loss(tmp_path):
    record = trained(
        tmp_path, bar_data(), "perceptron", learning_rate=0.05, batch_size=500, epochs=6
    )
    finding = only(record)
    assert isinstance(finding, AtChance | NotANumber)
    if isinstance(finding, AtChance):
        assert (finding.cause, finding.silent) == (Cause.RATE_TOO_HIGH, None)


def test_too_small_updates_leave_it_at_chance_or_near(tmp_path):
    finding = only(trained(tmp_path, bar_data(), learning_rate=1e-7, epochs=6))
    assert isinstance(finding, AtChance)
    assert (finding.cause, finding.rate_to_try) == (Cause.RATE_TOO_LOW, 1e-3)
    finding = only(trained(tmp_path, bar_data(), learning_rate=1e-4, epochs=8))
    assert isinstance(finding, RateTooSmall)
    assert finding.first > finding.last > finding.guessing_loss / 2


def test_a_loss_that_stays_at_guessing_may_need_larger_updates(tmp_path):
    record = trained(tmp_path, bar_data(), optimizer="sgd", learning_rate=1e-5, epochs=2)
    finding = findings(record)[AtChance]
    assert isinstance(finding, AtChance)
    assert (finding.cause, finding.learning_rate) == (Cause.OPEN, 1e-5)
    assert finding.rate_to_try > 1e-5
    assert "the updates are too large or too small" in finding_text(finding)


def test_shuffled_labels_are_learnt_by_heart_and_do_not_hold(tmp_path):
    images, labels = bars(2000, 1)
    shuffled = np.random.default_rng(7).permutation(labels)
    data = bar_data(train=(images, shuffled))
    finding = only(trained(tmp_path, data, learning_rate=3e-3, epochs=20, hidden=(128,)))
    assert isinstance(finding, AtChance)
    assert finding.cause is Cause.LABELS
    assert finding.train_accuracy > 0.25


def test_one_epoch_was_still_improving(tmp_path):
    found = findings(trained(tmp_path, bar_data(), epochs=1, learning_rate=3e-3))
    assert isinstance(found[StillImproving], StillImproving)
    assert found[StillImproving].accuracy_last > found[StillImproving].accuracy_then


def test_a_run_that_ends_too_early_was_still_improving(tmp_path):
    record = trained(tmp_path, bar_data(), epochs=8, learning_rate=4e-4)
    finding = findings(record)[StillImproving]
    assert finding.loss_last < 0.9 * finding.loss_then
    stopped = replace(record, config=record.config.replace(epochs=20))
    assert StillImproving not in findings(stopped)  # patience ended it
    falling = replace(record, config=record.config.replace(schedule="cosine"))
    assert StillImproving not in findings(falling)
    assert "--patience" in finding_text(finding)
    keeping = replace(record, config=record.config.replace(keep="last", patience=None))
    assert "--patience" not in finding_text(findings(keeping)[StillImproving])


def test_few_training_images_are_learnt_by_heart(tmp_path):
    data = bar_data(noise=140)
    found = findings(trained(tmp_path, data, train_images=100, epochs=40, learning_rate=1e-3))
    finding = found[Overfitting]
    assert (finding.sign, finding.train_images) == (Sign.GAP, 100)
    assert finding.accuracy == 1.0
    assert finding.accuracy - finding.val_accuracy > 0.05


def test_dropout_puts_validation_above_training(tmp_path):
    record = trained(tmp_path, bar_data(), "cnn2", epochs=2, learning_rate=1e-3)
    finding = findings(record)[ValidationAboveTraining]
    assert finding.explained
    assert finding.random
    assert finding.measured > finding.accuracy + 0.05
    assert finding.sample == 500


def test_a_validation_part_of_other_data_is_told(tmp_path):
    data = bar_data(val=bars(400, 5, 250))
    record = trained(tmp_path, data, epochs=12, learning_rate=1e-2)
    finding = findings(record)[HoldoutUnlikeTest]
    assert finding.val_images == 400
    assert finding.test_accuracy > finding.val_accuracy + 0.05
    on_test = trained(tmp_path, data, epochs=12, learning_rate=1e-2, validation="test")
    assert HoldoutUnlikeTest not in findings(on_test)


# What is measured


def test_silent_units_and_the_sample_are_those_of_the_network(tmp_path):
    from mnist_keras.training.predict import load_run_model

    data = bar_data()
    config = small_config("deep", data, hidden=(16, 12), learning_rate=0.05, epochs=3)
    folder = train_below(tmp_path, config, data, tensorboard=False)
    seen = read_run(folder.logs).examination
    model = load_run_model(folder)
    from mnist_keras.training.parts import parts_of

    (images, labels), (_, val_labels) = parts_of(config, data)
    chosen = np.linspace(0, len(images) - 1, 500).round().astype(int)
    values = images[chosen].reshape(500, 784) / np.float32(255)
    silent = []
    for layer in model.layers[1:-1]:
        kernel, bias = layer.get_weights()
        values = np.maximum(values @ kernel + bias, 0)
        silent.append(int((values.max(axis=0) <= 0).sum()))
    kernel, bias = model.layers[-1].get_weights()
    read = (values @ kernel + bias).argmax(axis=1)
    assert [layer.silent for layer in seen.relu_layers] == silent
    assert [layer.units for layer in seen.relu_layers] == [16, 12]
    assert [layer.layer for layer in seen.relu_layers] == ["Dense 1", "Dense 2"]
    assert seen.train_accuracy == (read == labels[chosen]).mean()
    assert (seen.train_images, seen.val_images, seen.test_images) == (800, 200, 500)
    assert seen.most_frequent == np.bincount(val_labels).max() / 200
    assert not seen.random_layers


def test_old_runs_without_what_is_measured_are_read_and_told_of_what_they_show(tmp_path):
    config = RunConfig(architecture="shallow", epochs=12)
    curves = {
        "val_accuracy": [0.97] * 12,
        "loss": np.linspace(0.3, 0.01, 12),
        "accuracy": np.linspace(0.9, 0.98, 12),
        "val_loss": [0.2, 0.1, 0.1, *np.linspace(0.11, 0.3, 9)],
    }
    folder = write_run(tmp_path, "train", config, curves)
    finding = only(read_run(folder.logs))
    assert isinstance(finding, Overfitting)
    assert (finding.sign, finding.since) == (Sign.LOSS, 2)
    rising = dict(curves, loss=np.linspace(0.01, 0.3, 12))  # it falls apart; it learns nothing more
    folder = write_run(tmp_path, "other", config, rising)
    assert findings(read_run(folder.logs)) == {}


def test_a_forged_examination_is_refused(tmp_path):
    config = RunConfig(architecture="shallow")
    curves = {"val_accuracy": [0.9]}
    folder = write_run(tmp_path, "train", config, curves, examination={"sample": -1})
    done = run_here("evaluate", str(folder.logs), "--logs", str(tmp_path))
    assert done.code == 1
    assert "examination" in done.err
    assert done.err.count("\n") == 1


# What is said


def test_every_kind_is_said_in_both_languages_with_its_numbers():
    from mnist_keras.examination import SilentUnits
    from mnist_keras.report.words import findings as words

    layer = SilentUnits(layer="Dense 1", units=64, silent=60)
    examples: list[Finding] = [
        NotANumber(1, None, 10.0, 1e-3),
        NotANumber(3, 2.5, 10.0, 1e-3),
        *(AtChance(0.11, 0.112, 999, c, 0.9, 7.7, 2.3, 1.0, 1e-3, layer) for c in Cause),
        ManySilentUnits(layer, 500, 0.1, 1e-3),
        RateTooSmall(8, 2.3, 2.1, 2.303, 1e-6, 1e-3),
        StillImproving(5, 10, 0.5, 0.4, 0.8, 0.85),
        StillImproving(5, 10, 0.5, 0.4, 0.8, 0.85, may_stop_early=False),
        StillImproving(1, 1, 0.5, 0.5, 0.8, 0.85),
        *(Overfitting(s, 4, 9, 5, 0.4, 0.1, 0.3, 0.6, 0.99, 0.91, 0.93, 99) for s in Sign),
        ValidationAboveTraining(3, 0.9, 0.95, 0.96, 500, True, True),
        ValidationAboveTraining(3, 0.9, 0.95, 0.96, 500, True, False),
        ValidationAboveTraining(3, 0.9, 0.95, 0.9, 500, False, True),
        HoldoutUnlikeTest(0.9, 400, 0.99, 500, 6.2),
    ]
    assert {type(one) for one in examples} == {NotANumber, AtChance, *OTHERS} == set(words._WORDS)
    english = [finding_text(one) for one in examples]
    with writing_in("fr"):
        french = [finding_text(one) for one in examples]
    assert len(set(english)) == len(set(french)) == len(examples)
    assert not set(english) & set(french)
    assert english[0] == (
        "The loss is no number from epoch 1 on: it was too large for the computer's numbers in the "
        "first epoch. Try a learning rate of 0.001 instead of 10, or --gradient-clip 1."
    )


def test_train_evaluate_and_the_report_tell_it(tmp_path, monkeypatch):
    images, labels = bars(1000, 1)
    idx = write_idx(
        tmp_path / "idx",
        {"x_train": images, "y_train": labels, "x_test": images[:200], "y_test": labels[:200]},
    )
    places = ["--logs", str(tmp_path / "logs"), "--checkpoints", str(tmp_path / "checkpoints")]
    given = [*places, "--data", str(idx)]
    run = ["train", "shallow", "--hidden", "16", "--epochs", "6", "--learning-rate", "1e-7"]
    monkeypatch.setattr("mnist_keras.training.train.use_threads", lambda threads: None)
    done = run_here(*run, *given)
    assert "What stands out in this run\n- It has learnt nothing: its best" in done.out
    told = run_here(*run, *given, "--json").json["findings"]
    assert [one["finding"] for one in told] == ["at-chance"]
    assert told[0]["cause"] == "rate too low"
    done = run_here("evaluate", "shallow", *given)
    assert "What stands out in this run\n- It has learnt nothing" in done.out
    assert run_here("evaluate", "shallow", *given, "--json").json["findings"] == told
    study = tmp_path / "slow.toml"
    study.write_text(
        'name = "slow"\ntitle = "Slow"\n[base]\narchitecture = "shallow"\nhidden = [16]\n'
        'epochs = 6\n[[factors]]\nfield = "learning_rate"\nlabel = "rate"\nvalues = [1e-7, 3e-3]\n'
    )
    monkeypatch.chdir(tmp_path)
    done = run_here("study", str(study), "--seeds", "2", "--jobs", "1", *given)
    assert "What stands out in the trainings" in done.out
    assert "lr1e-07" in done.out
    page = (tmp_path / "logs" / "slow" / "report.md").read_text()
    assert "What stands out in the trainings" in page
    assert "2 of 2 seeds: It has learnt nothing" in page
    json.dumps(told)


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_the_beginning_of_a_longer_run_is_diagnosed_as_if_it_had_ended(tmp_path, epochs):
    curves = {"val_accuracy": np.linspace(0.5, 0.9, 9), "val_loss": np.linspace(1.0, 0.1, 9)}
    folder = write_run(tmp_path, "train", RunConfig(architecture="shallow", epochs=9), curves)
    facts = RunFacts.of_beginning(read_run(folder.logs), epochs)
    assert (facts.epochs, facts.best, facts.seen) == (epochs, epochs - 1, None)
