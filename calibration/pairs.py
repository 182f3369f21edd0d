"""Two configurations over the same seeds, alone and as one of many pairs."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from calibration.tables import Row, Table, grid, in_world
from calibration.worlds import (
    FEW_IMAGES,
    HEAVY,
    MARGIN,
    NO_MARGIN,
    NORMAL,
    SD,
    UNEQUAL,
    WORLDS,
    Array,
    World,
)
from mnist_keras.statistics.differences import compare_paired, judge_family
from mnist_keras.statistics.summaries import Verdict

SEEDS = (2, 3, 5, 10, 30)
STUDIES = 10_000


def is_different(study: Array) -> bool:
    """Whether the first level is called different from the second."""
    return compare_paired(study[0], study[1], NO_MARGIN).verdict is Verdict.DIFFERENT


def is_same(study: Array) -> bool:
    """Whether the first level is called the same as the second, within the margin."""
    return compare_paired(study[0], study[1], MARGIN).verdict is Verdict.SAME


def leaves_out(truth: float) -> Callable[[Array], bool]:
    """Whether the interval of the difference of the first two levels leaves out the truth."""

    def says(study: Array) -> bool:
        limits = compare_paired(study[0], study[1], MARGIN).limits()
        return not limits.low <= truth <= limits.high

    return says


def _some_equal_pair_differs(world: World, values: int, equal: int) -> Row:
    """`values` levels of which the first `equal` are equal and the others far from all others."""
    shifts = [0.0] * equal + [20 * SD * place for place in range(1, values - equal + 1)]
    pairs = list(combinations(range(values), 2))
    of_equals = [place for place, (_, second) in enumerate(pairs) if second < equal]

    def says(study: Array) -> bool:
        family = judge_family([compare_paired(study[i], study[j], NO_MARGIN) for i, j in pairs])
        return any(family.verdicts[place] is Verdict.DIFFERENT for place in of_equals)

    others = "" if equal == values else f", {values - equal} of them far from all others"
    return in_world(world, shifts, says, f"{world.name}, {values} values{others}")


def tables() -> list[Table]:
    """The promises about pairs."""
    families = [
        *(_some_equal_pair_differs(world, 3, 3) for world in (NORMAL, HEAVY, UNEQUAL, FEW_IMAGES)),
        _some_equal_pair_differs(NORMAL, 5, 5),
        _some_equal_pair_differs(NORMAL, 5, 3),
        _some_equal_pair_differs(NORMAL, 10, 10),
    ]
    return [
        Table(
            "Two equal configurations are called different",
            "Two configurations of the same worth, the seeds in pairs.",
            0.05,
            "world / seeds",
            grid([in_world(w, (0, 0), is_different) for w in WORLDS], SEEDS, STUDIES),
        ),
        Table(
            "Two configurations as far apart as the margin are called the same",
            "The true difference is the margin: three standard deviations of a run.",
            0.05,
            "world / seeds",
            grid([in_world(w, (MARGIN, 0), is_same) for w in WORLDS], SEEDS, STUDIES),
        ),
        Table(
            "The interval of a difference leaves out the truth",
            "The true difference is one standard deviation of a run.",
            0.05,
            "world / seeds",
            grid([in_world(w, (SD, 0), leaves_out(SD)) for w in WORLDS], SEEDS, STUDIES),
        ),
        Table(
            "Of all pairs of a factor's values, some equal pair is called different",
            "All pairs of values are one family of tests, adjusted by Holm's method.",
            0.05,
            "world / seeds",
            grid(families, (3, 5, 10), STUDIES // 4),
        ),
    ]
