"""The page of a study that is being trained: what is drawn and what is said, without a server."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from mnist_keras.config import RunConfig
from mnist_keras.report.language import writing_in
from mnist_keras.report.live.chart import HEIGHT, LEFT, RIGHT, TOP, WIDTH, draw_chart, nice_ticks
from mnist_keras.report.live.content import study_page
from mnist_keras.report.live.curves import Group, Level, axis_limits, curve_groups, run_names
from mnist_keras.report.live.page import render_live
from mnist_keras.report.live.words import time_left_text
from mnist_keras.running.now import RunNow, RunState, StudyNow, StudyState
from mnist_keras.studies.design import Study
from mnist_keras.studies.loading import load_study

OWN = """
name = "own"
title = "Rates & <batches>"
title_fr = "Taux et lots"
[base]
architecture = "shallow"
batch_size = 32
epochs = 4
[[factors]]
field = "batch_size"
label = "batch size"
values = [32, 64]
[[factors]]
field = "epochs"
label = "number of epochs"
values = [2, 4]
[[trials]]
name = "the <base>"
[[trials]]
name = "slow"
changes = { learning_rate = 0.0001 }
"""

FILES = {"report": "/report.css", "style": "/w.css", "script": "/w.js", "icon": "/i.svg"}


@pytest.fixture
def study(tmp_path: Path) -> Study:
    (tmp_path / "own.toml").write_text(OWN)
    return load_study(tmp_path / "own.toml")


def run(config: RunConfig, values: list[float], state: RunState = RunState.DONE) -> RunNow:
    rows = [
        {"epoch": epoch, "val_accuracy": value, "val_loss": 1 - value, "seconds": 3.0}
        for epoch, value in enumerate(values, start=1)
    ]
    return RunNow(config.name, config, state, rows)


def now_of(study: Study | None, *runs: RunNow, state: StudyState = StudyState.AT_WORK) -> StudyNow:
    return StudyNow("own", study, False, state, runs)


def base(**fields: object) -> RunConfig:
    return RunConfig(architecture="shallow", batch_size=32, epochs=4).replace(**fields)


# Numbers to draw


def test_configurations_are_grouped_by_factor_and_the_others_by_name(study: Study) -> None:
    groups = curve_groups(now_of(study))
    assert [(group.title, [level.label for level in group.levels]) for group in groups] == [
        ("batch size", ["32", "64"]),
        # Two numbers of epochs are one training.
        ("number of epochs", ["4"]),
        # The base is drawn with the factors already.
        ("Trainings", ["slow"]),
    ]
    assert {group.limits("val_accuracy") for group in groups} == {(0.0, 100.0)}


def test_finished_seeds_and_others_are_kept_apart_as_far_as_they_are(study: Study) -> None:
    (group, *_) = curve_groups(
        now_of(
            study,
            run(base(seed=0), [0.5, 0.6, 0.7, 0.8]),
            run(base(seed=1), [0.6, 0.7, 0.9]),
            run(base(seed=2), [0.1, 0.2], RunState.TRAINING),
            run(base(seed=3), [0.3], RunState.INTERRUPTED),
            run(base(seed=4), [], RunState.WAITING),
        )
    )
    level = group.levels[0]
    series = level.series["val_accuracy"]
    np.testing.assert_allclose(series.finished, [[50, 60, 70, 80], [60, 70, 90, math.nan]])
    np.testing.assert_allclose(series.common, [[50, 60, 70], [60, 70, 90]])
    assert [line.at_work for line in series.begun] == [True, False]
    np.testing.assert_allclose(series.begun[0].values, [10, 20])
    assert level.best_of_finished == pytest.approx([80, 90])
    np.testing.assert_allclose(level.series["val_loss"].begun[1].values, [0.7])


def test_the_beginning_of_a_longer_training_is_drawn_as_far_as_it_counts(tmp_path: Path) -> None:
    longer = '[[trials]]\nname = "long"\nchanges = { epochs = 9 }\ntest_curve = true\n'
    (tmp_path / "own.toml").write_text(OWN + longer)
    study = load_study(tmp_path / "own.toml")
    first, *_, last = curve_groups(now_of(study, run(base(epochs=9), [0.5] * 9)))
    assert [level.epochs for level in first.levels] == [4, 4]
    assert first.levels[0].series["val_accuracy"].finished.shape == (1, 4)
    assert max(x for x, _ in points(of_class(drawn(first), "mean")[0])) == WIDTH - RIGHT
    assert [(level.label, level.epochs) for level in last.levels] == [("slow", 4), ("long", 9)]


def test_without_a_study_every_configuration_is_drawn_by_its_name() -> None:
    runs = [run(base(seed=seed), [0.5]) for seed in (0, 1)] + [run(base(epochs=9), [0.5])]
    (group,) = curve_groups(now_of(None, *runs))
    assert [(level.label, len(level.runs)) for level in group.levels] == [
        ("shallow-h128-lr0.001-b32-e4", 2),
        ("shallow-h128-lr0.001-b32-e9", 1),
    ]
    assert curve_groups(now_of(None)) == ()


def test_a_study_of_trials_alone_calls_trainings_by_their_names(tmp_path: Path) -> None:
    head, _, trials = OWN.partition("[[factors]]")
    same = '[[trials]]\nname = "the same as an ensemble"\nensemble = 2\n'
    (tmp_path / "own.toml").write_text(f"{head}[[trials]]{trials.partition('[[trials]]')[2]}{same}")
    trials_alone = load_study(tmp_path / "own.toml")
    slow = base(learning_rate=0.0001, seed=3)
    now = now_of(trials_alone, run(slow, [0.4], RunState.TRAINING), run(base(), [0.9]))
    assert run_names(now) == {slow.name: "slow, seed 3", base().name: "the <base>, seed 0"}
    (group,) = curve_groups(now)
    assert [level.label for level in group.levels] == ["the <base>", "slow"]
    page = text_of(rendered(now))
    assert "slow, seed 3" in page
    assert slow.name not in page


def test_a_training_that_keeps_its_last_epoch_has_no_best_one(study: Study) -> None:
    curve = [0.9123, 0.8234]
    chosen, kept = (run(base(keep=keep), curve, RunState.TRAINING) for keep in ("best", "last"))
    assert "82.34 91.23" in text_of(rendered(now_of(study, chosen)))
    assert "91.23" not in text_of(rendered(now_of(study, kept)))


def test_a_study_with_factors_calls_trainings_by_their_runs(study: Study) -> None:
    assert run_names(now_of(study, run(base(), [0.9]))) == {}


@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss"])
def test_an_axis_holds_every_best_value_and_lets_slow_starts_run_off(metric: str) -> None:
    sign = 1 if metric == "val_accuracy" else -1
    lines = [np.array([5.0, 50.0, 97.0, 98.0])[::sign], np.array([9.0, 70.0, 98.5])[::sign]]
    best = [float((sign * line).max() * sign) for line in lines]
    low, high = axis_limits(lines, metric)
    assert low < min(best)
    assert max(best) < high <= (100.0 if metric == "val_accuracy" else math.inf)
    assert high - low < 15


def test_an_axis_of_one_value_has_a_length() -> None:
    for metric in ("val_accuracy", "val_loss"):
        for lines in ([np.array([0.0])], [np.array([1.0])], []):
            low, high = axis_limits(lines, metric)
            assert high > low


@pytest.mark.parametrize(
    ("low", "high", "ticks", "decimals"),
    [
        (0.0, 100.0, [0, 20, 40, 60, 80, 100], 0),
        (97.3, 98.6, [97.5, 98.0, 98.5], 1),
        (0.031, 0.062, [0.04, 0.05, 0.06], 2),
    ],
)
def test_ticks_are_round(low: float, high: float, ticks: list[float], decimals: int) -> None:
    found, shown = nice_ticks(low, high)
    assert found == pytest.approx(ticks)
    assert shown == decimals


def test_a_seed_on_its_way_moves_the_axis_only_before_any_other_has_ended(study: Study) -> None:
    done = run(base(seed=0), [0.9, 0.95, 0.97, 0.98])
    begun = run(base(seed=1), [0.3], RunState.TRAINING)
    other = run(base(seed=0, batch_size=64), [0.4], RunState.TRAINING)
    alone, both, three = (
        curve_groups(now_of(study, *runs))[0].limits("val_accuracy")
        for runs in ((done,), (done, begun), (done, begun, other))
    )
    assert alone == both
    assert three[0] < 40 < 98 < three[1]


# The drawing


def drawn(group: Group, metric: str = "val_accuracy") -> ElementTree.Element:
    return ElementTree.fromstring(draw_chart(group, metric, "k", 'says "<this>"'))


def of_class(svg: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [one for one in svg.iter() if name in one.get("class", "").split()]


def points(path: ElementTree.Element) -> list[tuple[float, float]]:
    pairs = path.get("d", "").strip("MZ").split("L")
    return [(float(x), float(y)) for x, y in (pair.split() for pair in pairs)]


def test_a_band_spans_the_finished_seeds_and_the_line_is_their_mean(study: Study) -> None:
    (group, *_) = curve_groups(
        now_of(
            study,
            run(base(seed=0), [0.5, 0.6, 0.7, 0.8]),
            run(base(seed=1), [0.6, 0.7, 0.8, 0.9]),
            run(base(seed=2), [0.55, 0.65], RunState.TRAINING),
        )
    )
    svg = drawn(group)
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == 'says "<this>"'
    (band,), (mean,), (seed,), (ring,) = (
        of_class(svg, name) for name in ("band", "mean", "seed", "ring")
    )
    outline, line = points(band), points(mean)
    assert [x for x, _ in line] == pytest.approx(
        np.linspace(LEFT, WIDTH - RIGHT, 4).tolist(), abs=0.06
    )
    upper, lower = outline[:4], outline[:3:-1]
    for (x, y), (_, high), (_, low) in zip(line, upper, lower, strict=True):
        assert y == pytest.approx((high + low) / 2, abs=0.1)
        assert high < y < low, x
    # A seed on its way is drawn as far as it is, and is at its place: between the two others.
    assert len(points(seed)) == 2
    for one, two in zip(points(seed), line[:2], strict=True):
        assert one == pytest.approx(two, abs=0.1)
    place = float(ring.get("cx", "0")), float(ring.get("cy", "0"))
    assert place == pytest.approx(points(seed)[-1], abs=0.1)


def test_numbers_that_are_none_leave_gaps_and_no_marks(study: Study) -> None:
    nan = math.nan
    (group, *_) = curve_groups(
        now_of(study, run(base(), [0.5, nan, nan, nan]), run(base(seed=1), [nan, nan]))
    )
    svg = drawn(group, "val_loss")
    assert "nan" not in ElementTree.tostring(svg, encoding="unicode")
    assert of_class(svg, "mean") == []
    assert drawn(Group("nothing", (Level("a", 4, (), group.levels[1].series),))) is not None


def test_many_configurations_are_told_apart() -> None:
    runs = [run(base(batch_size=size), [0.5, 0.6]) for size in range(1, 25)]
    (group,) = curve_groups(now_of(None, *runs))
    looks = {
        (mean.get("class"), mean.get("stroke-dasharray")) for mean in of_class(drawn(group), "mean")
    }
    assert len(looks) == 24


def test_what_is_far_outside_stays_near_the_drawing(study: Study) -> None:
    (group, *_) = curve_groups(now_of(study, run(base(), [1e-9, 0.9, 0.98, 0.981])))
    (mean,) = of_class(drawn(group), "mean")
    assert all(-10 * HEIGHT < y < 10 * HEIGHT for _, y in points(mean))
    assert TOP <= points(mean)[-1][1] <= HEIGHT


# Words


def text_of(page: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def rendered(*shown: StudyNow, language: str = "en") -> str:
    return render_live(shown, {}, FILES, 5, language, Path("logs"))  # type: ignore[arg-type]


def test_the_page_says_how_far_it_is(study: Study) -> None:
    now = now_of(
        study,
        run(base(seed=0), [0.5, 0.6, 0.7, 0.8]),
        run(base(seed=1), [0.6, 0.7], RunState.TRAINING),
        run(base(seed=2), [0.6], RunState.ENDED),
        RunNow("x", None, RunState.DAMAGED, why="x is broken; mend it"),
        run(base(seed=3), [], RunState.WAITING),
    )
    said = text_of(rendered(now))
    assert "1 of 5 trainings are done. 1 is at work. About 20 s left." in said
    assert "10 of 16 epochs" in said
    assert "b32-e4-s2 ended without a result. The terminal of the study says why" in said
    assert "x cannot be read: x is broken; mend it" in said
    assert "b32-e4-s1 ▸ at work 2 of 4 70.00 70.00" in said
    assert "Rates & <batches>" in said
    assert "Verdicts begin with the second seed." in said
    assert "62 % · own" in said


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (StudyState.NOT_STARTED, "not started Nothing is trained yet; this page waits"),
        (StudyState.STOPPED, "stopped 0 of 1 training is done. No process works at the others"),
        (StudyState.AT_WORK, "at work 0 of 1 training is done. None is at work at this moment."),
    ],
)
def test_each_state_has_its_sentence(study: Study, state: StudyState, words: str) -> None:
    waiting = run(base(), [], RunState.WAITING)
    assert words in text_of(rendered(now_of(study, waiting, state=state)))


def test_what_has_no_speed_yet_is_said(study: Study) -> None:
    waiting = run(base(learning_rate=0.1, seed=1), [], RunState.WAITING)
    assert (
        time_left_text(now_of(study, waiting)) == "How long it takes shows after the first epoch."
    )
    other = run(base(batch_size=64, patience=2), [], RunState.WAITING)
    half = run(base(), [0.5, 0.6], RunState.TRAINING)
    assert time_left_text(now_of(study, half, waiting, other)) == (
        "About 20 s left. 1 training more has no speed yet. Trainings that stop early shorten it."
    )
    long = run(base(epochs=1000), [0.5], RunState.TRAINING)
    assert time_left_text(now_of(study, long)) == "About 50 min left."
    assert time_left_text(now_of(study, long, state=StudyState.STOPPED)) == ""


def test_the_page_needs_nothing_from_elsewhere_and_no_style_in_it(study: Study) -> None:
    page = rendered(now_of(study, run(base(), [0.5])))
    assert set(re.findall(r'(?:src|href)="([^"#]+)"', page)) == set(FILES.values())
    assert not re.search(r"https?://|<style|style=|onclick|javascript:", page)
    assert page.count("<script") == 1


def test_the_page_is_french_where_that_is_asked_for(study: Study) -> None:
    page = rendered(now_of(study, run(base(), [0.5], RunState.TRAINING)), language="fr")
    said = text_of(page)
    assert '<html lang="fr">' in page
    assert "Taux et lots" in said
    assert "0 entraînement fini sur 1. 1 en cours." in said
    assert "50,00" in said


def test_marks_go_with_the_accuracies() -> None:
    quick = base(data="quick-71eab9db4175")
    with writing_in("en"):
        assert study_page(now_of(None, run(quick, [0.5]))).mark == (
            "a tenth of the data, not comparable"
        )
        assert study_page(now_of(None, run(base(), [0.5]))).mark == ""
