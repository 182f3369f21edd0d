"""Claims about an order: better than all, than none, the best of values or runs, a trend."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from mnist_keras.statistics.best_of import best_of
from mnist_keras.statistics.differences import Difference, compare_paired
from mnist_keras.statistics.orders import all_better, judge_best, judge_trend, none_better
from mnist_keras.statistics.summaries import Verdict

SEEDS = (2, 3, 5, 10, 30)
STUDIES = 3_000
WORLDS = (NORMAL, HEAVY, SKEWED, FAILURES, UNEQUAL, FEW_IMAGES)
FAR = 6 * SD

OF_RUNS = (4, 6, 10, 30)
"""Numbers of seeds from which the best of three is taken."""

OF_THREE = 0.8463
"""The mean of the largest of three standard normal numbers: 3 / (2 sqrt(pi))."""


@dataclass(frozen=True)
class Truth:
    """What is so: how much better than the base each value is, the one of the claim first."""

    name: str
    shifts: Sequence[float]
    world: World = NORMAL

    def row(self, says: Callable[[Array], bool]) -> Row:
        """How often a verdict says so."""
        return in_world(self.world, self.shifts, says, f"{self.world.name}, {self.name}")


def _of_first(study: Array, margin: float) -> list[Difference]:
    return [compare_paired(study[0], other, margin) for other in study[1:]]


def all_better_is(verdict: Verdict, margin: float) -> Callable[[Array], bool]:
    """Whether "the first is better than all others" gets this verdict."""
    return lambda study: all_better(_of_first(study, margin)).verdict is verdict


def _none_better_is(verdict: Verdict, margin: float) -> Callable[[Array], bool]:
    return lambda study: none_better(_of_first(study, margin)).verdict is verdict


def _trend_is(verdict: Verdict, margin: float) -> Callable[[Array], bool]:
    return lambda study: judge_trend([list(study)], [margin]).verdict is verdict


def _best_holds(study: Array) -> bool:
    """Whether the observed best is called the best."""
    return judge_best(list(study), NO_MARGIN).order.verdict is Verdict.HOLDS


def _leaves_out_an_equal(study: Array) -> bool:
    return len(judge_best(list(study), NO_MARGIN).tied) < len(study)


def _leaves_out_the_first(study: Array) -> bool:
    return 0 not in judge_best(list(study), NO_MARGIN).tied


def _better() -> list[Table]:
    equal = [Truth("equal to the other", (0, 0), world) for world in WORLDS]
    equal += [
        Truth("equal to one of 3, far above 2", (0, 0, -FAR, -FAR)),
        Truth("equal to all of 4", (0,) * 5),
    ]
    by_the_margin = [Truth(f"better than all of {k}", (MARGIN, *[0.0] * k)) for k in (1, 2, 4, 9)]
    by_little = [
        Truth(f"better than all of {k}", (0.1 * SD, *[0.0] * k), world)
        for world, k in ((NORMAL, 1), (NORMAL, 4), (NORMAL, 9), (HEAVY, 4), (UNEQUAL, 4))
    ]
    return [
        _table(
            "“Better than each other one” is said to hold, and does not",
            "The value of the claim is equal to one of the others.",
            0.025,
            [truth.row(all_better_is(Verdict.HOLDS, NO_MARGIN)) for truth in equal],
        ),
        _table(
            "“Better than each other one” is called level, and is not",
            "The value of the claim is better than each other one by the margin.",
            0.05,
            [truth.row(all_better_is(Verdict.SAME, MARGIN)) for truth in by_the_margin],
        ),
        _table(
            "“Better than each other one” is said not to hold, and does",
            "The value of the claim is better by a tenth of a standard deviation.",
            0.05,
            [truth.row(all_better_is(Verdict.FAILS, NO_MARGIN)) for truth in by_little],
        ),
    ]


def _no_gain() -> list[Table]:
    above = [Truth("above the other by the margin", (MARGIN, 0), world) for world in WORLDS]
    above.append(Truth("above one of 2 by it", (MARGIN, 0, FAR)))
    equal = [
        Truth(f"equal to all of {k}", (0.0,) * (k + 1), world)
        for world, k in ((NORMAL, 1), (NORMAL, 4), (NORMAL, 9), (HEAVY, 4), (UNEQUAL, 4))
    ]
    return [
        _table(
            "“Adds nothing” is said to hold, and does not",
            "The value of the claim is above another by the margin.",
            0.025,
            [truth.row(_none_better_is(Verdict.HOLDS, MARGIN)) for truth in above],
        ),
        _table(
            "“Adds nothing” is said not to hold, and does",
            "All values are of the same worth.",
            0.05,
            [truth.row(_none_better_is(Verdict.FAILS, NO_MARGIN)) for truth in equal],
        ),
    ]


def _best() -> list[Table]:
    equal = [Truth("3 equal", (0, 0, 0), world) for world in WORLDS]
    equal += [Truth("2 equal", (0, 0)), Truth("10 equal", (0,) * 10)]
    apart = Truth("2 equal, 2 far below", (0, 0, -FAR, -FAR))
    best = [Truth(f"the first of {k} values", (0.1 * SD, *[0.0] * (k - 1))) for k in (2, 3, 10)]
    return [
        _table(
            "The best of several is named, and is not better than the next",
            "No value is claimed to be best: the best observed one is judged.",
            0.05,
            [truth.row(_best_holds) for truth in [*equal, apart]],
            STUDIES // 3,
        ),
        _table(
            "A value that is as good as the best is not called tied with it",
            "All values are of the same worth.",
            0.05,
            [truth.row(_leaves_out_an_equal) for truth in equal],
            STUDIES // 3,
        ),
        _table(
            "The truly best value is not among those called best or tied with it",
            "It is better than all others by a tenth of a standard deviation.",
            0.05,
            [truth.row(_leaves_out_the_first) for truth in best],
            STUDIES // 3,
        ),
    ]


def _trends() -> list[Table]:
    flat = [Truth("no growth", (0, 0, 0), w) for w in (NORMAL, HEAVY, UNEQUAL, FEW_IMAGES)]
    flat.append(Truth("up and down again", (0, FAR, 0)))
    back = Truth("one step back by the margin", (0, FAR, FAR - MARGIN, FAR))
    growing = [
        Truth(f"{k} values", [0.05 * SD * place for place in range(k)]) for k in (2, 3, 5, 10)
    ]
    return [
        _table(
            "“Grows” is said to hold, and does not",
            "The last value is not above the first, or one step goes back by the margin.",
            0.025,
            [
                *(truth.row(_trend_is(Verdict.HOLDS, NO_MARGIN)) for truth in flat),
                back.row(_trend_is(Verdict.HOLDS, MARGIN)),
            ],
        ),
        _table(
            "“Grows” is said not to hold, and does",
            "Each value is above the one before by a twentieth of a standard deviation.",
            0.05,
            [truth.row(_trend_is(Verdict.FAILS, NO_MARGIN)) for truth in growing],
        ),
    ]


def _best_of_is(verdict: Verdict, share: float) -> Row:
    """The best of three by one metric, judged by another, at a margin that is what it truly adds.

    Two levels share the half of their variance, that of the split: so validation and test accuracy
    may. `share` of the first is mixed into the second, for them to be closer. The best of three is
    above their mean by `OF_THREE` standard deviations, and what goes with it by the covariance.
    """
    variance = 2 * (share**2 + (1 - share) ** 2 + share * (1 - share))
    alike = (1 + share) / math.sqrt(2 * variance)
    gain = OF_THREE * (1 + share) / math.sqrt(2) * SD

    def says(study: Array) -> bool:
        by, other = study
        mixed = share * by + (1 - share) * other
        return best_of(by, mixed, 3, gain).verdict is verdict

    return in_world(NORMAL, (0, 0), says, f"normal, correlation {alike:.2f}")


def _picked_runs() -> list[Table]:
    return [
        Table(
            f"“The best of three adds no more than the margin” is said {said}",
            "It adds as much as the margin; an error on either side.",
            0.05,
            "world / seeds",
            grid([_best_of_is(verdict, share) for share in (0.0, 0.45)], OF_RUNS, STUDIES),
        )
        for said, verdict in (("to hold", Verdict.HOLDS), ("not to hold", Verdict.FAILS))
    ]


def _table(
    title: str, text: str, nominal: float, rows: Sequence[Row], studies: int = STUDIES
) -> Table:
    return Table(title, text, nominal, "world / seeds", grid(rows, SEEDS, studies))


def tables() -> list[Table]:
    """The promises about claims of an order."""
    return [*_better(), *_no_gain(), *_best(), *_trends(), *_picked_runs()]
