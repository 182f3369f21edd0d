from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from mnist_keras.config import RunConfig
from mnist_keras.errors import UserError
from mnist_keras.records import write_bytes, write_epochs, write_json
from mnist_keras.report.convolutions.contest import Contest, read_contest, why_not_comparable
from mnist_keras.report.convolutions.ending import describe, print_comparison
from mnist_keras.report.convolutions.judgements import cost_ratios, judge_lead, published_claim
from mnist_keras.report.convolutions.rows import QUANTITIES, mcnemar_rows, table_rows
from mnist_keras.report.convolutions.sentences import conclude, notes
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.study.design import Study, load_study

STUDY = load_study("compare-conv")
PARAMETERS = {"cnn2": 113_386, "cnn3": 37_674}
IMAGES = 10_000

Curve = list[float]


def write_run(
    folder: Path, config: RunConfig, accuracies: Curve, wrong: range, seconds: float = 10.0
) -> None:
    """A finished run with these validation accuracies, wrong on these test images."""
    run = folder / config.name
    run.mkdir(parents=True)
    write_bytes(run / "config.json", config.to_json().encode())
    rows = [
        {
            "epoch": epoch,
            "loss": 0.2,
            "accuracy": 0.9,
            "val_loss": 0.05 - 0.001 * epoch,
            "val_accuracy": accuracy,
            "seconds": seconds,
            "cpu_percent": 99.0,
            "ram_mb": 1500.0,
        }
        for epoch, accuracy in enumerate(accuracies, 1)
    ]
    write_epochs(run / "epochs.csv", rows, sync=False)
    labels = np.arange(IMAGES, dtype=np.uint8) % 10
    guesses = labels.copy()
    guesses[wrong] = (guesses[wrong] + 1) % 10
    np.savez(run / "predictions.npz", labels=labels, probabilities=np.eye(10)[guesses])
    best = int(np.argmax(accuracies))
    unavailable = {"mean": None, "peak": None}
    result = {
        "best_epoch": best + 1,
        "epochs_run": len(rows),
        "train_accuracy": 0.9,
        "train_loss": 0.2,
        "val_accuracy": accuracies[best],
        "val_loss": rows[best]["val_loss"],
        "lowest_val_loss": rows[-1]["val_loss"],
        "last_val_accuracy": accuracies[-1],
        "last_val_loss": rows[-1]["val_loss"],
        "train_seconds": seconds * len(rows),
        "seconds_per_epoch": seconds,
        "compile_seconds": 1.0,
        "test_accuracy": 1 - len(wrong) / IMAGES,
        "last_test_accuracy": 1 - len(wrong) / IMAGES,
        "parameters": PARAMETERS[config.architecture],
        "stopped_early": len(rows) < config.epochs,
        "concurrent_runs": 2,
        "resources": {
            "cpu_percent": {"mean": 99.0, "peak": 100.0},
            "ram_mb": {"mean": 1500.0, "peak": 1600.0},
            "gpu_percent": unavailable,
            "vram_mb": unavailable,
        },
        "resumed": {},
        "environment": {"processor": "A processor", "threads": 1, "gpus": []},
    }
    write_json(run / "result.json", result)


def write_pairs(
    folder: Path, leads: list[float], study: Study = STUDY, wrong: int = 70, second: float = 0.989
) -> Path:
    """A pair of runs for each seed; cnn2 is ahead by its lead, cnn3 errs on 100 images."""
    place = folder / study.name
    for config in study.run_configs(range(len(leads))):
        base = second + 0.0001 * config.seed
        ahead = leads[config.seed] * (config.architecture == "cnn2")
        images = range(wrong) if config.architecture == "cnn2" else range(20, 120)
        seconds = 12.0 if config.architecture == "cnn2" else 9.0
        write_run(place, config, [0.98, base + ahead, 0.985], images, seconds)
    return place


@pytest.fixture
def contest(tmp_path: Path) -> Callable[..., Contest]:
    """Makes runs and reads them."""

    def make(leads: list[float], study: Study = STUDY, **settings: float) -> Contest:
        folder = write_pairs(tmp_path, leads, study, **settings)
        return read_contest(study, folder, range(len(leads)))

    return make


def table(contest: Contest) -> dict[str, dict[str, str]]:
    return {row.pop("quantity"): row for row in table_rows(contest)}


# The table


def test_table_of_one_seed_beside_the_published_figures(contest):
    rows = table(contest([0.0036]))
    assert rows["best validation accuracy"] == {
        "cnn2 measured": "99.26 %",
        "cnn2 published": "99.30 %",
        "cnn3 measured": "98.90 %",
        "cnn3 published": "98.94 %",
    }
    assert rows["at epoch"]["cnn2 measured"] == "2"
    assert rows["at epoch"]["cnn2 published"] == "16"
    assert rows["lowest validation loss"]["cnn2 measured"] == "0.0470"
    assert rows["lowest validation loss"]["cnn3 published"] == "~0.042"
    assert rows["stopped at epoch (of at most 20)"]["cnn3 published"] == "16"
    assert rows["seconds an epoch"]["cnn2 measured"] == "12.0 s"
    assert rows["seconds an epoch"]["cnn2 published"] == "11.5-12 s"
    assert rows["parameters"]["cnn2 measured"] == "113,386"
    assert rows["parameters"]["cnn2 published"] == "-"
    assert rows["test accuracy"]["cnn3 measured"] == "99.00 %"
    assert len(rows) == len(QUANTITIES)


def test_unavailable_resources_are_said_to_be_so(contest):
    rows = table(contest([0.0036]))
    assert rows["GPU"]["cnn2 measured"] == rows["VRAM"]["cnn3 measured"] == "not available"
    assert rows["CPU"]["cnn2 measured"] == "99.0 %"


def test_several_seeds_are_a_mean_with_its_standard_deviation(contest):
    rows = table(contest([0.002, 0.004, 0.003]))
    values = [0.989 + 0.002, 0.9891 + 0.004, 0.9892 + 0.003]
    expected = f"{100 * np.mean(values):.2f} ± {100 * np.std(values, ddof=1):.2f} %"
    assert rows["best validation accuracy"]["cnn2 measured"] == expected
    assert rows["parameters"]["cnn2 measured"] == "113,386"
    assert rows["lowest validation loss"]["cnn2 measured"] == "0.0470"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"validation": "holdout"}, "validation is holdout (published: test)"),
        ({"epochs": 12}, "epochs is 12 (published: 20)"),
        ({"data": "data-0123456789ab"}, "data is data-0123456789ab (published: mnist)"),
    ],
)
def test_no_published_figure_beside_another_protocol(contest, changes, reason):
    study = STUDY.override(**changes)
    found = contest([0.003, 0.003], study)
    assert all("published" not in column for row in table_rows(found) for column in row)
    assert why_not_comparable(study) == reason
    assert notes(found)[0] == f"No published figures are shown: {reason}."
    assert published_claim(found) is None
    described = describe(found)
    assert described["why_not_comparable"] == reason
    assert described["models"]["cnn2"]["val_accuracy"]["published"] is None


def test_published_protocol_is_comparable():
    assert why_not_comparable(STUDY) == ""
    assert why_not_comparable(STUDY.override(epochs=20)) == ""


# McNemar


def test_mcnemar_counts_the_images_that_only_one_gets_right(contest):
    # cnn2 errs on images 0 to 69, cnn3 on 20 to 119: 20 and 50 of them are the other's alone.
    row = mcnemar_rows(contest([0.003]))[0]
    assert (row["only_cnn2_right"], row["only_cnn3_right"], row["test_images"]) == (50, 20, IMAGES)
    assert row["p"] == pytest.approx(stats.binomtest(20, 70).pvalue)


def test_mcnemar_of_several_seeds_is_adjusted_for_their_number(contest):
    rows = mcnemar_rows(contest([0.003, 0.003, 0.003]))
    assert [row["seed"] for row in rows] == [0, 1, 2]
    assert rows[0]["p_adjusted"] == pytest.approx(3 * rows[0]["p"])


# The conclusion


def sentences(contest: Contest) -> str:
    return "\n".join(conclude(contest))


def test_the_better_model_is_the_one_with_the_better_numbers(contest):
    text = sentences(contest([0.0025]))
    assert (
        "cnn2 has the better validation accuracy: 99.15 % against 98.90 % of cnn3, 0.25 points more"
    ) in text
    assert "10,000 test images" in text


def test_the_conclusion_turns_when_the_numbers_turn(contest):
    text = sentences(contest([-0.003, -0.0032, -0.0031, -0.0029], wrong=1000))
    assert "cnn3 has the better validation accuracy" in text
    assert "The difference is detectable" in text
    assert '98.94 %." does not hold; the lead is -0.30 points here, +0.36 published' in text
    assert "cnn2 is better in 0 of 4 seeds, cnn3 in 4" in text


def test_equal_models(contest):
    text = sentences(contest([0.0, 0.0, 0.0], wrong=100))
    assert "Both have a validation accuracy of 98.91 %" in text
    assert "The two are alike" in text
    assert "does not hold: the two are alike" in text


def test_one_seed_cannot_tell_and_says_how_many_could(contest):
    found = contest([0.0036])
    text = sentences(found)
    needed = judge_lead(found).seeds_needed
    assert needed is not None
    assert f"cannot tell the architecture from luck: about {needed} seeds would settle 0.36" in text
    assert "is not settled by 1 seed; the lead is +0.36 points here, +0.36 published" in text
    assert "these two trained networks differ, cnn2 is better: only cnn2 is right on 50" in text


def test_one_seed_on_a_clear_draw_names_no_winner_of_the_networks(contest):
    assert "networks do not differ detectably" in sentences(contest([0.001], wrong=90))


def test_a_clear_lead_over_seeds_holds_with_the_t_test_of_its_seeds(contest):
    leads = [0.0030, 0.0040, 0.0036, 0.0033]
    found = contest(leads)
    judged = judge_lead(found)
    assert judged.verdict is Verdict.HOLDS
    assert judged.comparisons[0].p == pytest.approx(stats.ttest_1samp(leads, 0).pvalue)
    assert '98.94 %." holds; the lead is +0.35 points here, +0.36 published' in sentences(found)
    assert describe(found)["size_of_lead"]["verdict"] == "reproduced"


def test_a_lead_of_another_size_is_told_from_the_published_one(contest):
    found = contest([0.0011, 0.0012, 0.0010, 0.0011])
    assert describe(found)["claim"]["verdict"] == "holds"
    assert describe(found)["size_of_lead"]["verdict"] == "differs"


def test_scattered_seeds_leave_it_open(contest):
    text = sentences(contest([0.004, -0.003, 0.002]))
    assert "3 seeds cannot tell the architecture from luck" in text
    assert "is not settled by 3 seeds" in text


def test_cost_is_the_second_over_the_first(contest):
    found = contest([0.003])
    ratios = cost_ratios(found)
    assert ratios["seconds_per_epoch"] == pytest.approx(0.75)
    assert ratios["parameters"] == pytest.approx(37_674 / 113_386)
    assert "cnn3 takes 0.75 times the seconds an epoch of cnn2 (9.0 against 12.0)" in sentences(
        found
    )


def test_selection_on_the_test_set_is_called_optimistic(contest):
    assert "These figures are optimistic" in sentences(contest([0.003]))


def test_holdout_speaks_of_held_out_images_and_of_an_untouched_test_set(contest):
    text = sentences(contest([0.003], STUDY.override(validation="holdout")))
    assert "on the 12,000 held-out training images" in text
    assert "cnn2 99.30 %, cnn3 99.00 %" in text
    assert "optimistic" not in text
    assert "published" not in text


def test_another_data_set_has_no_12000_held_out_images(contest):
    study = STUDY.override(validation="holdout", data="data-0123456789ab")
    text = sentences(contest([0.003], study))
    assert "(on the held-out training images)" in text
    assert "about 2 seeds" in text


def test_machine_is_named_once(contest):
    found = notes(contest([0.003, 0.003]))
    machine = "Measured on A processor, 1 thread, no GPU, 2 runs at a time."
    assert found.count(machine) == 1


# The command's end


def test_everything_is_printed_with_the_mark(tmp_path, capsys):
    folder = write_pairs(tmp_path, [0.003])
    print_comparison(STUDY, folder, range(1), as_json=False)
    output = capsys.readouterr().out
    titles = [line for line in output.splitlines() if "(selected on the test set)" in line]
    assert len(titles) == 2
    assert "seed 0" in titles[0]
    for part in ("Notes", "Conclusion", "cnn2 published", "only cnn3 right", "convolutions.svg"):
        assert part in output


def test_json_is_one_object_with_every_seed(tmp_path, capsys):
    folder = write_pairs(tmp_path, [0.003, 0.002])
    print_comparison(STUDY, folder, range(2), as_json=True)
    content = json.loads(capsys.readouterr().out)
    accuracy = content["models"]["cnn2"]["val_accuracy"]
    assert accuracy["by_seed"] == pytest.approx([0.992, 0.9911])
    assert accuracy["published"] == {"text": "99.30 %", "bounds": [0.993, 0.993]}
    assert content["models"]["cnn3"]["gpu_percent"]["by_seed"] is None
    assert content["lead"]["mean_difference"] == pytest.approx(0.0025)
    assert content["selected_on_test"] is True
    assert [row["seed"] for row in content["mcnemar"]] == [0, 1]
    assert content["conclusion"][0].startswith("cnn2 has the better validation accuracy")
    assert [Path(path).is_file() for path in content["figures"]] == [True, True]


def test_holdout_carries_no_mark(tmp_path, capsys):
    study = STUDY.override(validation="holdout")
    folder = write_pairs(tmp_path, [0.003], study)
    print_comparison(study, folder, range(1), as_json=False)
    assert "selected on the test set" not in capsys.readouterr().out


# What is missing


def test_an_unfinished_run_is_named(tmp_path):
    folder = write_pairs(tmp_path, [0.003])
    (folder / "cnn3-lr0.001-b32-e20-p5-test-s0" / "result.json").unlink()
    with pytest.raises(UserError, match=r"cnn3-.*-s0 holds no finished run"):
        read_contest(STUDY, folder, range(1))


def test_a_missing_seed_is_named(tmp_path):
    folder = write_pairs(tmp_path, [0.003])
    with pytest.raises(UserError, match="-s1 holds no finished run"):
        read_contest(STUDY, folder, range(2))


def test_missing_predictions_are_named(tmp_path):
    folder = write_pairs(tmp_path, [0.003])
    (folder / "cnn2-lr0.001-b32-e20-p5-test-s0" / "predictions.npz").unlink()
    with pytest.raises(UserError, match=r"has no predictions\.npz"):
        read_contest(STUDY, folder, range(1))


def test_a_study_without_two_architectures_is_refused(tmp_path):
    with pytest.raises(UserError, match="does not compare two architectures"):
        read_contest(load_study("shallow"), tmp_path, range(1))
