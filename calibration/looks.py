"""The sequential rule, looked at after every seed."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from calibration import pairs
from calibration.tables import Cell, Row, Table, in_world
from calibration.worlds import (
    FEW_IMAGES,
    FEWER_IMAGES,
    HEAVY,
    MARGIN,
    NO_MARGIN,
    NORMAL,
    SD,
    SKEWED,
    UNEQUAL,
    Array,
)
from mnist_keras.statistics.differences import Difference, compare_paired
from mnist_keras.statistics.impacts import judge_impact
from mnist_keras.statistics.orders import all_better, judge_best
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import judge_figure
from mnist_keras.statistics.summaries import Interval, Verdict

FIRST = 2
LAST = 60
STUDIES = 4_000
WORLDS = (NORMAL, HEAVY, SKEWED, UNEQUAL, FEW_IMAGES, FEWER_IMAGES)


def sequential(study: Array, margin: float = NO_MARGIN) -> Difference:
    """The first level against the second, by the sequential rule."""
    return compare_paired(study[0], study[1], margin, Rule.SEQUENTIAL)


def ever(says: Callable[[Array], bool]) -> Callable[[Array], bool]:
    """Whether a verdict says so at any look, the first at two seeds."""
    return lambda study: any(says(study[:, :seeds]) for seeds in range(FIRST, study.shape[1] + 1))


def ever_is(verdict: Verdict, margin: float) -> Callable[[Array], bool]:
    """Whether the difference of the first two levels ever gets this verdict."""
    return ever(lambda study: sequential(study, margin).verdict is verdict)


def _out(interval: Interval | None, truth: float) -> bool:
    return interval is not None and not interval.low <= truth <= interval.high


def _cells(rows: Iterable[Row], studies: int, last: int = LAST) -> tuple[Cell, ...]:
    return tuple(Cell(name, f"2 to {last}", at(last), studies) for name, at in rows)


def _best_holds(study: Array) -> bool:
    return judge_best(list(study), NO_MARGIN, Rule.SEQUENTIAL).order.verdict is Verdict.HOLDS


def _better_holds(study: Array) -> bool:
    differences = [
        compare_paired(study[0], other, NO_MARGIN, Rule.SEQUENTIAL) for other in study[1:]
    ]
    return all_better(differences).verdict is Verdict.HOLDS


def _impact_out(truth: float) -> Callable[[Array], bool]:
    return ever(
        lambda study: _out(judge_impact(list(study), MARGIN, Rule.SEQUENTIAL).interval, truth)
    )


def _figure_ever_different(study: Array) -> bool:
    published, ours = study[0, 0], study[0, 1:]
    return any(
        judge_figure(published, ours[:seeds], MARGIN, rule=Rule.SEQUENTIAL).verdict
        is Verdict.DIFFERENT
        for seeds in range(FIRST, len(ours) + 1)
    )


def _either_rule(study: Array) -> bool:
    """Judged at three seeds by the fixed rule, and from there on by the sequential one."""
    return pairs.is_different(study[:, :3]) or any(
        sequential(study[:, :seeds]).verdict is Verdict.DIFFERENT
        for seeds in range(4, study.shape[1] + 1)
    )


def _pairs() -> list[Table]:
    return [
        Table(
            "Two equal configurations are ever called different",
            "Looked at after every seed.",
            0.05,
            "world / looks",
            _cells(
                (in_world(w, (0, 0), ever_is(Verdict.DIFFERENT, NO_MARGIN)) for w in WORLDS),
                STUDIES,
            ),
        ),
        Table(
            "Two configurations as far apart as the margin are ever called the same",
            "Looked at after every seed.",
            0.05,
            "world / looks",
            _cells(
                (in_world(w, (MARGIN, 0), ever_is(Verdict.SAME, MARGIN)) for w in WORLDS), STUDIES
            ),
        ),
        Table(
            "The interval of a difference ever leaves out the truth",
            "The true difference is one standard deviation of a run. Looked at after every seed.",
            0.05,
            "world / looks",
            _cells(
                (
                    in_world(w, (SD, 0), ever(lambda s: _out(sequential(s).limits(), SD)))
                    for w in WORLDS
                ),
                STUDIES,
            ),
        ),
    ]


def _claims() -> list[Table]:
    few = STUDIES // 2
    return [
        Table(
            "Claims and factors that are ever judged wrongly",
            "Looked at after every seed, all by the sequential rule.",
            0.05,
            "verdict / looks",
            _cells(
                [
                    in_world(
                        NORMAL,
                        (0, 0, -6 * SD),
                        ever(_better_holds),
                        "“better than each”: equal to one",
                    ),
                    in_world(NORMAL, (0, 0, 0), ever(_best_holds), "the best of 3 equal values"),
                    in_world(
                        NORMAL, (0, 0, 0), _impact_out(0), "the impact of 3 equal values is not 0"
                    ),
                    in_world(
                        NORMAL, (3 * SD, 0, 0), _impact_out(3 * SD), "interval of an impact of 3 sd"
                    ),
                    in_world(
                        NORMAL,
                        (0,),
                        _figure_ever_different,
                        "a figure that is one more run is different",
                    ),
                ],
                few,
                30,
            ),
        ),
        Table(
            "Both rules, one after the other",
            "Equal configurations, judged by the fixed rule at three seeds; who is not content "
            "goes on by the sequential rule. Each may be wrong in 5 %, so together in 10 %.",
            0.10,
            "world / looks",
            _cells([in_world(NORMAL, (0, 0), _either_rule)], STUDIES),
        ),
    ]


def limits() -> list[Table]:
    """What happens without the sequential rule."""
    return [
        Table(
            "Why the sequential rule: the fixed rule, looked at after every seed",
            "Two equal configurations are ever called different. Nobody promises this.",
            None,
            "world / looks",
            _cells([in_world(NORMAL, (0, 0), ever(pairs.is_different))], STUDIES // 2),
        )
    ]


def tables() -> list[Table]:
    """The promises of the sequential rule."""
    return [*_pairs(), *_claims()]
