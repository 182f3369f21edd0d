from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest
from generated_runs import write_run, write_study
from matplotlib.axis import Axis
from matplotlib.transforms import Bbox

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.outcome import FactorOutcome, StudyOutcome
from mnist_keras.config import RunConfig
from mnist_keras.report.figures.bars import bars_height, draw_bars
from mnist_keras.report.figures.captions import (
    band_text,
    machine_text,
    seed_counts,
    seeds_text,
    sentence,
    verdicts_text,
)
from mnist_keras.report.figures.curves import (
    Curve,
    accuracy_limits,
    factor_curves,
    find_trial,
    training_curves,
)
from mnist_keras.report.figures.forest import draw_all, labelled_layout, tight_layout
from mnist_keras.report.figures.legend import legend_columns, level_look
from mnist_keras.report.figures.overview import (
    Group,
    Mark,
    Overview,
    Row,
    count_verdicts,
    overview,
    reach,
    seed_counts_of,
)
from mnist_keras.report.figures.panels import draw_levels
from mnist_keras.report.figures.plots import Plot, trial_curves_plot
from mnist_keras.report.figures.scales import log_axis, space_by_error
from mnist_keras.report.figures.study_figures import (
    Figure,
    draw_figures,
    draw_overview,
    slug,
    split_factors,
    study_plots,
)
from mnist_keras.report.figures.style import DPI, WIDTH, new_figure
from mnist_keras.report.figures.sweeps import (
    Point,
    Series,
    Sweep,
    axis_scale,
    level_entries,
    points,
    spots,
    sweep,
    time_by_configuration,
    trial_entries,
)
from mnist_keras.report.figures.trial_rows import trial_rows_plot
from mnist_keras.report.language import writing_in
from mnist_keras.report.words.naming import listed
from mnist_keras.statistics.summaries import Verdict, prediction_interval
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study

NAN = np.nan

RATES = {0.0001: 0.955, 0.001: 0.977, 0.01: 0.968}


def by_rate(config: RunConfig) -> float:
    return RATES.get(config.learning_rate, 0.97)


@pytest.fixture(scope="session")
def outcome_of(tmp_path_factory) -> Callable[..., StudyOutcome]:
    """Analyzed outcomes of generated runs, each made once."""
    made: dict[tuple[str, int, bool], StudyOutcome] = {}

    def make(name: str, seeds: int = 3, wide: bool = False) -> StudyOutcome:
        key = (name, seeds, wide)
        if key not in made:
            logs = tmp_path_factory.mktemp("logs")
            study = load_study(name)
            sizes = {
                "parameters": lambda config: 1000 + 10 * sum(config.settings.get("hidden", ()))
            }
            write_study(logs, study, by_rate, seeds=range(seeds), wide=wide, **sizes)
            made[key] = analyze(study, logs, wide=wide)
        return made[key]

    return make


def factor_of(outcome: StudyOutcome, field: str) -> FactorOutcome:
    return next(factor for factor in outcome.factors if factor.field == field)


def names(figures: Iterable[Figure | Plot]) -> list[str]:
    return [figure.name for figure in figures]


def texts(plot: Plot) -> str:
    return "\n".join(text.get_text() for text in plot.canvas.findobj(mpl.text.Text))


# Curves by epoch


def test_a_curve_is_a_mean_in_a_band_as_long_as_all_seeds_run():
    curve = Curve("val_accuracy", "cnn3", np.array([[1.0, 2.0, 3.0], [3.0, 6.0, NAN]]))
    assert curve.common == 2
    np.testing.assert_array_equal(curve.mean, [2.0, 4.0])
    np.testing.assert_array_equal(curve.low, [1.0, 2.0])
    np.testing.assert_array_equal(curve.high, [3.0, 6.0])
    assert curve.last == 4.5


def test_training_curves_are_percentages_with_the_cell_epochs(outcome_of):
    outcome = outcome_of("shallow")
    pair = training_curves(outcome, "first test")
    assert [curve.label for curve in pair.accuracy] == ["training", "validation", "test"]
    assert [curve.label for curve in pair.loss] == ["training", "validation"]
    training, validation, test = pair.accuracy
    assert validation.values.shape == (3, 20)
    recorded = find_trial(outcome, "first test").curves["val_accuracy"]
    np.testing.assert_allclose(validation.values, 100 * recorded)
    np.testing.assert_allclose(
        pair.loss[1].values, find_trial(outcome, "first test").curves["val_loss"]
    )
    expected = {1: 93.52, 6: 97.21, 16: 97.45, 20: 97.38}
    assert dict(validation.published) == pytest.approx(expected)
    assert dict(training.published)[1] == pytest.approx(89.94)
    assert dict(test.published)[16] == pytest.approx(98.09)


def test_only_the_validation_curve_marks_the_selected_epochs(outcome_of):
    training, validation, test = training_curves(outcome_of("shallow"), "first test").accuracy
    assert training.best_epochs == test.best_epochs == ()
    pairs = validation.values, validation.best_epochs
    chosen = [row[epoch - 1] for row, epoch in zip(*pairs, strict=True)]
    np.testing.assert_array_equal(chosen, validation.values.max(axis=1))


def test_a_test_curve_that_no_run_recorded_is_left_out(tmp_path):
    study = load_study("shallow")
    config = study.config_at(study.published[0].subject)
    write_run(tmp_path, "shallow", config, {"val_accuracy": [0.9, 0.95]})
    pair = training_curves(analyze(study, tmp_path), "first test")
    assert [curve.label for curve in pair.accuracy] == ["training", "validation"]


def test_a_trial_that_has_not_run_has_no_curves(tmp_path):
    assert training_curves(analyze(load_study("shallow"), tmp_path), "first test") is None


def test_lengths_read_in_one_run_are_beginnings_of_the_longest(outcome_of):
    levels = factor_curves(factor_of(outcome_of("shallow", wide=True), "epochs"))
    assert [level.label for level in levels] == ["5", "10", "20", "40", "80"]
    longest = levels[-1].accuracy.values
    for level, epochs in zip(levels, (5, 10, 20, 40, 80), strict=True):
        np.testing.assert_array_equal(level.accuracy.values, longest[:, :epochs])


def test_a_level_whose_loss_was_never_finite_keeps_its_accuracy(outcome_of):
    factor = factor_of(outcome_of("shallow"), "learning_rate")
    diverged = factor.levels[0.01]
    without = {name: values for name, values in diverged.curves.items() if name != "loss"}
    factor = replace(factor, levels={**factor.levels, 0.01: replace(diverged, curves=without)})
    found = factor_curves(factor)[2]
    assert found.train_loss is None
    assert found.val_loss is not None
    assert found.accuracy.values.shape == (3, 15)


def test_an_accuracy_axis_shows_the_differences_between_the_best_and_cuts_slow_starts():
    fast = Curve("val_accuracy", "0.001", np.array([[90.0, 97.5, 98.0]]))
    slow = Curve("val_accuracy", "0.0001", np.array([[60.0, 96.5, 97.0]]))
    low, high = accuracy_limits([fast, slow])
    assert 94.5 < low < 95.0
    assert 98.0 < high <= 98.5
    diverged = Curve("val_accuracy", "10", np.array([[9.8, 9.8, 9.8]]))
    assert accuracy_limits([fast, diverged])[0] < 9.8
    assert accuracy_limits([Curve("val_accuracy", "x", np.array([[99.0, 100.0]]))])[1] == 100.0


# Values, configurations


@pytest.mark.parametrize(
    ("field", "values", "scale"),
    [
        ("learning_rate", (0.001, 0.002), "log"),
        ("hidden", (64, 128, 256, 512), "log"),
        ("batch_size", (32, 64), "linear"),
        ("epochs", (5, 80), "linear"),
        ("patience", (None, 3), "category"),
        ("hidden", ((128, 64), (256, 128)), "category"),
        ("architecture", ("cnn2", "cnn3"), "category"),
    ],
)
def test_scale_of_an_axis(field, values, scale):
    assert axis_scale(field, values) == scale


def test_a_sweep_holds_each_seed_beside_the_published_figure(outcome_of):
    outcome = outcome_of("shallow")
    found = sweep(outcome, factor_of(outcome, "learning_rate"), ["val_accuracy", "test_accuracy"])
    assert found.scale == "log"
    assert found.positions == (0.0001, 0.001, 0.01)
    assert found.ticks == ("0.0001", "0.001", "0.01")
    validation, test = found.series
    assert [len(point.values) for point in validation.points] == [3, 3, 3]
    assert [point.published for point in validation.points] == [(95.38,), (97.70,), (96.81,)]
    assert [point.published for point in test.points] == [(95.79,), (97.84,), (96.69,)]
    level = factor_of(outcome, "learning_rate").levels[0.001]
    assert validation.means[1] == pytest.approx(100 * level.values["val_accuracy"].mean())


def test_cell_epochs_of_a_value_do_not_pass_for_its_result(outcome_of):
    outcome = outcome_of("compare-conv", seeds=1)
    found = sweep(outcome, factor_of(outcome, "architecture"), ["val_accuracy"])
    assert found.positions == (0.0, 1.0)
    assert [point.published for point in found.series[0].points] == [(99.30,), (98.94,)]


def test_times_by_configuration_name_each_one_once(outcome_of):
    outcome = outcome_of("shallow")
    bars = time_by_configuration(outcome, ["hidden", "learning_rate", "batch_size"])
    assert len(bars) == 8
    assert bars[0].label == "default"
    assert sorted(bars[0].published) == [12.9, 13.0, 13.6]
    assert {bar.label: bar.published for bar in bars}["hidden 512"] == (22.7,)
    assert [bar.label for bar in time_by_configuration(outcome, ["batch_size"])] == [
        "batch size 32",
        "batch size 64",
        "batch size 128",
    ]


def test_published_places_need_both_figures_save_for_counted_parameters(outcome_of):
    deep = outcome_of("deep", seeds=1)
    entries = level_entries(deep, factor_of(deep, "hidden"))
    assert [spot.label for spot in spots(entries, "seconds", "val_accuracy")] == [
        "128-64",
        "256-128",
        "256-128-64",
        "512-256",
        "512-256-128",
    ]
    assert spots(entries, "seconds", "val_accuracy")[1].published == ((17.3, 98.05),)
    assert spots(entries, "parameters", "val_accuracy")[1].published == ((4840.0, 98.05),)
    assert spots(entries, "best_epoch", "val_accuracy")[1].published == ()


def test_architectures_stand_where_they_were_published(outcome_of):
    entries = trial_entries(outcome_of("architectures", seeds=1))
    found = spots(entries, "parameters", "test_accuracy")
    assert [spot.label for spot in found] == ["perceptron", "shallow", "deep", "lenet5"]
    assert found[0].published == ((8000.0, 87.0),)
    assert [point.published for point in points(entries, "gap")] == [(), (2.55,), (2.24,), (0.02,)]


# Published accuracies at one glance


@pytest.mark.parametrize(
    ("study", "count"),
    [("shallow", 35), ("deep", 34), ("cnn", 31), ("architectures", 10), ("compare-conv", 74)],
)
def test_every_published_accuracy_is_in_the_overview_once(outcome_of, study, count):
    outcome = outcome_of(study, seeds=1)
    found = overview(outcome)
    published = sorted(
        100 * cell.value for cell in outcome.study.published if cell.metric.endswith("accuracy")
    )
    assert len(published) == count
    assert sorted(mark.published for mark in found.marks) == pytest.approx(published)
    assert seed_counts_of([found]) == (1, 1)


def test_a_row_holds_all_sets_of_images_below_the_title_of_its_table(outcome_of):
    groups = {group.title: group.rows for group in overview(outcome_of("shallow")).groups}
    by_epoch = groups["First test of the default, by epoch"]
    assert [row.label for row in by_epoch] == ["epoch 1", "epoch 6", "epoch 16", "epoch 20"]
    assert list(by_epoch[0].marks) == ["training", "validation", "test"]
    assert [row.label for row in groups["Hidden size"]] == ["64", "128", "256", "512"]
    assert groups["Hidden size"][0].marks["test"].text == "97.50"
    first_test = groups["First test of the default"]
    assert [row.label for row in first_test] == ["first test, last epoch"]


def test_a_mark_is_the_distance_to_the_published_figure_with_the_interval_of_one_more_run(
    outcome_of,
):
    outcome = outcome_of("shallow")
    rows = {group.title: group.rows for group in overview(outcome).groups}["Learning rate"]
    values = 100 * factor_of(outcome, "learning_rate").levels[0.0001].values["val_accuracy"]
    mark = rows[0].marks["validation"]
    assert mark.published == pytest.approx(95.38)
    assert mark.deviation == pytest.approx(values.mean() - 95.38)
    interval = prediction_interval(values.mean(), values.std(ddof=1), 3)
    # Half the last printed digit, and half the smallest step that our own accuracies can make.
    wider = 0.005 + np.diff(np.sort(values)).min() / 2
    low, high = interval.low - wider, interval.high + wider
    assert (mark.low, mark.high) == pytest.approx((low - 95.38, min(high, 100) - 95.38))
    assert mark.n == 3


def test_verdicts_are_those_of_the_cells(outcome_of):
    outcome = outcome_of("shallow")
    expected: dict[Verdict, int] = {}
    for cell in outcome.cells:
        if cell.cell.metric.endswith("accuracy"):
            verdict = cell.judgement.verdict
            expected[verdict] = expected.get(verdict, 0) + 1
    assert count_verdicts([overview(outcome)]) == expected
    assert len(expected) > 1


def test_one_seed_has_no_intervals(outcome_of):
    marks = overview(outcome_of("shallow", seeds=1)).marks
    assert {mark.low for mark in marks} == {None}
    assert {mark.verdict for mark in marks} == {Verdict.OPEN}


def test_figures_that_were_not_measured_keep_their_row(tmp_path):
    study = load_study("shallow")
    config = study.config_at(study.published[0].subject)
    write_run(tmp_path, "shallow", config, {"val_accuracy": [0.9] * 20})
    found = overview(analyze(study, tmp_path))
    assert len(found.marks) == 35
    assert sum(mark.deviation is not None for mark in found.marks) < 12


def test_nothing_is_shown_beside_what_was_trained_otherwise(tmp_path):
    study = load_study("shallow").override(epochs=3)
    write_study(tmp_path, study, by_rate)
    outcome = analyze(study, tmp_path)
    assert overview(outcome) is None
    found = sweep(outcome, factor_of(outcome, "hidden"), ["val_accuracy"])
    assert {point.published for point in found.series[0].points} == {()}
    drawn = list(study_plots(outcome))
    assert "shallow-learning-rate" in names(drawn)
    assert "shallow-published-accuracies" not in names(drawn)
    assert not any("published" in plot.caption + texts(plot) for plot in drawn)


def mark(deviation: float | None, half: float | None = None) -> Mark:
    ends = (None, None) if half is None else (deviation - half, deviation + half)
    return Mark(97.0, "97.00", deviation, *ends, Verdict.SAME, 3)


def test_the_axis_fits_nine_of_ten_with_their_intervals():
    near = [mark(0.1, 0.2)] * 9
    assert reach([*near, mark(4.0, 0.1)]) == 0.5
    assert reach([*near, mark(4.0, 0.1), mark(-4.0, 0.1)]) == 5.0
    assert reach([mark(0.01)]) == 0.25
    assert reach([mark(None)]) == 0.25


@pytest.mark.parametrize("layout", [labelled_layout, lambda one: tight_layout(one, one.title)])
def test_each_row_has_a_line_of_its_own(outcome_of, layout):
    found = overview(outcome_of("shallow"))
    lines = layout(found)
    rows = [line for line in lines.lines if line.row is not None]
    assert [line.row for line in rows] == [row for group in found.groups for row in group.rows]
    steps = np.diff([line.y for line in rows])
    assert steps.min() > 0.09
    assert min(line.y for line in lines.lines) > 0
    assert max(line.y for line in lines.lines) < lines.height
    assert {group.title for group in found.groups} <= {
        line.label.replace("\n", " ") for line in lines.lines
    }


# Words


def test_captions_say_how_many_seeds_and_what_bands_are():
    assert band_text((1, 1)) == "1 seed, so no bands"
    assert band_text((3, 3)) == "mean of 3 seeds, bands from the lowest to the highest seed"
    assert seeds_text((2, 3)) == "2 to 3 seeds"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(["a"]) == "a"
    assert sentence("a", "", "b") == "a; b."
    assert sentence("a", published=True) == "a; hollow diamonds are published figures."


def test_captions_say_whether_runs_shared_the_machine(outcome_of):
    measured = outcome_of("shallow").configurations[0]
    assert machine_text([measured]) == "each run had the machine to itself"
    shared = replace(measured, concurrent_runs=(2, 2, 2))
    assert machine_text([shared]) == "timed with 2 runs at once"
    assert machine_text([measured, shared]) == "timed with 1 to 2 runs at once"
    assert seed_counts([measured, replace(measured, seeds=(0,))]) == (1, 3)


def test_verdicts_in_words():
    counts = {Verdict.DIFFERENT: 2, None: 1, Verdict.SAME: 1}
    assert verdicts_text(counts) == "1 same within the margin, 2 differ, 1 not judged"


def test_legends_stay_on_the_page():
    assert legend_columns(["256-128"] * 6) == 6
    assert legend_columns(["learning rate 0.0001"] * 7) == 4


def test_looks_differ_in_shape_as_well_as_colour():
    looks = [level_look(index) for index in range(10)]
    assert len(set(looks)) == 10
    assert "D" not in {look.marker for look in looks}
    assert len({look.marker for look in looks[:6]}) == 6


def test_an_axis_by_error_gives_a_tenth_of_the_error_the_same_room():
    axes = new_figure(3.0).subplots()
    axes.plot([0, 1], [85.0, 99.5])
    space_by_error(axes)
    heights = axes.transData.transform([(0, 90.0), (0, 99.0), (0, 95.0), (0, 99.5)])[:, 1]
    assert heights[1] - heights[0] == pytest.approx(heights[3] - heights[2])
    low, high = axes.get_ylim()
    assert low < 85.0
    assert 99.5 < high < 100


def test_a_narrow_axis_by_error_has_a_tick_at_each_tenth():
    axes = new_figure(3.0).subplots()
    axes.plot([0, 1], [99.12, 99.38])
    space_by_error(axes)
    assert {99.1, 99.2, 99.3, 99.4} <= {*axes.get_yticks()}


def test_labels_of_many_bars_stand_apart():
    height = bars_height(16)
    canvas = new_figure(height)
    points = [Point(f"{number} a name of a trial", np.ones(3)) for number in range(16)]
    axes = canvas.subplots()
    draw_bars(axes, points, "Title", "points")
    canvas.draw_without_rendering()
    boxes = [label.get_window_extent() for label in axes.get_yticklabels()]
    assert not any(above.overlaps(below) for above, below in pairwise(boxes))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ([93_000, 407_000], {"100 k", "200 k", "300 k", "400 k"}),
        ([1e-5, 2.0], {"0.00001", "0.0001", "0.001", "0.01", "0.1", "1"}),
    ],
)
def test_a_logarithmic_axis_is_labelled_as_its_data_need(data, expected):
    axes = new_figure(3.0).subplots()
    axes.plot(data, [1, 2])
    log_axis(axes)
    low, high = axes.get_xlim()
    axes.figure.canvas.draw()
    shown = {
        label.get_text()
        for place, label in zip(axes.get_xticks(), axes.get_xticklabels(), strict=True)
        if low <= place <= high
    }
    assert shown == expected


def test_every_table_of_the_source_has_its_place(outcome_of):
    """A figure that a second table gives stands beside the first one's, not in its place."""
    (entry, *_) = trial_entries(outcome_of("architectures", seeds=1))
    (accuracy,) = [cell for cell in entry.published if cell.metric == "test_accuracy"]
    again = replace(accuracy, low=90.0, high=90.0, source="another table")
    entry = replace(entry, published=[*entry.published, again])
    (spot,) = spots([entry], "parameters", "test_accuracy")
    assert spot.published == ((8000.0, 87.0), (8000.0, 90.0))


def test_curves_of_trials_are_those_of_their_runs(outcome_of):
    outcome = outcome_of("architectures", seeds=2)
    plot = trial_curves_plot(outcome, "curves")
    left, _ = plot.canvas.axes
    lines = [line for line in left.get_lines() if line.get_linestyle() == "-"]
    entries = trial_entries(outcome)
    means = [100 * entry.measured.curves["val_accuracy"].mean(axis=0) for entry in entries]
    assert len(lines) == len(means) == 4
    drawn = [line.get_ydata() for line in lines]
    assert all(
        any(len(line) == len(mean) and np.allclose(line, mean) for line in drawn) for mean in means
    )


def test_many_trials_stand_in_rows_of_their_order(outcome_of):
    outcome = outcome_of("fast-mnist", seeds=2)
    assert trial_curves_plot(outcome, "curves") is None  # no eye tells ten apart
    plot = trial_rows_plot(outcome, "rows")
    left, right = plot.canvas.axes
    entries = trial_entries(outcome)
    assert [label.get_text().replace("\n", " ") for label in left.get_yticklabels()] == [
        entry.label for entry in entries
    ]
    means = [100 * entry.measured.values["test_accuracy"].mean() for entry in entries]
    drawn = [line.get_xdata() for line in left.get_lines() if line.get_marker() == "o"]
    assert np.concatenate(drawn) == pytest.approx(means)
    assert "published" in {text.get_text() for text in plot.canvas.legends[0].get_texts()}
    seconds = [entry.measured.values["seconds"].mean() for entry in entries]
    assert [bar.get_width() for bar in right.patches] == pytest.approx(seconds)
    assert trial_rows_plot(outcome_of("architectures", seeds=1), "rows") is None


@pytest.mark.parametrize(("names", "slanted"), [(["short", "names"], 0), (["a long name"] * 9, 40)])
def test_long_names_of_an_axis_are_slanted(names, slanted):
    axes = new_figure(3.0).subplots()
    points = tuple(Point(name, np.ones(2)) for name in names)
    places = tuple(map(float, range(len(names))))
    series = Series("test_accuracy", points)
    draw_levels(axes, Sweep("configuration", "category", places, tuple(names), (series,)), "Title")
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {slanted}


def test_long_numbers_of_a_logarithmic_axis_are_short():
    axes = new_figure(3.0).subplots()
    axes.plot([5_000, 2_000_000], [1, 2])
    log_axis(axes)
    axes.figure.canvas.draw()
    labels = {label.get_text() for label in axes.get_xticklabels()}
    assert {"5,000", "50 k", "500 k", "1 M"} <= labels
    assert not any("e" in label for label in labels)


def test_one_mark_far_out_does_not_press_the_others_together():
    def far(deviation):
        return Mark(99.0, "99", deviation, None, None, Verdict.OPEN, 3)

    near = [far(value) for value in (0.1, -0.2, 0.3, 0.4)]
    assert reach([*near, far(-16.6)]) == reach(near) == 0.5
    assert reach([*near, far(-1.2)]) == 1.5


# Files


def png_size(path: Path) -> tuple[int, int]:
    width, height = struct.unpack(">II", path.read_bytes()[16:24])
    return width, height


def test_files_are_wide_enough_to_read_and_hold_no_date(outcome_of, tmp_path):
    figures = draw_figures(outcome_of("architectures"), tmp_path)
    assert names(figures) == [
        "architectures-curves",
        "architectures-accuracy-time-size",
        "architectures-published-accuracies",
    ]
    assert {path.stem for path in tmp_path.iterdir()} == set(names(figures))
    for figure in figures:
        assert (figure.png.name, figure.svg.name) == (f"{figure.name}.png", f"{figure.name}.svg")
        width, height = png_size(figure.png)
        assert width == WIDTH * DPI
        assert 0.3 * width < height < width
        assert ElementTree.parse(figure.svg).getroot().tag == "{http://www.w3.org/2000/svg}svg"
        assert b"date" not in figure.svg.read_bytes()
        assert b"tEXt" not in figure.png.read_bytes()
        assert figure.mark == ""


def test_drawing_again_gives_the_same_bytes(outcome_of, tmp_path):
    outcomes = [outcome_of("architectures", seeds=1)]
    first, second = (draw_overview(outcomes, tmp_path / name) for name in ("first", "second"))
    assert first.png.read_bytes() == second.png.read_bytes()
    assert first.svg.read_bytes() == second.svg.read_bytes()


@pytest.fixture(scope="session")
def shallow_plots(outcome_of) -> list[Plot]:
    return list(study_plots(outcome_of("shallow")))


def test_figures_of_the_shallow_study_in_reading_order(shallow_plots):
    assert names(shallow_plots) == [
        "figure-1-shallow-training-curves",
        "figure-2-shallow-factors",
        "shallow-learning-rate",
        "shallow-hidden",
        "shallow-batch-size",
        "shallow-published-accuracies",
    ]


def test_captions_are_one_sentence_with_the_seeds(shallow_plots):
    for plot in shallow_plots:
        assert "3 seeds" in plot.caption
        assert "3 seeds" in texts(plot)
        assert plot.caption.endswith(".")
        assert "published" in plot.caption
    training, factors, rates = shallow_plots[:3]
    assert "hidden 128, learning rate 0.001, batch size 64, 20 epochs" in training.caption
    assert "lowest to highest of 3 seeds" in texts(factors)
    assert "0.001 97." in rates.alt


@pytest.mark.parametrize(
    ("study", "language", "marks"),
    [
        ("deep", "en", {}),
        ("shallow", "fr", {}),
        ("shallow", "en", {"quick": True, "selected_on_test": True}),
        ("shallow", "fr", {"quick": True, "selected_on_test": True}),
    ],
)
def test_every_text_is_on_the_page_and_tick_labels_stand_apart(outcome_of, study, language, marks):
    outcome = replace(outcome_of(study, seeds=1), **marks)
    with writing_in(language, [outcome.study.french]):
        plots = list(study_plots(outcome))
    for plot in plots:
        plot.canvas.get_layout_engine().execute(plot.canvas)
        page = plot.canvas.bbox.padded(1)
        heads = [text.get_window_extent() for text in plot.canvas.texts]
        assert not any(a.overlaps(b) for a, b in combinations(heads, 2)), plot.name
        for text in [*plot.canvas.texts, *plot.canvas.legends[0].get_texts()]:
            assert page.containsx(text.get_window_extent().x1), text
        for axes in plot.canvas.axes:
            box = axes.get_tightbbox()
            assert page.containsx(box.x0), axes.get_title()
            assert page.containsx(box.x1), axes.get_title()
            assert page.containsy(box.y0), axes.get_title()
            assert not any(box.overlaps(head) for head in heads), axes.get_title()
            for left, right in pairwise(tick_labels(axes.xaxis, axes.get_xlim())):
                assert left.x1 < right.x0, axes.get_title()
            for lower, upper in pairwise(tick_labels(axes.yaxis, axes.get_ylim())):
                assert lower.y1 < upper.y0 + 2, axes.get_title()
        titles = [axes._left_title.get_window_extent() for axes in plot.canvas.axes]
        assert not any(a.overlaps(b) for a, b in combinations(titles, 2) if a.width and b.width)


def tick_labels(axis: Axis, limits: tuple[float, float]) -> list[Bbox]:
    """The boxes of an axis' labels, from the left or from below; 2 pixels apart may be shared."""
    low, high = sorted(limits)
    boxes = [
        label.get_window_extent()
        # Panels that share an axis have labels on the first one only.
        for place, label in zip(axis.get_ticklocs(), axis.get_ticklabels(), strict=False)
        if low <= place <= high and label.get_text() and label.get_visible()
    ]
    return sorted(boxes, key=lambda box: (box.x0, box.y0) if axis.axis_name == "x" else box.y0)


@pytest.mark.parametrize(
    ("study", "expected"),
    [
        (
            "deep",
            [
                "figure-3-deep-training-curves",
                "figure-4-deep-layers",
                "figure-5-deep-learning-rate-and-batch-size",
                "deep-hidden",
                "deep-learning-rate",
                "deep-batch-size",
                "deep-published-accuracies",
            ],
        ),
        (
            "cnn",
            [
                "figure-6-lenet5-training-curves",
                "figure-7-cnn-factors",
                "cnn-architecture",
                "cnn-learning-rate",
                "cnn-batch-size",
                "cnn-published-accuracies",
            ],
        ),
        (
            "architectures",
            [
                "architectures-curves",
                "architectures-accuracy-time-size",
                "architectures-published-accuracies",
            ],
        ),
        (
            "compare-conv",
            ["convolutions", "compare-conv-architecture", "compare-conv-published-accuracies"],
        ),
    ],
)
def test_figures_of_the_other_studies(outcome_of, study, expected):
    plots = list(study_plots(outcome_of(study, seeds=1)))
    assert names(plots) == expected
    for plot in plots:
        assert "1 seed" in plot.caption
        assert "1 seeds" not in plot.caption
        assert "1 seed" in texts(plot)
        assert "lowest to highest" not in texts(plot)
        assert ("selected on the test set" in texts(plot)) == (study == "compare-conv")


def test_a_wide_study_also_has_its_numbers_of_epochs(outcome_of):
    outcome = outcome_of("shallow", wide=True)
    layers, others = split_factors(outcome)
    assert layers == []
    assert [factor.field for factor in others] == ["hidden", "learning_rate", "batch_size"]
    assert "shallow-epochs" in names(study_plots(outcome))


OWN_STUDY = """
name = "own"
title = "Patience and padding"
[base]
architecture = "lenet5"
epochs = 4
[[trials]]
name = "A/B"
test_curve = true
[[trials]]
name = "a b"
changes = { batch_size = 32 }
test_curve = true
[[factors]]
field = "padding"
label = "padding"
values = ["same", "valid"]
[[factors]]
field = "patience"
label = "patience"
values = [1, 2]
"""


@pytest.fixture
def own_study(tmp_path) -> Study:
    path = tmp_path / "own.toml"
    path.write_text(OWN_STUDY)
    return load_study(path)


def test_a_study_of_the_user_has_the_same_figures_under_its_own_name(own_study, tmp_path):
    write_study(tmp_path / "logs", own_study, by_rate, seeds=range(2))
    outcome = analyze(own_study, tmp_path / "logs")
    assert names(study_plots(outcome)) == [
        "own-a-b",
        "own-a-b-2",
        "own-factors",
        "own-padding",
        "own-patience",
    ]
    assert draw_overview([outcome], tmp_path / "figures") is None


@pytest.mark.parametrize("name", ["shallow", "deep", "cnn", "architectures", "compare-conv"])
def test_without_runs_there_are_no_figures(name, tmp_path):
    outcome = analyze(load_study(name), tmp_path)
    assert draw_figures(outcome, tmp_path / "figures") == []
    assert draw_overview([outcome], tmp_path / "figures") is None
    assert not (tmp_path / "figures").exists()


def test_a_factor_needs_two_values_to_be_drawn(own_study, tmp_path):
    curves = {"val_accuracy": [0.9, 0.95, 0.96, 0.96], "test_accuracy": [0.9, 0.95, 0.96, 0.96]}
    write_run(tmp_path, "own", RunConfig(architecture="lenet5", epochs=4), curves)
    assert names(study_plots(analyze(own_study, tmp_path))) == ["own-a-b"]


@pytest.mark.parametrize("far", [3.0, -3.0])
def test_numbers_beyond_the_axis_do_not_cover_each_other(far):
    near = [Row(f"epoch {i}", {"test": mark(0.1)}) for i in range(40)]
    beyond = [Row(f"epoch {i}", {"test": mark(far)}) for i in range(40, 43)]
    found = Overview("A study", (Group("By epoch", (*near, *beyond)),), ("test",))
    canvas = draw_all([found], [found.title])
    canvas.get_layout_engine().execute(canvas)
    (axes,) = canvas.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == 3
    # Digits do not fill the height of their box.
    assert not any(a.shrunk(1, 0.8).overlaps(b.shrunk(1, 0.8)) for a, b in combinations(boxes, 2))
    diamonds = axes.transData.transform((0, 0))[0]
    assert not any(box.x0 - 3 < diamonds < box.x1 + 3 for box in boxes)


def test_all_studies_in_one_figure(outcome_of, tmp_path):
    outcomes = [outcome_of("shallow"), outcome_of("compare-conv", seeds=1)]
    figure = draw_overview(outcomes, tmp_path)
    assert figure.name == "all-published-accuracies"
    assert figure.mark == ""
    assert "1 to 3 seeds" in figure.caption
    assert figure.alt.startswith("Of 109 published accuracies: ")
    assert png_size(figure.png)[0] == WIDTH * DPI
    ElementTree.parse(figure.svg)
    alone = draw_overview(outcomes[1:], tmp_path / "alone")
    assert alone.mark == "selected on the test set"


def test_names_of_files():
    assert slug("First test (A/B)") == "first-test-a-b"
    assert slug("τ") == "trial"
