"""What studies of other sources need of the format: bounds, the best of several runs, targets,
trials of the wider study, moved copies of images."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from generated_runs import write_run, write_study

from mnist_keras.analysis.analyze import analyze
from mnist_keras.analysis.results import results_rows
from mnist_keras.config import make_config
from mnist_keras.data.dataset import from_arrays
from mnist_keras.errors import UserError
from mnist_keras.report.figures.claim_plots import gap_plot, picks_plot
from mnist_keras.report.language import writing_in
from mnist_keras.report.page.content import Chapter, study_document
from mnist_keras.report.page.document import Notice
from mnist_keras.report.page.markdown import render_markdown
from mnist_keras.report.page.opening import opening_blocks
from mnist_keras.report.words.claims import claim_reason
from mnist_keras.report.words.naming import configuration_name
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.loading import load_study

STUDY = """
name = "own"
title = "T"
source = "S"
target = 98.0

[base]
architecture = "shallow"
epochs = 3

[[trials]]
name = "small"
changes = { hidden = 16 }

[[trials]]
name = "large"
wide = true
changes = { hidden = 64 }
"""

ACCURACIES = [0.981, 0.984, 0.979, 0.983, 0.985, 0.980]


def study_with(tmp_path: Path, claim: str, text: str = STUDY):
    path = tmp_path / "own.toml"
    path.write_text(f'{text}\n[[claims]]\ntext = "C"\n{claim}\n')
    return load_study(path)


def judged(tmp_path: Path, claim: str):
    """The only claim, after runs whose test accuracies are 0.1 points below validation."""
    study = study_with(tmp_path, claim)
    config = study.trials()[0].config
    for seed, accuracy in enumerate(ACCURACIES):
        curves = {
            "accuracy": [0.90, 0.95, 0.97],
            "val_accuracy": [0.95, accuracy - 0.002, accuracy],
            "seconds": [1.0, 2.0, 4.0],
        }
        further = {"test_accuracy": accuracy - 0.001, "last_test_accuracy": accuracy - 0.001}
        write_run(tmp_path / "logs", "own", config.replace(seed=seed), curves, **further)
    return analyze(study, tmp_path / "logs").claims[0]


@pytest.mark.parametrize(
    ("bound", "verdict"),
    [
        ("at_least = 97.0", Verdict.HOLDS),
        ("at_least = 98.1", Verdict.OPEN),
        ("at_least = 99.0", Verdict.FAILS),
        ("at_most = 99.0", Verdict.HOLDS),
        ("at_most = 97.0", Verdict.FAILS),
    ],
)
def test_a_bound(tmp_path, bound, verdict):
    claim = f'kind = "bound"\nsubject = {{ trial = "small" }}\nmetric = "test_accuracy"\n{bound}'
    outcome = judged(tmp_path, claim)
    assert outcome.verdict is verdict
    assert (outcome.judged.needed is None) == verdict.settled


def test_a_bound_in_words(tmp_path):
    claim = 'kind = "bound"\nsubject = { trial = "small" }\nmetric = "first_gap"\nat_most = 0'
    outcome = judged(tmp_path, claim)
    assert outcome.verdict is Verdict.HOLDS  # all six seeds agree
    assert "stated: at most 0.00 points; over 6 seeds -5.00 points" in claim_reason(outcome)
    metric = 'metric = "test_accuracy"\nat_least = 99'
    outcome = judged(tmp_path, f'kind = "bound"\nsubject = {{ trial = "small" }}\n{metric}')
    assert claim_reason(outcome) == (
        "test accuracy: stated: at least 99.00 %; over 6 seeds 98.10 % "
        "(95 % interval 97.85 to 98.35 %)"
    )
    assert outcome.replay.share == 0.0
    with writing_in("fr"):
        assert "au moins 99,00" in claim_reason(outcome)


@pytest.mark.parametrize("bounds", ["", "at_least = 1\nat_most = 2"])
def test_a_bound_has_one_side(tmp_path, bounds):
    claim = f'kind = "bound"\nsubject = {{ trial = "small" }}\nmetric = "test_accuracy"\n{bounds}'
    with pytest.raises(UserError, match="a bound has at_least or at_most; give one of the two"):
        study_with(tmp_path, claim)


def test_the_best_of_three(tmp_path):
    outcome = judged(tmp_path, 'kind = "best_of"\nsubject = { trial = "small" }')
    best = np.mean([max(three) for three in combinations(ACCURACIES, 3)]) - np.mean(ACCURACIES)
    assert outcome.judged.found.gain == pytest.approx(best)
    assert outcome.judged.found.sets == 20
    reason = claim_reason(outcome)
    assert (
        "over all 20 sets of 3 of 6 seeds, the best by validation accuracy has +0.22 poi" in reason
    )
    assert "with 0.10 points allowed; validation accuracy, by which it was picked, has" in reason


def test_the_best_is_not_picked_by_what_is_judged(tmp_path):
    claim = 'kind = "best_of"\nsubject = { trial = "small" }\npicked_by = "test_accuracy"'
    with pytest.raises(UserError, match="picked_by is test_accuracy, which is judged, too"):
        study_with(tmp_path, claim)


def test_the_best_of_more_runs_than_there_are_seeds(tmp_path):
    outcome = judged(tmp_path, 'kind = "best_of"\nsubject = { trial = "small" }\nruns = 7')
    assert outcome.judged is None
    assert claim_reason(outcome) == "small has fewer than the 7 seeds that this takes"


def test_a_claim_about_a_target(tmp_path):
    claim = (
        'kind = "bound"\nsubject = { trial = "small" }\nmetric = "epochs_to_target"\nat_most = 2.5'
    )
    outcome = judged(tmp_path, claim)
    # Of 0.981 and 0.980 the epoch before has less than 98 %, and of 0.979 none has as much.
    assert claim_reason(outcome) == (
        "a run of small never has the target, so epochs until the target is not known"
    )


def test_a_tolerance_below_a_percent_is_told(tmp_path):
    claim = (
        'kind = "equal"\na = { trial = "small" }\nb = { trial = "small" }\n'
        'metrics = ["test_accuracy"]\ntolerance = 0.001'
    )
    assert "; 0.1 % are allowed" in claim_reason(judged(tmp_path, claim))


def test_a_target_has_to_be_given(tmp_path):
    metric = 'metric = "seconds_to_target"\nat_most = 2'
    claim = f'kind = "bound"\nsubject = {{ trial = "small" }}\n{metric}'
    text = STUDY.replace("target = 98.0", "")
    with pytest.raises(UserError, match=r"seconds_to_target is asked for, but .* has no target"):
        study_with(tmp_path, claim, text)


def test_a_wide_trial_is_trained_in_the_wider_study_only(tmp_path):
    claim = 'kind = "order"\na = { trial = "small" }\nb = { trial = "large" }\n'
    study = study_with(tmp_path, claim + 'metric = "test_accuracy"')
    assert [t.config.hidden for t in study.trials()] == [(16,)]
    assert [t.config.hidden for t in study.trials(wide=True)] == [(16,), (64,)]
    assert (study.cost().trainings, study.cost(wide=True).trainings) == (1, 2)
    write_study(tmp_path / "logs", study, lambda config: 0.9, seeds=range(3))
    outcome = analyze(study, tmp_path / "logs")
    assert why_not_text(outcome.claims[0].why_not) == (
        "no finished run of large, which only --wide makes"
    )
    write_study(tmp_path / "logs", study, lambda config: 0.9, seeds=range(3), wide=True)
    assert analyze(study, tmp_path / "logs").claims[0].judged is not None


ON_TEST = STUDY.replace("epochs = 3", 'epochs = 3\nvalidation = "test"')
LAST_AND_BEST = """
[[tables]]
title = "Last"
columns = ["trial", "last_test_accuracy"]
rows = [["small", 98.0]]
"""


@pytest.mark.parametrize("also_best", [False, True])
def test_a_figure_of_the_last_epoch_is_not_selected_on_the_test_set(tmp_path, also_best):
    best = LAST_AND_BEST.replace("Last", "Best").replace("last_test", "test") if also_best else ""
    claim = 'kind = "bound"\nsubject = { trial = "small" }\nat_least = 97'
    text = ON_TEST + LAST_AND_BEST + best
    study = study_with(tmp_path, f'{claim}\nmetric = "last_test_accuracy"', text)
    write_study(tmp_path / "logs", study, lambda config: 0.98, seeds=[0, 1, 2])
    chapter = Chapter(analyze(study, tmp_path / "logs"), ())
    document = render_markdown(study_document(chapter, command=""), tmp_path)
    mark = "(selected on the test set)"
    lines = {line for line in document.splitlines() if mark in line}
    assert "**Last**" in document.splitlines()
    assert (f"**Best** **{mark}**" in lines) == also_best
    assert f"**Every configuration** **{mark}**" in lines
    assert "Those of the last epoch are not" in document
    assert ("\n**selected on the test set**\n" in document) == also_best


def test_the_gap_of_a_claimed_trial_is_drawn_by_epoch(tmp_path):
    claim = 'kind = "bound"\nsubject = { trial = "small" }\nat_most = 0'
    study = study_with(tmp_path, f'{claim}\nmetric = "first_gap"', ON_TEST)
    write_study(tmp_path / "logs", study, lambda config: 0.98, seeds=[0, 1, 2])
    outcome = analyze(study, tmp_path / "logs")
    plot = gap_plot(outcome, "gaps")
    measured = outcome.configurations[0].curves
    gaps = 100 * (measured["accuracy"] - measured["val_accuracy"])
    (line,) = [one for one in plot.canvas.axes[0].lines if one.get_zorder() == 3]
    assert line.get_ydata() == pytest.approx(gaps.mean(axis=0))
    assert plot.mark == ""  # every epoch is shown, none was chosen
    assert f"{gaps[:, 0].mean():+.2f} points" in plot.alt
    of_accuracy = claim.replace("at_most = 0", "at_least = 0.97") + '\nmetric = "test_accuracy"'
    without = study_with(tmp_path, of_accuracy)
    assert gap_plot(analyze(without, tmp_path / "logs"), "gaps") is None


def test_the_best_of_three_is_drawn_by_what_it_is_picked_by(tmp_path):
    claim = 'kind = "best_of"\nsubject = { trial = "small" }\nruns = 3'
    judged(tmp_path, claim)
    study = load_study(tmp_path / "own.toml")
    plot = picks_plot(analyze(study, tmp_path / "logs"), "picks")
    dots = plot.canvas.axes[0].lines[0]
    above = 100 * (np.array(ACCURACIES) - np.mean(ACCURACIES))
    assert dots.get_xdata() == pytest.approx(above)
    assert dots.get_ydata() == pytest.approx(above)  # test accuracies are so far below, all alike
    best_of_three = np.mean([max(each) for each in combinations(ACCURACIES, 3)])
    gain = 100 * (best_of_three - np.mean(ACCURACIES))
    assert plot.alt == f"small: the best of 3 has {gain:+.2f} points"
    bound = 'kind = "bound"\nsubject = { trial = "small" }\nmetric = "test_accuracy"\nat_least = 1'
    without = study_with(tmp_path, bound)
    assert picks_plot(analyze(without, tmp_path / "logs"), "picks") is None


def test_a_study_of_trials_calls_its_configurations_by_their_names(tmp_path):
    study = study_with(tmp_path, 'kind = "bound"\nsubject = { trial = "small" }\n'
                       'metric = "test_accuracy"\nat_least = 97')  # fmt: skip
    write_study(tmp_path / "logs", study, lambda config: 0.98, seeds=[0, 1])
    (measured,) = analyze(study, tmp_path / "logs").configurations
    assert configuration_name(measured, study) == "small"
    with_factor = load_study("shallow")
    assert configuration_name(measured, with_factor) == "shallow-h16-lr0.001-b64-e3"


def test_the_table_of_a_source_may_print_errors(tmp_path):
    table = (
        '\n[[tables]]\ntitle = "T"\ncolumns = ["trial", "test_error"]\nrows = [["small", 1.90]]\n'
    )
    study = study_with(tmp_path, 'kind = "best_of"\nsubject = { trial = "small" }', STUDY + table)
    config = study.trials()[0].config
    for seed, accuracy in enumerate(ACCURACIES):
        curves = {"val_accuracy": [0.5, 0.6, accuracy]}
        write_run(tmp_path / "logs", "own", config.replace(seed=seed), curves)
    cell = analyze(study, tmp_path / "logs").cells[0]
    assert cell.cell.text == "1.90 %"
    assert cell.judgement.mean == pytest.approx(1 - np.mean(ACCURACIES))


def test_five_to_one_a_copy_moved_each_way():
    from mnist_keras.training.parts import parts_of

    images = np.random.default_rng(0).integers(1, 255, (60, 28, 28), np.uint8)
    labels = (np.arange(60) % 10).astype(np.uint8)
    data = from_arrays(
        {"x_train": images, "y_train": labels, "x_test": images[:10], "y_test": labels[:10]}
    )
    config = make_config({"architecture": "shallow", "shifted_copies": 2, "validation": "last"})
    (trained, of_them), (held_out, _) = parts_of(config, data)
    assert (len(trained), len(held_out)) == (5 * 48, 12)
    np.testing.assert_array_equal(of_them, np.tile(labels[:48], 5))
    up, down, left, right = np.split(trained[48:], 4)
    np.testing.assert_array_equal(trained[:48], images[:48])
    np.testing.assert_array_equal(up[:, :-2], images[:48, 2:])
    np.testing.assert_array_equal(down[:, 2:], images[:48, :-2])
    np.testing.assert_array_equal(left[:, :, :-2], images[:48, :, 2:])
    np.testing.assert_array_equal(right[:, :, 2:], images[:48, :, :-2])
    assert not up[:, -2:].any()
    assert not right[:, :, :2].any()


def on_other_data(identity: str = "data-0123456789ab"):
    return load_study("fashion").override(data=identity)


def test_figures_of_another_data_set_are_judged_where_it_was_given(tmp_path):
    own, other = load_study("fashion"), on_other_data()
    assert {cell.source for cell in own.published} == {"MNIST column"}
    assert {cell.source for cell in other.published} == {"Fashion-MNIST column"}
    assert other.comparable
    assert other.claims == ()
    write_study(tmp_path / "logs", other, lambda config: 0.92, seeds=range(3))
    outcome = analyze(other, tmp_path / "logs")
    assert [cell.cell.text for cell in outcome.cells] == ["92.47 %", "92.159 %", "88.33 %"]
    assert all(cell.judgement is not None for cell in outcome.cells)
    notices = [block.text for block in opening_blocks(outcome) if isinstance(block, Notice)]
    assert (
        "The data set that was given is taken for Fashion-MNIST: the source's figures of it"
        in (notices[1])
    )


@pytest.mark.parametrize("identity", ["quick-0123456789ab", "data-0123456789ab-32x32x1-c10"])
def test_a_tenth_of_it_or_other_images_compare_with_nothing(identity):
    assert not on_other_data(identity).comparable


def test_other_settings_on_other_data_do_not_compare():
    assert not load_study("fashion").override(data="data-0123456789ab", epochs=3).comparable


def test_a_study_without_figures_of_other_data_does_not_compare_on_it():
    assert not load_study("shallow").override(data="data-0123456789ab").comparable


def test_a_shortened_study_says_so_wherever_a_figure_stands(tmp_path):
    study = load_study("dropout")
    write_study(tmp_path / "logs", study, lambda config: 0.98, seeds=range(2))
    outcome = analyze(study, tmp_path / "logs")
    assert outcome.mark == "shortened, see the protocol"
    assert {row["mark"] for row in results_rows(outcome)} == {outcome.mark}
    notices = [block.text for block in opening_blocks(outcome) if isinstance(block, Notice)]
    assert "This study is shortened: 30 epochs, about 15,000 updates" in notices[0]
    page = render_markdown(study_document(Chapter(outcome, ()), "mnist-keras report"), tmp_path)
    assert page.count(f"**({outcome.mark})**") >= 2
