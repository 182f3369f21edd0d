"""Claims about an order: better than all, better than none, the best of several, a trend."""

from __future__ import annotations

from collections.abc import Sequence

from calibration.tables import Row, Table, grid, in_world
from calibration.worlds import (
    FAILURES,
    FEW_IMAGES,
    HEAVY,
    MARGIN,
    NORMAL,
    SD,
    SKEWED,
    UNEQUAL,
    Array,
    World,
)
from mnist_keras.statistics.differences import Difference, compare_paired
from mnist_keras.statistics.orders import all_better, judge_best, judge_trend, none_better
from mnist_keras.statistics.summaries import Verdict

SEEDS = (2, 3, 5, 10, 30)
STUDIES = 4_000
WORLDS = (NORMAL, HEAVY, SKEWED, FAILURES, UNEQUAL, FEW_IMAGES)
FAR = 6 * SD


def _of_first(study: Array) -> list[Difference]:
    return [compare_paired(study[0], other, MARGIN) for other in study[1:]]


def all_better_is(verdict: Verdict, shifts: Sequence[float], name: str, world: World) -> Row:
    """How often "the first is better than all others" gets this verdict."""
    return in_world(
        world,
        shifts,
        lambda s: all_better(_of_first(s)).verdict is verdict,
        f"{world.name}, {name}",
    )


def _none_better_is(verdict: Verdict, shifts: Sequence[float], name: str, world: World) -> Row:
    return in_world(
        world,
        shifts,
        lambda s: none_better(_of_first(s)).verdict is verdict,
        f"{world.name}, {name}",
    )


def _trend_is(verdict: Verdict, shifts: Sequence[float], name: str, world: World = NORMAL) -> Row:
    return in_world(
        world,
        shifts,
        lambda study: judge_trend([list(study)], [MARGIN]).verdict is verdict,
        f"{world.name}, {name}",
    )


def _wrong_best(study: Array) -> bool:
    """Whether the observed best is called the best: an error wherever the first two are equal."""
    return judge_best(list(study), MARGIN).order.verdict is Verdict.HOLDS


def _leaves_out_an_equal(study: Array) -> bool:
    return len(judge_best(list(study), MARGIN).tied) < len(study)


def _leaves_out_the_first(study: Array) -> bool:
    return 0 not in judge_best(list(study), MARGIN).tied


def _better() -> list[Table]:
    wrong = [
        all_better_is(Verdict.HOLDS, (0, 0), "equal to the other", world) for world in WORLDS
    ] + [
        all_better_is(Verdict.HOLDS, (0, 0, -FAR, -FAR), "equal to one of 3, far above 2", NORMAL),
        all_better_is(Verdict.HOLDS, (0,) * 5, "equal to all of 4", NORMAL),
    ]
    level = [
        all_better_is(Verdict.SAME, (MARGIN, *[0.0] * k), f"better than all of {k}", NORMAL)
        for k in (1, 2, 4, 9)
    ]
    opposed = [
        all_better_is(Verdict.FAILS, (0.1 * SD, *[0.0] * k), f"better than all of {k}", world)
        for world, k in ((NORMAL, 1), (NORMAL, 4), (NORMAL, 9), (HEAVY, 4), (UNEQUAL, 4))
    ]
    return [
        Table(
            "“Better than each other one” is said to hold, and does not",
            "The value of the claim is equal to one of the others.",
            0.025,
            "world / seeds",
            grid(wrong, SEEDS, STUDIES),
        ),
        Table(
            "“Better than each other one” is called level, and is not",
            "The value of the claim is better than each other one by the margin.",
            0.05,
            "world / seeds",
            grid(level, SEEDS, STUDIES),
        ),
        Table(
            "“Better than each other one” is said not to hold, and does",
            "The value of the claim is better by a tenth of a standard deviation.",
            0.05,
            "world / seeds",
            grid(opposed, SEEDS, STUDIES),
        ),
    ]


def _no_gain() -> list[Table]:
    wrong = [
        _none_better_is(Verdict.HOLDS, (MARGIN, 0), "above the other by the margin", world)
        for world in WORLDS
    ] + [_none_better_is(Verdict.HOLDS, (MARGIN, 0, FAR), "above one of 2 by it", NORMAL)]
    opposed = [
        _none_better_is(Verdict.FAILS, (0.0,) * (k + 1), f"equal to all of {k}", world)
        for world, k in ((NORMAL, 1), (NORMAL, 4), (NORMAL, 9), (HEAVY, 4), (UNEQUAL, 4))
    ]
    return [
        Table(
            "“Adds nothing” is said to hold, and does not",
            "The value of the claim is above another by the margin.",
            0.025,
            "world / seeds",
            grid(wrong, SEEDS, STUDIES),
        ),
        Table(
            "“Adds nothing” is said not to hold, and does",
            "All values are of the same worth.",
            0.05,
            "world / seeds",
            grid(opposed, SEEDS, STUDIES),
        ),
    ]


def _best() -> list[Table]:
    equal = [
        *(in_world(w, (0, 0, 0), _wrong_best, f"{w.name}, 3 equal") for w in WORLDS),
        in_world(NORMAL, (0, 0), _wrong_best, "normal, 2 equal"),
        in_world(NORMAL, (0, 0, -FAR, -FAR), _wrong_best, "normal, 2 equal, 2 far below"),
        in_world(NORMAL, (0,) * 10, _wrong_best, "normal, 10 equal"),
    ]
    left_out = [
        in_world(world, (0.0,) * k, _leaves_out_an_equal, f"{world.name}, {k} equal")
        for world, k in ((NORMAL, 2), (NORMAL, 3), (NORMAL, 10), (HEAVY, 3), (UNEQUAL, 3))
    ]
    best_out = [
        in_world(NORMAL, (0.1 * SD, *[0.0] * (k - 1)), _leaves_out_the_first, f"normal, {k} values")
        for k in (2, 3, 10)
    ]
    return [
        Table(
            "The best of several is named, and is not better than the next",
            "No value is claimed to be best: the best observed one is judged.",
            0.05,
            "world / seeds",
            grid(equal, SEEDS, STUDIES // 2),
        ),
        Table(
            "A value that is as good as the best is not called tied with it",
            "All values are of the same worth.",
            0.05,
            "world / seeds",
            grid(left_out, SEEDS, STUDIES // 2),
        ),
        Table(
            "The truly best value is not among those called best or tied with it",
            "It is better than all others by a tenth of a standard deviation.",
            0.05,
            "world / seeds",
            grid(best_out, SEEDS, STUDIES // 2),
        ),
    ]


def _trends() -> list[Table]:
    wrong = [
        _trend_is(Verdict.HOLDS, (0, 0, 0), "no growth"),
        _trend_is(Verdict.HOLDS, (0, FAR, 0), "up and down again"),
        _trend_is(Verdict.HOLDS, (0, FAR, FAR - MARGIN, FAR), "one step back by the margin"),
        _trend_is(Verdict.HOLDS, (0, 0, 0), "no growth", HEAVY),
        _trend_is(Verdict.HOLDS, (0, 0, 0), "no growth", UNEQUAL),
        _trend_is(Verdict.HOLDS, (0, 0, 0), "no growth", FEW_IMAGES),
    ]
    opposed = [
        _trend_is(Verdict.FAILS, [0.05 * SD * place for place in range(k)], f"{k} steps of 0.05 sd")
        for k in (2, 3, 5, 10)
    ]
    return [
        Table(
            "“Grows” is said to hold, and does not",
            "The last value is not above the first, or one step goes back by the margin.",
            0.025,
            "world / seeds",
            grid(wrong, SEEDS, STUDIES // 2),
        ),
        Table(
            "“Grows” is said not to hold, and does",
            "Each value is above the one before by a twentieth of a standard deviation.",
            0.05,
            "world / seeds",
            grid(opposed, SEEDS, STUDIES // 4),
        ),
    ]


def tables() -> list[Table]:
    """The promises about claims of an order."""
    return [*_better(), *_no_gain(), *_best(), *_trends()]
