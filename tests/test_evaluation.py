from __future__ import annotations

import json
import shutil
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from command_line import run_here
from generated_runs import write_run
from matplotlib.figure import Figure
from PIL import Image
from scipy import stats
from small_runs import noisy_arrays, noisy_data, small_config, train_below, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.data.predictions import Predictions, read_predictions
from mnist_keras.errors import UserError
from mnist_keras.report.evaluation.draw_confusion import draw_confusion
from mnist_keras.report.evaluation.draw_images import MOST_ERRORS, draw_errors, draw_first_layer
from mnist_keras.report.evaluation.evaluate import evaluate_run
from mnist_keras.report.evaluation.first_layer import first_layer
from mnist_keras.report.evaluation.numbers import confusion_matrix, confusions, run_numbers
from mnist_keras.report.evaluation.peers import Peers, find_peers, shared_mistakes
from mnist_keras.runs.records import RunFolder, read_run

NAMES = tuple("abcdefghij")
MARK = "selected on the test set"


@pytest.fixture(scope="module")
def predictions() -> Predictions:
    """500 images, about a quarter of them read wrongly; no image of the last class."""
    generator = np.random.default_rng(4)
    labels = generator.integers(0, 9, 500).astype(np.uint8)
    scores = generator.uniform(size=(500, 10))
    scores[np.arange(500), labels] += 0.6
    return Predictions(labels, (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> dict[str, RunFolder]:
    """Four small runs on the noisy set, which lies in `idx`, two of them selected on the test."""
    root = tmp_path_factory.mktemp("evaluated")
    data = load(write_idx(root / "idx", noisy_arrays()))
    configs = {
        "perceptron": small_config("perceptron", data, batch_size=5, validation="test"),
        "shallow": small_config("shallow", data, hidden=(40,)),
        "deep": small_config("deep", data, hidden=(8, 6)),
        "cnn2": small_config("cnn2", data, epochs=1, validation="test"),
    }
    return {name: train_below(root, config, data) for name, config in configs.items()}


def evaluate(folder: RunFolder, *arguments: str, data: bool = True):
    logs = folder.logs.parents[1]
    root = logs.parent
    places = ["--logs", str(logs), "--checkpoints", str(root / "checkpoints")]
    of_data = ["--data", str(root / "idx")] if data else []
    return run_here("evaluate", folder.logs.name, *places, *of_data, *arguments)


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(mpl.text.Text)]


# Numbers


def test_the_confusion_matrix_counts_one_image_after_the_other(predictions):
    numbers = run_numbers(predictions, NAMES)
    expected = [[0] * 10 for _ in range(10)]
    for label, shares in zip(predictions.labels.tolist(), predictions.probabilities, strict=True):
        expected[label][max(range(10), key=lambda place: shares[place])] += 1
    assert numbers.matrix.tolist() == expected
    assert numbers.correct == sum(expected[place][place] for place in range(10))
    assert numbers.images == 500
    assert 0.6 < numbers.accuracy < 0.9


def test_intervals_are_wilsons(predictions):
    numbers = run_numbers(predictions, NAMES)
    cases = [(numbers.correct, numbers.images, numbers.interval)]
    cases += [(one.correct, one.images, one.interval) for one in numbers.by_class[:9]]
    for correct, images, interval in cases:
        wilson = stats.binomtest(correct, images).proportion_ci(0.95, method="wilson")
        np.testing.assert_allclose(interval, (wilson.low, wilson.high), rtol=1e-9)
    last = numbers.by_class[9]
    assert (last.images, last.accuracy, last.interval) == (0, None, None)


def test_mistakes_are_all_there_the_most_confident_first(predictions):
    mistakes = run_numbers(predictions, NAMES).mistakes
    wrong = np.flatnonzero(predictions.probabilities.argmax(axis=1) != predictions.labels)
    assert sorted(mistake.image for mistake in mistakes) == wrong.tolist()
    sure = [mistake.output for mistake in mistakes]
    assert sure == sorted(sure, reverse=True)
    for mistake in mistakes:
        shares = predictions.probabilities[mistake.image]
        assert mistake.label == predictions.labels[mistake.image]
        assert mistake.predicted == shares.argmax()
        assert mistake.output == shares.max()
        assert mistake.label_output == shares[mistake.label]


def test_a_class_that_is_read_but_has_no_name_is_called_by_its_number():
    numbers = run_numbers(Predictions(np.array([0, 1]), np.eye(10)[[0, 4]]), ("cat", "dog"))
    assert [one.name for one in numbers.by_class] == ["cat", "dog", "2", "3", "4"]
    assert numbers.matrix[1, 4] == 1


def test_the_most_frequent_confusions_come_first():
    matrix = confusion_matrix([0, 0, 0, 1, 2, 2, 2], [1, 1, 0, 0, 1, 1, 1], 3)
    assert confusions(matrix) == [(2, 1, 3), (0, 1, 2), (1, 0, 1)]


# Other runs


def test_shared_mistakes_are_counted():
    peers = Peers(("a", "b", "c", "d"), np.array([0, 4, 1, 2, 4]))
    shared = shared_mistakes([4, 0, 2, 3], peers)
    assert (shared.by_any, shared.by_half, shared.by_all) == (3, 2, (4,))


def test_peers_are_other_finished_runs_on_the_same_test_images(tmp_path):
    logs = tmp_path / "logs"
    curves = {"val_accuracy": [0.9]}
    mine = RunConfig(architecture="shallow")
    right = np.ones(20, bool)
    wrong_at = {place: right.copy() for place in (1, 2, 3)}
    for place, correct in wrong_at.items():
        correct[place] = False
    write_run(logs, "train", mine, curves, correct=wrong_at[1])
    write_run(logs, "copied", mine, curves, correct=wrong_at[1])
    other = mine.replace(seed=1)
    write_run(logs, "a", other, curves, correct=wrong_at[1])
    write_run(logs, "b", other, curves, correct=wrong_at[2])  # the same again: counts once
    write_run(logs, "b", mine.replace(seed=2), curves, correct=wrong_at[1])
    write_run(logs, "b", mine.replace(seed=3), curves, correct=wrong_at[3], done=False)
    write_run(logs, "b", mine.replace(seed=4), curves, correct=right[:10])  # other images
    write_run(logs, "b", mine.replace(seed=5), curves)  # without predictions
    write_run(logs, "b", mine.replace(data="data-0123456789ab"), curves, correct=wrong_at[3])
    damaged = write_run(logs, "b", mine.replace(seed=6), curves, correct=right)
    damaged.predictions.write_bytes(b"nothing")
    broken = write_run(logs, "c", mine.replace(seed=7), curves, correct=right)
    broken.result.write_text("{}")
    (logs / "report.html").write_text("")

    record = read_run(logs / "train" / mine.name)
    assert record is not None
    peers = find_peers(record, np.arange(20) % 10, logs)
    assert peers.names == (f"a/{other.name}", f"b/{mine.replace(seed=2).name}")
    assert peers.wrong.tolist() == [0, 2, *[0] * 18]
    assert len(peers.skipped) == 2
    assert str(damaged.predictions) in peers.skipped[0]
    assert str(broken.result) in peers.skipped[1]


# The first layer


def test_a_perceptrons_weights_are_an_image_for_each_class():
    kernel = np.arange(7840, dtype=np.float32).reshape(784, 10)
    layer = first_layer({"flatten": [], "dense": [kernel, np.zeros(10)]}, ("cat", "dog"))
    assert layer.labels == ("cat", "dog", *"23456789")
    np.testing.assert_array_equal(layer.images[3], kernel[:, 3].reshape(28, 28))


def test_of_many_units_those_of_the_largest_norm_are_shown():
    kernel = np.ones((784, 40), np.float32) * np.arange(40, dtype=np.float32)
    layer = first_layer({"dense": [kernel], "dense_1": [np.ones((40, 10))]}, NAMES)
    assert layer.labels == tuple(f"unit {number}" for number in range(40, 8, -1))
    assert "the 32 of 40 units with the largest norm" in layer.note
    np.testing.assert_array_equal(layer.images[1], np.full((28, 28), 38))


def test_few_units_are_all_shown():
    layer = first_layer({"dense": [np.ones((784, 6))], "dense_1": [np.ones((6, 10))]}, NAMES)
    assert len(layer.images) == 6
    assert "all 6 units" in layer.note


def test_filters_are_shown_as_they_lie_on_the_image():
    kernel = np.arange(3 * 3 * 4, dtype=np.float32).reshape(3, 3, 1, 4)
    layer = first_layer({"conv2d": [kernel, np.zeros(4)], "dense": [np.ones((9, 9))]}, NAMES)
    assert layer.name == "filters"
    np.testing.assert_array_equal(layer.images[2], kernel[:, :, 0, 2])


# Figures


def test_the_matrix_figure_shows_every_count_and_the_mark(predictions):
    numbers = run_numbers(predictions, NAMES)
    shown = texts(draw_confusion(numbers, "cnn2-s0", "below", MARK))
    for count in numbers.matrix[numbers.matrix > 0]:
        assert f"{count:,}" in shown
    assert MARK in shown
    assert f"{100 * numbers.by_class[0].accuracy:.2f}" in shown


def test_the_errors_figure_shows_the_most_confident(predictions):
    mistakes = run_numbers(predictions, NAMES).mistakes
    images = np.random.default_rng(0).integers(0, 255, (500, 28, 28), dtype=np.uint8)
    peers = Peers(("x", "y"), np.full(500, 1))
    figure = draw_errors(mistakes, images, NAMES, peers, ("errors", "run", MARK))
    assert len(figure.axes) == MOST_ERRORS
    for axes, mistake in zip(figure.axes, mistakes, strict=False):
        np.testing.assert_array_equal(axes.images[0].get_array(), images[mistake.image])
        assert axes.get_title(loc="left") == (
            f"{NAMES[mistake.label]}, read as {NAMES[mistake.predicted]}\n"
            f"{100 * mistake.output:.2f} % sure\n1 of 2 others err"
        )
    assert MARK in texts(figure)


def test_weights_are_drawn_with_one_range_around_zero():
    kernel = np.random.default_rng(0).normal(size=(784, 10)).astype(np.float32)
    kernel[5, 5] = -9
    figure = draw_first_layer(first_layer({"dense": [kernel]}, NAMES), ("weights", "run", ""))
    for axes in figure.axes[:10]:
        np.testing.assert_allclose(axes.images[0].get_clim(), (-9, 9))


# The command


def test_evaluate_prints_what_the_record_says(trained):
    for name, folder in trained.items():
        outcome = evaluate(folder)
        assert (outcome.code, outcome.err) == (0, ""), name
        record = read_run(folder.logs)
        assert record is not None
        assert record.result is not None
        assert f"{100 * record.result['test_accuracy']:.2f} % of 100 test images" in outcome.out
        assert (MARK in outcome.out) == record.config.selected_on_test
        assert "of 3 other runs" in outcome.out
        assert "Northcutt" not in outcome.out  # that is about MNIST
        weights = "filters" if name == "cnn2" else "weights"
        for picture in ("confusion-matrix", "errors", weights):
            path = folder.logs / "evaluation" / f"{picture}.png"
            assert str(path) in outcome.out
            with Image.open(path) as image:
                assert image.width == 1600
            assert path.with_suffix(".svg").read_text().startswith("<?xml")


def test_evaluate_as_json_agrees_with_the_predictions(trained):
    folder = trained["shallow"]
    facts = evaluate(folder, "--json").json
    with np.load(folder.predictions) as stored:
        labels, predicted = stored["labels"], stored["probabilities"].argmax(axis=1)
    assert facts["correct"] == (labels == predicted).sum()
    assert np.trace(facts["confusion_matrix"]) == facts["correct"]
    assert sum(map(sum, facts["confusion_matrix"])) == facts["images"] == 100
    wrong = np.flatnonzero(labels != predicted).tolist()
    assert sorted(error["image"] for error in facts["errors"]) == wrong
    every = set(wrong)
    for other in trained.values():
        with np.load(other.predictions) as stored:
            of_it = np.flatnonzero(stored["labels"] != stored["probabilities"].argmax(axis=1))
            every &= set(of_it.tolist())
    assert facts["wrong_in_every_run"] == sorted(every)
    assert len(facts["other_runs"]) == 3
    assert not facts["selected_on_test"]


def test_a_run_that_ended_in_nan_is_told_so_and_has_no_picture_of_its_weights(tmp_path):
    data = noisy_data()
    config = small_config("perceptron", data, learning_rate=1e5, epochs=2)
    folder = train_below(tmp_path, config, data, tensorboard=False)
    write_idx(tmp_path / "idx", noisy_arrays())
    told = run_here(
        "evaluate", folder.logs.name, "--data", str(tmp_path / "idx"),
        "--logs", str(tmp_path / "logs"), "--checkpoints", str(tmp_path / "checkpoints"),
    )  # fmt: skip
    assert (told.code, told.err) == (0, "")
    assert "The loss is no number from epoch 1 on" in told.out
    assert "no picture of the weights: they are no finite numbers" in told.out
    assert not (folder.logs / "evaluation" / "weights.png").exists()


def test_a_perceptrons_errors_have_scores_and_no_probabilities(trained):
    folder = trained["perceptron"]
    facts = evaluate(folder, "--json").json
    with np.load(folder.predictions) as stored:
        labels, scores = stored["labels"], stored["scores"]
        raised = np.exp(scores - scores.max(axis=1, keepdims=True))
        softmax = raised / raised.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(stored["probabilities"], softmax, rtol=1e-5)
    assert (scores.min() < 0) or (scores.max() > 1) or abs(scores.sum(axis=1) - 1).max() > 1e-3
    for error in facts["errors"]:
        given = scores[error["image"]]
        assert error["score"] == given.max() == given[error["predicted"]]
        assert error["label_score"] == given[labels[error["image"]]]
        assert "probability" not in error
    told = [error["score"] for error in facts["errors"]]
    assert told == sorted(told, reverse=True)
    printed = evaluate(folder).out
    assert "score" in printed
    assert f"{told[0]:.2f}" in printed
    assert "probability" not in printed


def test_predictions_whose_scores_are_of_another_shape_are_damaged(tmp_path):
    path = tmp_path / "predictions.npz"
    arrays = {"labels": np.arange(10), "probabilities": np.eye(10)}
    np.savez(path, **arrays, scores=2 * np.eye(10))
    np.testing.assert_array_equal(read_predictions(path).outputs, 2 * np.eye(10))
    np.savez(path, **arrays)
    np.testing.assert_array_equal(read_predictions(path).outputs, np.eye(10))
    np.savez(path, **arrays, scores=np.eye(9))
    with pytest.raises(UserError, match=r"is damaged \(scores has the shape \(9, 9\)\)"):
        read_predictions(path)


def test_class_names_are_no_formulas(trained):
    root = trained["perceptron"].logs.parents[2]
    names = ("$x_$", r"$\frac$", "$a$", "_x", "{a}", "%d", "<b>", "&amp;", r"\n", "[red]x")
    (root / "idx" / "classes.txt").write_text("\n".join(names))
    try:
        outcome = evaluate(trained["perceptron"])
    finally:
        (root / "idx" / "classes.txt").unlink()
    assert outcome.code == 0
    assert all(name in outcome.out for name in names)


def test_class_names_are_used(trained):
    root = trained["deep"].logs.parents[2]
    (root / "idx" / "classes.txt").write_text("\n".join(f"kind {name}" for name in NAMES))
    try:
        outcome = evaluate(trained["deep"])
    finally:
        (root / "idx" / "classes.txt").unlink()
    assert "kind a" in outcome.out


def test_another_data_set_is_refused(trained, tmp_path):
    outcome = evaluate(trained["shallow"], data=False)
    assert outcome.code == 1
    assert "was trained on data-" in outcome.err
    assert "give that data set with --data" in outcome.err
    other = write_idx(tmp_path / "idx", {k: v[:50] for k, v in noisy_arrays().items()})
    outcome = evaluate(trained["shallow"], "--data", str(other), data=False)
    assert outcome.code == 1
    assert f"{other} is the data set data-" in outcome.err
    assert outcome.err.count("\n") == 1


def test_predictions_of_other_images_or_none_are_refused(trained, tmp_path):
    shutil.copytree(trained["deep"].logs.parents[2], tmp_path / "copy")
    folder = RunFolder(
        tmp_path / "copy" / "logs" / "train" / trained["deep"].logs.name,
        tmp_path / "copy" / "checkpoints" / "train" / trained["deep"].logs.name,
    )
    np.savez(folder.predictions, labels=np.zeros(100, int), probabilities=np.eye(10)[[0] * 100])
    assert "holds the labels of other images" in evaluate(folder).err
    folder.predictions.unlink()
    outcome = evaluate(folder)
    assert (outcome.code, outcome.err.count("\n")) == (1, 1)
    assert "predictions.npz" in outcome.err


def test_without_the_weights_there_is_everything_but_their_picture(trained, tmp_path):
    shutil.copytree(trained["deep"].logs.parents[1], tmp_path / "logs")
    shutil.copytree(trained["deep"].logs.parents[2] / "idx", tmp_path / "idx")
    folder = RunFolder(tmp_path / "logs" / "train" / trained["deep"].logs.name, tmp_path)
    shutil.rmtree(folder.logs / "evaluation", ignore_errors=True)
    outcome = evaluate(folder)
    assert outcome.code == 0
    assert "no picture of the weights: there is no" in outcome.out
    pictures = {path.name for path in (folder.logs / "evaluation").glob("*.png")}
    assert pictures == {"confusion-matrix.png", "errors.png"}


def test_a_run_on_mnist_is_told_of_its_wrong_labels(tmp_path):
    logs = tmp_path / "logs"
    labels = load().y_test
    guesses = labels.copy()
    guesses[[7, 9, 20]] = (labels[[7, 9, 20]] + 1) % 10
    for seed in (0, 1):
        config = RunConfig(architecture="shallow", seed=seed)
        folder = write_run(logs, "train", config, {"val_accuracy": [0.9]})
        np.savez(folder.predictions, labels=labels, probabilities=np.eye(10)[guesses])
    outcome = run_here(
        "evaluate", folder.logs.name, "--logs", str(logs), "--checkpoints", str(tmp_path)
    )
    assert "99.97 % of 10,000 test images are right" in outcome.out
    assert "of 3 errors, 3 are made by at least one of 1 other run" in outcome.out
    assert "wrong in every run: test images 7, 9, 20" in outcome.out
    assert "15 of MNIST's 10,000 test labels" in outcome.out


def test_a_run_on_a_tenth_is_evaluated_on_its_tenth(tmp_path):
    tenth = load(quick=True)
    config = RunConfig(architecture="shallow", data=tenth.identity)
    folder = write_run(tmp_path / "logs", "train", config, {"val_accuracy": [0.9]})
    np.savez(folder.predictions, labels=tenth.y_test, probabilities=np.eye(10)[tenth.y_test])
    outcome = run_here("evaluate", "shallow", "--logs", str(tmp_path / "logs"))
    assert "100.00 % of 1,004 test images are right" in outcome.out
    assert "a tenth of the data, not comparable" in outcome.out


def test_a_run_without_errors_has_no_picture_of_them(tmp_path):
    logs, labels = tmp_path / "logs", load().y_test
    config = RunConfig(architecture="shallow")
    folder = write_run(logs, "train", config, {"val_accuracy": [0.9]})
    np.savez(folder.predictions, labels=labels, probabilities=np.eye(10)[labels])
    evaluation = evaluate_run(folder, None, logs)
    assert evaluation.shared is None
    outcome = run_here("evaluate", "shallow", "--logs", str(logs), "--json")
    assert outcome.json["errors"] == []
    assert [Path(path).name for path in outcome.json["pictures"]] == ["confusion-matrix.png"]


def test_pictures_that_cannot_be_written_are_one_line(trained, tmp_path):
    shutil.copytree(trained["deep"].logs.parents[1], tmp_path / "logs")
    shutil.copytree(trained["deep"].logs.parents[2] / "idx", tmp_path / "idx")
    folder = RunFolder(tmp_path / "logs" / "train" / trained["deep"].logs.name, tmp_path)
    shutil.rmtree(folder.logs / "evaluation", ignore_errors=True)
    (folder.logs / "evaluation").write_text("in the way")
    outcome = evaluate(folder)
    assert (outcome.code, outcome.out, outcome.err.count("\n")) == (1, "", 1)
    assert "cannot write figures to" in outcome.err


def test_nothing_here_needs_tensorflow(trained):
    import subprocess
    import sys

    folder = trained["cnn2"]
    root = folder.logs.parents[2]
    places = [f"--logs={root / 'logs'}", f"--checkpoints={root / 'checkpoints'}"]
    arguments = ["evaluate", folder.logs.name, *places, f"--data={root / 'idx'}", "--json"]
    code = (
        "import sys; from mnist_keras.commands import cli\n"
        f"cli.main({arguments!r}, standalone_mode=False)\n"
        "print('tensorflow' in sys.modules, 'keras' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "False False\n"
    assert json.loads(done.stdout)["run"] == folder.logs.name


def test_an_evaluation_needs_a_run_that_is_there(tmp_path):
    with pytest.raises(UserError, match="was changed while it was read"):
        evaluate_run(RunFolder(tmp_path, tmp_path), None, tmp_path)
