"""What the verdicts find, and how many seeds they take: the price of being right."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import stats

from calibration import factors, pairs
from calibration.tables import Cell, Outcomes, Row, Table, each, grid, in_world
from calibration.worlds import MARGIN, NORMAL, SD, Array
from mnist_keras.statistics.differences import compare_paired
from mnist_keras.statistics.distributions import ALPHA, MOST_SEEDS, fewest
from mnist_keras.statistics.resolution import seeds_range, seeds_to_settle
from mnist_keras.statistics.rules import Rule, critical_t
from mnist_keras.statistics.summaries import Verdict

SD_OF_PAIRS = math.sqrt(2) * SD
"""Of the differences of two runs that share their seed's split."""

MOST = 100
SAME_POWER = 0.95
EFFECTS = (1, 2, 3, 10)
MARGINS = (1, 2, 3)


def _found() -> Table:
    rows: list[Row] = []
    for effect in EFFECTS:
        shift = effect * SD
        rows.append(in_world(NORMAL, (shift, 0), pairs.is_different, f"pair, {effect} sd"))
        rows.append(
            in_world(NORMAL, (shift, 0, 0), factors.matters, f"factor of 3 values, {effect} sd")
        )
    return Table(
        "A real effect is found",
        "By the fixed rule. The more, the better; the rest “cannot tell”.",
        None,
        "effect / seeds",
        grid(rows, (2, 3, 5, 10, 20), 4_000),
    )


def seeds_taken(margin: float) -> Callable[[Array], int]:
    """After how many seeds the sequential rule is done, looked at after each."""

    def taken(study: Array) -> int:
        for seeds in range(2, study.shape[1]):
            difference = compare_paired(study[0, :seeds], study[1, :seeds], margin, Rule.SEQUENTIAL)
            if difference.verdict.settled:
                return seeds
        return study.shape[1]

    return taken


def _fixed_number(effect: float, margin: float) -> int:
    """The fewest seeds with which the fixed rule settles it in `SAME_POWER` of all studies."""
    if effect:
        enough = fewest(lambda n: _power_of_different(effect, n) >= SAME_POWER)
    else:
        enough = fewest(lambda n: _power_of_same(margin, n) >= SAME_POWER)
    assert enough is not None, "an effect and a margin are not 0"
    return enough


def _power_of_different(effect: float, seeds: int) -> float:
    """How often the paired t test finds a difference, from the noncentral t distribution."""
    critical = critical_t(seeds, ALPHA, Rule.FIXED)
    shift = effect / SD_OF_PAIRS * math.sqrt(seeds)
    return float(stats.nct.sf(critical, seeds - 1, shift))


def _power_of_same(margin: float, seeds: int) -> float:
    """How often the whole interval of equal configurations lies within the margin."""
    generator = np.random.Generator(np.random.PCG64(1))
    means = generator.standard_normal(40_000)
    spreads = np.sqrt(generator.chisquare(seeds - 1, means.size) / (seeds - 1))
    halves = critical_t(seeds, ALPHA, Rule.FIXED) * spreads
    return float(np.mean(np.abs(means) + halves <= margin / SD_OF_PAIRS * math.sqrt(seeds)))


def _cells_of_seeds(name: str, effect: float, margin: float) -> list[Cell]:
    fixed = _fixed_number(effect, margin)

    def taken(generator: np.random.Generator, count: int) -> Array:
        studies = NORMAL.studies(generator, count, (effect, 0.0), MOST)
        return each(studies, seeds_taken(margin))

    return [
        Cell(name, "sequential, on average", taken, 1_000),
        Cell(name, "fixed", lambda _, count: np.full(count, float(fixed)), 2),
    ]


def _taken() -> Table:
    cells: list[Cell] = []
    for effect in EFFECTS:
        cells += _cells_of_seeds(f"{effect} sd apart", effect * SD, 0.0)
    for margin in MARGINS:
        cells += _cells_of_seeds(f"equal, margin of {margin} sd", 0.0, margin * SD)
    return Table(
        "The seeds that it takes",
        f"The sequential rule is looked at after every seed and stops when it is settled, at the "
        f"latest at {MOST} seeds. Beside it the number of seeds, fixed beforehand, with which the "
        f"fixed rule settles the same in {SAME_POWER:.0%} of all studies, which takes knowing the "
        f"effect beforehand.",
        None,
        "truth / rule",
        tuple(cells),
        seeds=True,
    )


def _range(study: Array, rule: Rule) -> tuple[int, int] | None:
    """Both ends of the range of seeds after a pilot study; None where it is settled."""
    difference = compare_paired(study[0], study[1], MARGIN, rule)
    if difference.verdict is not Verdict.OPEN or difference.sd is None:
        return None
    found = seeds_range(difference.n, difference.mean, difference.sd, MARGIN, rule)
    if found is None:
        return None
    return found.low or MOST_SEEDS, found.high or MOST_SEEDS + 1


def _misses(truth: float, rule: Rule) -> Row:
    """Whether a pilot study is open and its range leaves out the number needed."""
    needed = seeds_to_settle(truth, SD_OF_PAIRS, MARGIN, rule) or MOST_SEEDS + 1

    def says(study: Array) -> bool:
        ends = _range(study, rule)
        return ends is not None and not ends[0] <= max(needed, study.shape[1] + 1) <= ends[1]

    return in_world(NORMAL, (truth, 0.0), says, f"{truth / SD:g} sd apart, {rule} rule")


def _followed(truth: float, rule: Rule) -> Row:
    """Whether an open pilot study, grown to the upper end of its range, is still open."""

    def at(seeds: int) -> Outcomes:
        def outcomes(generator: np.random.Generator, count: int) -> Array:
            found: list[float] = []
            while len(found) < count:
                pilot = NORMAL.studies(generator, 1, (truth, 0.0), seeds)[0]
                ends = _range(pilot, rule)
                if ends is None or ends[1] > MOST_SEEDS:
                    continue
                further = NORMAL.studies(generator, 1, (truth, 0.0), ends[1] - seeds)[0]
                whole = np.concatenate([pilot, further], axis=1)
                verdict = compare_paired(whole[0], whole[1], MARGIN, rule).verdict
                found.append(float(not verdict.settled))
            return np.array(found)

        return outcomes

    return f"{truth / SD:g} sd apart, {rule} rule", at


def tables() -> list[Table]:
    """The promises about the range of seeds."""
    truths = [
        *((k * SD, Rule.FIXED) for k in (0, 0.5, 1, 1.5, 2, 3)),
        *((k * SD, Rule.SEQUENTIAL) for k in (0, 1, 1.5, 2)),
    ]
    return [
        Table(
            "The range of seeds leaves out the number that is needed",
            "After a pilot study that cannot tell: “so many to so many seeds would settle it”. The "
            "number needed is the one that settles the true difference in 8 of 10 studies, and at "
            "least one more than there are. Pilot studies that can tell count as right.",
            0.20,
            "truth / seeds of the pilot study",
            grid([_misses(*truth) for truth in truths], (3, 5, 10), 2_000),
        ),
        Table(
            "With as many seeds as the upper end of the range, it still cannot tell",
            "Only pilot studies that cannot tell are made, and grown to that number.",
            0.20,
            "truth / seeds of the pilot study",
            grid([_followed(*truth) for truth in truths], (3, 5), 1_000),
        ),
    ]


def prices() -> list[Table]:
    """What is found, and what it takes: no promises."""
    return [_found(), _taken()]
