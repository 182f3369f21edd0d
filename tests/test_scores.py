"""Scores of predictions against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from plain_scores import PLAIN

from mnist_keras import scores
from mnist_keras.data.dataset import load
from mnist_keras.data.predictions import Predictions
from mnist_keras.disputed import DISPUTED
from mnist_keras.metrics import METRICS, OF_TEST_SET, ON_REQUEST, TEST_SCORES
from mnist_keras.scores import SCORES


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)


def drawn(seed: int, images: int = 500, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """Labels without the last class and probabilities that are often right, as float32."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, classes - 1, images)
    logits = generator.normal(size=(images, classes))
    logits[np.arange(images), labels] += 1.5
    return labels, softmax(logits)


def test_every_score_has_a_plain_one_to_be_held_against():
    of_mnist_alone = "undisputed_accuracy"
    assert {*PLAIN, of_mnist_alone} == set(SCORES) == {metric.name for metric in OF_TEST_SET}


def test_the_15_disputed_labels_of_mnist_are_left_out_of_an_accuracy_of_its_own():
    labels = load().y_test.astype(np.int64)
    said = labels.copy()
    said[[947, 9729, 0, 1]] = (said[[947, 9729, 0, 1]] + 1) % 10  # two of them, and two others
    outputs = np.eye(10, dtype=np.float32)[said]
    assert len(DISPUTED) == 15
    assert scores.undisputed_accuracy(labels, outputs) == (10_000 - 15 - 2) / (10_000 - 15)
    assert Predictions(labels, outputs).metrics["test_undisputed_accuracy"] == pytest.approx(
        9983 / 9985
    )
    assert math.isnan(scores.undisputed_accuracy(labels[::-1], outputs[::-1]))
    assert math.isnan(scores.undisputed_accuracy(labels[:1000], outputs[:1000]))


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("seed", range(3))
def test_scores_are_those_of_a_plain_loop(name, seed):
    labels, outputs = drawn(seed)
    assert SCORES[name](labels, outputs) == pytest.approx(PLAIN[name](labels, outputs), 1e-9)


@pytest.mark.parametrize("name", PLAIN)
def test_sure_networks_have_ties_and_zeros_and_probabilities_just_above_one(name):
    labels, outputs = drawn(4, images=200)
    sure = np.round(outputs**8 / (outputs**8).sum(axis=1, keepdims=True), 1).astype(np.float32)
    sure /= sure.sum(axis=1, keepdims=True)
    assert SCORES[name](labels, sure) == pytest.approx(PLAIN[name](labels, sure), 1e-6)


@pytest.mark.parametrize("name", PLAIN)
def test_the_mean_of_two_networks_has_scores_too(name):
    labels, first = drawn(5)
    mean = np.mean([first, drawn(6)[1]], axis=0)
    assert SCORES[name](labels, mean) == pytest.approx(PLAIN[name](labels, mean), 1e-9)


@pytest.mark.parametrize("name", PLAIN)
def test_nothing_can_be_better_than_a_network_that_is_sure_and_right(name):
    labels = np.arange(40) % 4
    found = SCORES[name](labels, np.eye(5, dtype=np.float32)[labels])
    metric = METRICS[f"test_{name}"]
    assert found == pytest.approx(metric.high if metric.better == "higher" else metric.low, abs=0)


def test_the_worst_scores_are_the_stated_limits():
    labels = np.zeros(10, int)
    wrong = np.eye(3, dtype=np.float32)[np.ones(10, int)]
    assert scores.brier_score(labels, wrong) == METRICS["test_brier"].high
    assert scores.expected_calibration_error(labels, wrong) == METRICS["test_ece"].high
    assert scores.macro_f1(labels, wrong) == METRICS["test_macro_f1"].low
    assert scores.negative_log_likelihood(labels, wrong) == pytest.approx(-math.log(1e-7))


def test_the_first_of_equal_outputs_is_the_prediction_so_that_top_1_is_the_accuracy():
    labels = np.array([0, 1, 2])
    assert scores.top_k(1)(labels, np.full((3, 3), 1 / 3)) == pytest.approx(1 / 3)
    assert scores.top_k(2)(labels, np.full((3, 3), 1 / 3)) == pytest.approx(2 / 3)


def test_outputs_that_are_no_probabilities_have_classes_but_no_confidence():
    labels, outputs = drawn(7)
    of_a_perceptron = Predictions(labels, 3 * outputs - 1)
    classes_alone = ["test_top2_accuracy", "test_top3_accuracy"]
    classes_alone += ["test_balanced_accuracy", "test_macro_f1"]
    assert list(of_a_perceptron.metrics) == classes_alone
    of_softmax = Predictions(labels, outputs).metrics
    assert {name: of_softmax[name] for name in classes_alone} == of_a_perceptron.metrics


def test_half_precision_is_near_enough_to_one():
    labels, outputs = drawn(8)
    assert set(Predictions(labels, outputs.astype(np.float16)).metrics) == {
        f"test_{name}" for name in PLAIN
    }


def test_a_network_that_ended_in_nan_has_no_score():
    labels, outputs = drawn(9)
    outputs[3] = np.nan
    assert Predictions(labels, outputs).metrics == {}


def test_labels_of_classes_that_the_outputs_lack_have_no_score():
    _, outputs = drawn(10, images=3)
    assert Predictions(np.array([0, 1, 255], np.uint8), outputs).metrics == {}


def test_every_score_can_be_asked_for_and_times_cannot():
    assert set(TEST_SCORES) <= set(ON_REQUEST)
    assert {"seconds", "vram_mb", "parameters", "trainings"}.isdisjoint(ON_REQUEST)
