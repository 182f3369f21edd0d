"""Stated figures: one published run, a stated mean, impact or ratio."""

from __future__ import annotations

from collections.abc import Callable

from calibration.tables import Outcomes, Row, Table, each, grid, in_world
from calibration.worlds import (
    BASE,
    EXPONENTIAL,
    FAILURES,
    FEW_IMAGES,
    FEWER_IMAGES,
    HEAVY,
    MARGIN,
    NORMAL,
    SD,
    SKEWED,
    Array,
    World,
)
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.stated import (
    judge_figure,
    judge_ratio,
    judge_stated_mean,
    judge_statement,
)
from mnist_keras.statistics.summaries import Verdict, summarize

SEEDS = (2, 3, 5, 10, 30)
STUDIES = 10_000
NEAR_NORMAL = (NORMAL, FEW_IMAGES, FEWER_IMAGES)
LONG_TAILS = (HEAVY, SKEWED, EXPONENTIAL, FAILURES)


def figure_is(verdict: Verdict, world: World, shift: float, margin: float, name: str) -> Row:
    """How often one more run, moved by `shift`, gets this verdict beside the others."""

    def says(study: Array) -> bool:
        figure, ours = study[0, -1] + shift, study[0, :-1]
        return judge_figure(figure, ours, margin).verdict is verdict

    def at(seeds: int) -> Outcomes:
        return lambda generator, count: each(
            world.studies(generator, count, (0.0,), seeds + 1), says
        )

    return name, at


def _mean_left_out(study: Array) -> bool:
    interval = summarize(study[0]).interval
    return interval is not None and not interval.low <= BASE <= interval.high


def _mean_is(verdict: Verdict, stated: float) -> Callable[[Array], bool]:
    return lambda study: judge_stated_mean(stated, study[0], MARGIN).verdict is verdict


def _impact_is(verdict: Verdict, stated: float, name: str) -> Row:
    """A stated impact where the true one is 10 standard deviations of a run."""

    def says(study: Array) -> bool:
        impact = judge_impact(list(study), MARGIN)
        found = judge_statement(stated, impact.size, impact.interval, MARGIN, impact.n)
        return found.verdict is verdict

    return in_world(NORMAL, (10 * SD, 0, 0), says, name)


def _ratio_is(verdict: Verdict, truth: float, name: str) -> Row:
    """A stated ratio of 2, tolerance a quarter; each time varies by about a tenth."""

    def says(study: Array) -> bool:
        times = 1.1 ** ((study - BASE) / SD)
        return judge_ratio(2.0, truth * times[0], times[1], 0.25).verdict is verdict

    return in_world(NORMAL, (0, 0), says, name)


def _figures() -> list[Table]:
    return [
        Table(
            "A published figure that is one more run of ours is called different",
            "The figure is one run, drawn as ours are.",
            0.05,
            "world / seeds",
            grid(
                [figure_is(Verdict.DIFFERENT, w, 0, MARGIN, w.name) for w in NEAR_NORMAL],
                SEEDS,
                STUDIES,
            ),
        ),
        Table(
            "A published figure whose source is farther off than the margin is called the same",
            "The margin is 3 standard deviations of a run; the source is off by as much or more.",
            0.05,
            "truth / seeds",
            grid(
                [figure_is(Verdict.SAME, NORMAL, k * SD, MARGIN, f"{k} sd off") for k in (3, 5)],
                SEEDS,
                STUDIES,
            ),
        ),
    ]


def _stated_quantities(title: str, truth: str, verdict: Verdict) -> Table:
    """A mean, an impact and a ratio that lie at the margin, above and below ours."""
    impact, far_ratio = 10 * SD, 2 * 1.25
    rows = [
        in_world(NORMAL, (0,), _mean_is(verdict, BASE + MARGIN), "a mean"),
        _impact_is(verdict, impact + MARGIN, "an impact, stated above ours"),
        _impact_is(verdict, impact - MARGIN, "an impact, stated below ours"),
        _ratio_is(verdict, far_ratio, "a ratio, stated below ours"),
        _ratio_is(verdict, 2 / 1.25, "a ratio, stated above ours"),
    ]
    return Table(title, truth, 0.05, "quantity / seeds", grid(rows, SEEDS, STUDIES // 2))


def _statements() -> list[Table]:
    return [
        Table(
            "The interval of a mean leaves out the truth",
            "A mean over seeds.",
            0.05,
            "world / seeds",
            grid([in_world(w, (0,), _mean_left_out) for w in NEAR_NORMAL], SEEDS, STUDIES),
        ),
        _stated_quantities(
            "A stated quantity is called different, and is within the margin",
            "It lies at the margin itself, where that is easiest to get wrong.",
            Verdict.DIFFERENT,
        ),
        _stated_quantities(
            "A stated quantity is called the same, and is not within the margin",
            "It lies at the margin itself.",
            Verdict.SAME,
        ),
    ]


def _limits() -> list[Table]:
    return [
        Table(
            "A published figure that is one more run of ours, where runs have long tails",
            "Called different. For runs that are normal it is 5 %. A few runs cannot show how long "
            "the tails are from which one more run may come. Differences of two configurations do "
            "not have this limit: tails that both have cancel.",
            None,
            "world / seeds",
            grid(
                [figure_is(Verdict.DIFFERENT, w, 0, MARGIN, w.name) for w in LONG_TAILS],
                SEEDS,
                STUDIES,
            ),
        ),
        Table(
            "The interval of a mean, where runs have long tails",
            "It leaves out the truth. For runs that are normal it is 5 %. What has not happened "
            "yet in a few seeds, such as a failing run, is in no interval that rests on them.",
            None,
            "world / seeds",
            grid([in_world(w, (0,), _mean_left_out) for w in LONG_TAILS], SEEDS, STUDIES),
        ),
    ]


def tables() -> list[Table]:
    """The promises about stated figures."""
    return [*_figures(), *_statements()]


def limits() -> list[Table]:
    """What is not promised."""
    return _limits()
