"""How much a factor matters: whether it does, by how much, and whether more than another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from calibration.tables import Row, Table, grid, in_world
from calibration.worlds import (
    FAILURES,
    FEW_IMAGES,
    HEAVY,
    MARGIN,
    NO_MARGIN,
    NORMAL,
    SD,
    SKEWED,
    UNEQUAL,
    Array,
    World,
)
from mnist_keras.statistics.impacts import all_larger, compare_impacts, judge_impact
from mnist_keras.statistics.summaries import Verdict

SEEDS = (2, 3, 5, 10, 30)
STUDIES = 4_000
WORLDS = (NORMAL, HEAVY, SKEWED, FAILURES, UNEQUAL, FEW_IMAGES)


def matters(study: Array) -> bool:
    """Whether the factor is said to matter."""
    return judge_impact(list(study), NO_MARGIN).verdict is Verdict.DIFFERENT


def _says_same(study: Array) -> bool:
    return judge_impact(list(study), MARGIN).verdict is Verdict.SAME


def leaves_out(truth: float) -> Callable[[Array], bool]:
    """Whether the interval of the impact leaves out the truth."""

    def says(study: Array) -> bool:
        interval = judge_impact(list(study), MARGIN).interval
        return interval is not None and not interval.low <= truth <= interval.high

    return says


def _impact(shifts: Sequence[float], name: str, world: World = NORMAL) -> Row:
    return in_world(world, shifts, leaves_out(float(np.ptp(shifts))), f"{world.name}, {name}")


def _comparison(first: Sequence[float], second: Sequence[float], name: str, world: World) -> Row:
    """Two factors over the same seeds; whether the interval leaves out the true difference."""
    truth = float(np.ptp(first) - np.ptp(second))

    def says(study: Array) -> bool:
        levels = len(first)
        interval = compare_impacts(list(study[:levels]), list(study[levels:]), MARGIN).interval
        return not interval.low <= truth <= interval.high

    return in_world(world, (*first, *second), says, f"{world.name}, {name}")


def _ranked(verdict: Verdict, lead: float, others: int, margin: float, name: str) -> Row:
    """One factor beside others over the same seeds, two values each; its impact leads by so much.

    Whether "it matters more than each of them" gets this verdict.
    """
    smaller = 10 * SD

    def says(study: Array) -> bool:
        first, *rest = (list(study[place : place + 2]) for place in range(0, len(study), 2))
        steps = [compare_impacts(first, one, margin, comparisons=others) for one in rest]
        return all_larger(steps)[0] is verdict

    return in_world(NORMAL, (smaller + lead, 0, *(smaller, 0) * others), says, name)


def _rankings() -> list[Table]:
    little = [
        _ranked(Verdict.FAILS, 0.05 * SD, k, NO_MARGIN, f"larger than all of {k}")
        for k in (1, 2, 6)
    ]
    beyond = [
        _ranked(Verdict.SAME, MARGIN, k, MARGIN, f"larger than all of {k}") for k in (1, 2, 6)
    ]
    equal = [_ranked(Verdict.HOLDS, 0, k, NO_MARGIN, f"equal to all of {k}") for k in (1, 2, 6)]
    return [
        Table(
            "“This factor matters more than each other one” is said not to hold, and does",
            "Its impact is larger by a twentieth of a standard deviation.",
            0.05,
            "truth / seeds",
            grid(little, SEEDS, STUDIES),
        ),
        Table(
            "“This factor matters more than each other one” is called level, and is not",
            "Its impact is larger by the margin.",
            0.05,
            "truth / seeds",
            grid(beyond, SEEDS, STUDIES),
        ),
        Table(
            "“This factor matters more than each other one” is said to hold, and does not",
            "Its impact is that of all others.",
            0.025,
            "truth / seeds",
            grid(equal, SEEDS, STUDIES),
        ),
    ]


def tables() -> list[Table]:
    """The promises about factors."""
    spaced = [SD * place for place in range(5)]
    large = 10 * SD
    return [
        Table(
            "A factor without effect is said to matter",
            "All values are of the same worth. Then the interval leaves out 0, too.",
            0.05,
            "world / seeds",
            grid(
                [in_world(w, [0.0] * 3, matters, f"{w.name}, 3 values") for w in WORLDS],
                SEEDS,
                STUDIES,
            )
            + grid(
                [
                    in_world(world, [0.0] * values, matters, f"{world.name}, {values} values")
                    for values, world in (
                        (2, NORMAL),
                        (5, NORMAL),
                        (5, UNEQUAL),
                        (5, FEW_IMAGES),
                        (10, NORMAL),
                    )
                ],
                SEEDS,
                STUDIES // 4,
            ),
        ),
        Table(
            "The interval of an impact leaves out the truth",
            "The true impact is 0, 3, 4 or 10 standard deviations of a run.",
            0.05,
            "world and truth / seeds",
            grid(
                [
                    _impact((0, 0, 0), "3 values, 0"),
                    _impact((large, 0), "2 values, 10 sd"),
                    _impact((large, 0, 0), "3 values, 10 sd, two equal"),
                    _impact((3 * SD, 0), "2 values, 3 sd"),
                    _impact((3 * SD, 0, 0), "3 values, 3 sd, two equal"),
                    _impact(spaced, "5 values, 4 sd, evenly spaced"),
                    *(_impact((3 * SD, 0, 0), "3 values, 3 sd, two equal", w) for w in WORLDS[1:]),
                ],
                SEEDS,
                STUDIES,
            )
            + grid([_impact((0,) * 5 + (SD,) * 5, "10 values, 1 sd")], SEEDS, STUDIES // 4),
        ),
        Table(
            "A factor with an impact as large as the margin is said to be the same within it",
            "One value is better than the others by the margin.",
            0.05,
            "world / seeds",
            grid(
                [
                    in_world(world, (MARGIN, *[0.0] * (values - 1)), _says_same, name)
                    for world, values, name in (
                        (NORMAL, 2, "normal, 2 values"),
                        (NORMAL, 5, "normal, 5 values"),
                        (HEAVY, 2, "heavy tails, 2 values"),
                        (UNEQUAL, 3, "one value 3 times as noisy, 3 values"),
                    )
                ],
                SEEDS,
                STUDIES,
            ),
        ),
        Table(
            "The interval of the difference of two impacts leaves out the truth",
            "Two factors over the same seeds. With an interval that leaves out 0, the one is said "
            "to matter more than the other.",
            0.05,
            "world and truth / seeds",
            grid(
                [
                    _comparison((0, 0), (0, 0), "2 and 2 equal values", NORMAL),
                    _comparison((0,) * 10, (0, 0), "10 and 2 equal values", NORMAL),
                    _comparison((large, 0), (large, 0), "2 and 2 values, 10 sd both", NORMAL),
                    _comparison(
                        (large,) * 5 + (0,) * 5, (large, 0), "10 and 2 values, 10 sd both", NORMAL
                    ),
                    _comparison((large, 0, 0), (3 * SD, 0), "3 and 2 values, 10 and 3 sd", NORMAL),
                    _comparison((3 * SD, 0, 0), (3 * SD, 0), "3 and 2 values, 3 sd both", HEAVY),
                    _comparison((3 * SD, 0, 0), (3 * SD, 0), "3 and 2 values, 3 sd both", UNEQUAL),
                ],
                SEEDS,
                STUDIES,
            ),
        ),
        *_rankings(),
    ]
