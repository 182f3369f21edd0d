"""Verdicts in a few words, as a chip shows them: "same within 0.20 points", "holds"."""

from __future__ import annotations

from mnist_keras.analysis.outcome import CellOutcome, PairOutcome
from mnist_keras.claims.base import (
    CountsJudged,
    ImpactOrderJudged,
    Judged,
    OrderJudged,
    RatiosJudged,
    StatementJudged,
    TrendJudged,
)
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.metrics import Metric
from mnist_keras.report.language import translate
from mnist_keras.report.words.units import PERCENT, POINTS, Unit, unit, unit_of
from mnist_keras.statistics.differences import Difference
from mnist_keras.statistics.ensembles import EnsembleGain
from mnist_keras.statistics.impacts import Impact
from mnist_keras.statistics.stated import Figure
from mnist_keras.statistics.summaries import Verdict

NOT_JUDGED = "not judged"

FIGURE_WORDS: dict[Verdict | None, str] = {
    Verdict.SAME: "same within the margin",
    Verdict.DIFFERENT: "differs",
    Verdict.OPEN: "not told apart",
    None: NOT_JUDGED,
}
"""The verdicts on a published figure, in the order of a legend."""


def figure_verdict(outcome: CellOutcome) -> str:
    """The verdict on a published figure, with what it is the same within, or not told apart to."""
    judged = outcome.judgement
    if judged is None:
        return translate(NOT_JUDGED)
    if not isinstance(judged, Figure):
        return translate("agrees") if judged.verdict is Verdict.SAME else translate("differs")
    return stated_verdict(judged, unit(outcome.cell.metric))


def stated_verdict(judged: Figure, measure: Unit) -> str:
    """The verdict on a figure that is one run."""
    if judged.verdict is Verdict.DIFFERENT:
        return translate("differs")
    if judged.too_few:
        return translate("too few seeds")
    if judged.within is None:
        return translate("no spread to judge by")
    if judged.verdict is Verdict.SAME:
        return same_within(judged.within, measure)
    return translate("not told apart, to within {size}", size=measure.size(judged.within))


def same_within(size: float, measure: Unit) -> str:
    """A finding of equality, with its limit: "same within 0.20 points"."""
    return translate("same within {size}", size=measure.size(size))


def claim_verdict(outcome: ClaimOutcome) -> str:
    """The verdict on a claim."""
    judged = outcome.judged
    if judged is None:
        return translate(NOT_JUDGED)
    if judged.verdict is Verdict.DIFFERENT:
        return translate("differs")
    if judged.verdict is not Verdict.SAME:
        return translate(str(judged.verdict))
    return _claim_same(judged)


def _claim_same(judged: Judged) -> str:
    match judged:
        case StatementJudged(metric=Metric() as metric):
            return same_within(judged.statement.margin, unit_of(metric))
        case RatiosJudged():
            return translate("same within {share:.3g} %", share=100 * judged.ratios[0][3].margin)
        case CountsJudged():
            return translate("agrees")
        case ImpactOrderJudged(metric=Metric() as metric):
            return same_within(judged.steps[judged.decisive].margin, unit_of(metric))
        case OrderJudged(metric=Metric() as metric) | TrendJudged(metric=Metric() as metric):
            margin = judged.order.differences[judged.order.decisive].margin
            return same_within(margin, unit_of(metric))
    return translate(str(judged.verdict))


def impact_verdict(impact: Impact, measure: Unit = POINTS) -> str:
    """Whether a factor matters; of accuracies, unless the measure says otherwise."""
    if impact.verdict is Verdict.DIFFERENT:
        return translate("it matters")
    if impact.verdict is Verdict.SAME:
        return same_within(impact.family.differences[0].margin, measure)
    return translate("cannot tell")


def gain_verdict(gain: EnsembleGain) -> str:
    """Whether an ensemble is more than one of its networks."""
    if gain.verdict is Verdict.SAME:
        return same_within(gain.margin, PERCENT)
    if gain.verdict is Verdict.OPEN:
        return translate("cannot tell")
    if gain.gain > 0:
        return translate("more than one network")
    return translate("less than one network")


def pair_verdict(pair: PairOutcome) -> str:
    """Whether two values differ; one that its family takes back is not concluded."""
    return _compared(pair.verdict, pair.difference.margin, unit(pair.metric))


def difference_verdict(difference: Difference, measure: Unit) -> str:
    """Whether two configurations differ that are compared by themselves."""
    return _compared(difference.verdict, difference.margin, measure)


def _compared(verdict: Verdict, margin: float, measure: Unit) -> str:
    if verdict is Verdict.DIFFERENT:
        return translate("differ")
    return same_within(margin, measure) if verdict is Verdict.SAME else translate("cannot tell")
