from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from mnist_keras.config import make_config
from mnist_keras.training.architectures import build
from mnist_keras.training.shapes import format_shape, shape_table


def table(name, batch_size=5):
    return shape_table(make_config({"architecture": name}), batch_size)


def test_the_perceptrons_table_is_the_reports():
    shapes = {row["tensor"]: (row["training"], row["test"]) for row in table("perceptron")}
    assert shapes == {
        "w": ("[784, 10]", "[784, 10]"),
        "b": ("[1, 10]", "[1, 10]"),
        "x": ("[5, 784]", "[1, 784]"),
        "y": ("[5, 10]", "[1, 10]"),
        "t": ("[5, 10]", "[1, 10]"),
        "grad": ("[5, 10]", "-"),
    }


def test_the_perceptrons_table_has_the_shapes_of_its_computation():
    """The report's rule in NumPy, with the real model's weights."""
    kernel, bias = build(make_config({"architecture": "perceptron"})).get_weights()
    for batch_size, column in ((5, "training"), (1, "test"), (32, "training")):
        arrays = {"w": kernel, "b": bias[np.newaxis], "x": np.zeros((batch_size, 784))}
        arrays["y"] = arrays["x"] @ arrays["w"] + arrays["b"]
        arrays["t"] = np.eye(10)[np.zeros(batch_size, int)]
        if column == "training":
            arrays["grad"] = arrays["t"] - arrays["y"]
            assert (arrays["x"].T @ arrays["grad"]).shape == kernel.shape
        rows = {row["tensor"]: row[column] for row in table("perceptron", batch_size)}
        for tensor, array in arrays.items():
            assert rows[tensor] == format_shape(array.shape)


def test_lenet5_row_by_row():
    rows = [
        (row["layer"], row["weights"], row["training"], row["test"], row["parameters"])
        for row in table("lenet5", batch_size=64)
    ]
    assert rows[:5] == [
        (
            "Conv2D",
            "[5, 5, 1, 6] [6]",
            "[64, 28, 28, 1] -> [64, 28, 28, 6]",
            "[1, 28, 28, 1] -> [1, 28, 28, 6]",
            "156",
        ),
        (
            "MaxPooling2D",
            "-",
            "[64, 28, 28, 6] -> [64, 14, 14, 6]",
            "[1, 28, 28, 6] -> [1, 14, 14, 6]",
            "0",
        ),
        (
            "Conv2D",
            "[5, 5, 6, 16] [16]",
            "[64, 14, 14, 6] -> [64, 10, 10, 16]",
            "[1, 14, 14, 6] -> [1, 10, 10, 16]",
            "2416",
        ),
        (
            "MaxPooling2D",
            "-",
            "[64, 10, 10, 16] -> [64, 5, 5, 16]",
            "[1, 10, 10, 16] -> [1, 5, 5, 16]",
            "0",
        ),
        ("Flatten", "-", "[64, 5, 5, 16] -> [64, 400]", "[1, 5, 5, 16] -> [1, 400]", "0"),
    ]
    assert [row[4] for row in rows[5:]] == ["48120", "10164", "850"]


@pytest.mark.parametrize("name", ["shallow", "deep", "lenet5", "cnn-simple", "cnn2", "cnn3"])
def test_rows_follow_one_another_and_count_every_parameter(name):
    rows = table(name)
    for column, batch_size in (("training", 5), ("test", 1)):
        ends = [row[column].split(" -> ") for row in rows]
        assert ends[0][0] == f"[{batch_size}, 28, 28, 1]"
        assert ends[-1][1] == f"[{batch_size}, 10]"
        assert all(one[1] == other[0] for one, other in pairwise(ends))
    model = build(make_config({"architecture": name}))
    assert sum(int(row["parameters"]) for row in rows) == model.count_params()
    assert [row["layer"] for row in rows] == [type(layer).__name__ for layer in model.layers]
