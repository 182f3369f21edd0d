from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.report.figures.curve_pair import (
    ModelCurves,
    PublishedCurve,
    at_epochs,
    curve_pair,
    epochs_of_all,
    published_curve,
    stack_curves,
)
from mnist_keras.report.figures.style import DPI, PALETTE, WIDTH, look, new_figure, save_figure
from mnist_keras.runs.records import RunRecord
from mnist_keras.studies.loading import load_study
from mnist_keras.subjects import Subject

NAN = np.nan
TITLE = "Two convolutions against three"
MARK = "selected on the test set"

PUBLISHED = PublishedCurve(np.array([0.97, 0.991, 0.99]), np.array([0.08, 0.04, 0.05]))

ONE_SEED = ModelCurves(
    "cnn2", np.array([[0.98, 0.99, 0.985]]), np.array([[0.06, 0.04, 0.05]]), (2,), PUBLISHED
)
THREE_SEEDS = ModelCurves(
    "cnn3",
    np.array([[0.97, 0.98, 0.985, 0.984], [0.96, 0.98, NAN, NAN], [0.965, 0.983, 0.99, NAN]]),
    np.array([[0.09, 0.07, 0.06, 0.07], [0.1, 0.06, NAN, NAN], [0.08, 0.065, 0.05, NAN]]),
    (3, 2, 3),
)


def texts(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def labels(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


# Numbers


def test_curves_of_different_lengths_are_stacked_and_end_in_nan():
    def record(values: list[float]) -> RunRecord:
        rows = [{"epoch": epoch, "val_loss": value} for epoch, value in enumerate(values, 1)]
        return RunRecord(Path(), RunConfig(architecture="cnn2"), rows, None)

    stacked = stack_curves([record([3.0, 2.0, 1.0]), record([4.0])], "val_loss")
    np.testing.assert_array_equal(stacked, [[3.0, 2.0, 1.0], [4.0, NAN, NAN]])


@pytest.mark.parametrize(
    ("curves", "expected"),
    [
        ([[1.0, 2.0, 3.0]], 3),
        ([[1.0, 2.0, 3.0], [1.0, NAN, NAN]], 1),
        ([[1.0, NAN, 3.0]], 1),
        ([[NAN, 2.0]], 0),
    ],
)
def test_epochs_that_all_runs_have(curves, expected):
    assert epochs_of_all(np.array(curves)) == expected


def test_each_run_is_read_at_its_own_epoch():
    np.testing.assert_array_equal(THREE_SEEDS.best_accuracies, [0.985, 0.98, 0.99])
    np.testing.assert_array_equal(at_epochs(THREE_SEEDS.loss, (1, 2, 1)), [0.09, 0.06, 0.08])


def test_published_curves_of_the_notebook():
    study = load_study("compare-conv")
    for name, epochs, best, epoch in (("cnn2", 20, 0.9930, 16), ("cnn3", 16, 0.9894, 11)):
        subject = Subject(factor="architecture", value=name)
        curve = published_curve([cell for cell in study.published if cell.subject == subject])
        assert curve is not None
        assert curve.accuracy.shape == curve.loss.shape == (epochs,)
        assert (curve.accuracy.max(), curve.best_epoch) == (best, epoch)


def test_no_published_figures_no_curve():
    assert published_curve([]) is None


# The pair of curves


def test_one_seed_is_a_line_and_a_marker_in_percent():
    figure = curve_pair([ONE_SEED], TITLE, MARK)
    accuracy, loss = figure.axes
    measured, published = accuracy.lines
    np.testing.assert_allclose(measured.get_ydata(), [98.0, 99.0, 98.5])
    np.testing.assert_array_equal(measured.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(published.get_ydata(), [97.0, 99.1, 99.0])
    np.testing.assert_allclose(loss.lines[0].get_ydata(), [0.06, 0.04, 0.05])
    selected, published_best = accuracy.collections
    np.testing.assert_allclose(selected.get_offsets(), [[2, 99.0]])
    np.testing.assert_allclose(published_best.get_offsets(), [[2, 99.1]])


def test_published_lines_are_thin_and_dashed_and_of_the_models_colour():
    measured, published = curve_pair([ONE_SEED], TITLE).axes[0].lines
    assert published.get_color() == measured.get_color()
    assert published.get_linestyle() == "--"
    assert published.get_linewidth() < measured.get_linewidth()


def test_several_seeds_are_a_band_as_long_as_all_ran_then_a_line_each():
    accuracy = curve_pair([THREE_SEEDS], TITLE).axes[0]
    mean, *rest = accuracy.lines
    np.testing.assert_allclose(mean.get_ydata(), [96.5, 98.1])
    band = accuracy.collections[0].get_paths()[0].vertices
    assert (band[:, 0].max(), band[:, 1].min(), band[:, 1].max()) == (2, 96.0, 98.3)
    # The second seed stopped at epoch 2; the others go on from there.
    assert [list(line.get_xdata()) for line in rest] == [[2, 3, 4], [2, 3, 4]]
    np.testing.assert_allclose(rest[1].get_ydata(), [98.3, 99.0, NAN])
    np.testing.assert_allclose(accuracy.collections[1].get_offsets(), [[3, 98.5], [2, 98], [3, 99]])


def test_models_differ_in_colour_and_in_marker():
    accuracy = curve_pair([ONE_SEED, replace(ONE_SEED, name="cnn3")], TITLE).axes[0]
    first, second = (accuracy.collections[index] for index in (0, 2))
    assert accuracy.lines[0].get_color() != accuracy.lines[2].get_color()
    assert not np.array_equal(first.get_paths()[0].vertices, second.get_paths()[0].vertices)


def test_legend_says_how_good_and_when():
    figure = curve_pair([ONE_SEED], TITLE)
    assert labels(figure) == [
        "cnn2: best 99.00 % (epoch 2)",
        "cnn2 published: 99.10 % (epoch 2)",
        "the selected epoch",
    ]
    assert labels(curve_pair([THREE_SEEDS], TITLE))[0] == "cnn3: best 98.50 % (mean of 3 seeds)"


def test_number_of_seeds_and_the_band_are_explained():
    assert "by epoch, 1 seed" in texts(curve_pair([ONE_SEED], TITLE))
    text = texts(curve_pair([THREE_SEEDS], TITLE))
    assert "3 seeds: mean, and band from the lowest to the highest" in text
    assert "thin lines are seeds that ran longer" in text


def test_mark_is_on_the_picture_only_where_it_applies():
    assert MARK in texts(curve_pair([ONE_SEED], TITLE, MARK))
    assert MARK not in texts(curve_pair([ONE_SEED], TITLE))


def test_a_diverged_loss_does_not_stop_the_drawing(tmp_path):
    broken = replace(ONE_SEED, loss=np.array([[NAN, NAN, NAN]]))
    save_figure(curve_pair([broken], TITLE), tmp_path, "broken")


def test_nothing_overlaps_or_leaves_the_picture():
    figure = curve_pair([ONE_SEED, replace(THREE_SEEDS, published=PUBLISHED)], TITLE, MARK)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.texts]
    boxes += [axes.get_tightbbox() for axes in figure.axes]
    boxes.append(figure.legends[0].get_window_extent())
    for index, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1
        assert not any(box.overlaps(other) for other in boxes[:index])


# The look


def test_png_and_svg_are_the_same_bytes_every_time(tmp_path):
    for folder in ("first", "second"):
        save_figure(curve_pair([ONE_SEED, THREE_SEEDS], TITLE), tmp_path / folder, "pair")
    for name in ("pair.png", "pair.svg"):
        content = (tmp_path / "first" / name).read_bytes()
        assert content == (tmp_path / "second" / name).read_bytes()
    assert b"<dc:date>" not in (tmp_path / "first" / "pair.svg").read_bytes()
    assert sorted(path.name for path in (tmp_path / "first").iterdir()) == ["pair.png", "pair.svg"]


def test_png_has_its_width(tmp_path):
    png, _ = save_figure(curve_pair([ONE_SEED], TITLE), tmp_path, "pair")
    assert int.from_bytes(png.read_bytes()[16:20], "big") == WIDTH * DPI


def test_smallest_text_is_legible_at_1000_pixels():
    figure = curve_pair([ONE_SEED], TITLE, MARK)
    shown = [text for text in figure.findobj(mpl.text.Text) if text.get_text()]
    # 1,000 pixels for 10 inches: a point is 100/72 pixels.
    assert min(text.get_fontsize() for text in shown) * 1000 / WIDTH / 72 >= 13


def test_a_dollar_sign_is_no_formula(tmp_path):
    with look():
        figure = new_figure(3)
        axes = figure.subplots()
        axes.plot([1, 2], label=r"$\frac$")
        axes.set(title="$x_$", xlabel=r"\$ $", xticks=[0, 1])
        axes.set_xticklabels(["$", "$a^$"])
        axes.legend()
        plain, dollars = (figure.text(0.5, 0.5, text) for text in ("abc", "$abc$"))
    save_figure(figure, tmp_path, "dollars")
    assert dollars.get_window_extent().width > plain.get_window_extent().width + 10
    assert "<!-- $x_$ -->" in (tmp_path / "dollars.svg").read_text()


def test_users_own_settings_do_not_leak_in_or_out(tmp_path):
    plain = save_figure(curve_pair([ONE_SEED], TITLE), tmp_path, "plain")[1].read_bytes()
    with mpl.rc_context({"lines.linewidth": 9.0, "axes.facecolor": "black"}):
        svg = save_figure(curve_pair([ONE_SEED], TITLE), tmp_path, "own")[1]
        assert svg.read_bytes() == plain
        assert mpl.rcParams["lines.linewidth"] == 9.0


def test_palette_has_contrast_against_white_and_no_colour_twice():
    def luminance(colour: str) -> float:
        rgb = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(rgb <= 0.03928, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    # WCAG 2.2 asks 3:1 of graphics; the figures of two models use the first two colours.
    assert all(1.05 / (luminance(colour) + 0.05) >= 3 for colour in PALETTE[:2])
    assert len(set(PALETTE)) == len(PALETTE)


def test_unwritable_folder_is_the_users_error(tmp_path):
    (tmp_path / "file").write_text("")
    with look():
        figure = new_figure(3.0)
    with pytest.raises(UserError, match="cannot write figures to"):
        save_figure(figure, tmp_path / "file" / "figures", "pair")


def test_neither_pyplot_nor_tensorflow_is_loaded():
    code = (
        "import sys, mnist_keras.report.figures.curve_pair; "
        "print([m for m in ('matplotlib.pyplot', 'tensorflow', 'keras') if m in sys.modules])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
