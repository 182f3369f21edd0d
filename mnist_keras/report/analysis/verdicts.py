"""Every claim of a study with its verdict, or with the reason why there is none."""

from __future__ import annotations

from dataclasses import replace

from mnist_keras.report.analysis.cells import OTHER_SETTINGS, half_last_digit
from mnist_keras.report.analysis.claims_of_factors import (
    judge_best_value,
    judge_constancy,
    judge_impact_claim,
    judge_ranking,
    judge_sensitivity,
)
from mnist_keras.report.analysis.claims_of_size import (
    judge_equal,
    judge_monotone,
    judge_ratio_claim,
)
from mnist_keras.report.analysis.evidence import Evidence, NotJudged, Side, paired_alike
from mnist_keras.report.analysis.outcome import ClaimOutcome
from mnist_keras.report.analysis.scales import POINTS, criteria, gap_noise, tolerance, unit
from mnist_keras.report.language import translate
from mnist_keras.report.naming import metric_name
from mnist_keras.report.statistics.comparisons import Comparison, compare_paired
from mnist_keras.report.statistics.orders import judge_all_better, judge_none_better
from mnist_keras.report.statistics.reproduction import judge_published
from mnist_keras.report.statistics.summaries import Judgement, Verdict
from mnist_keras.study.claims import (
    BestValue,
    Claim,
    Constancy,
    CostClaim,
    Equal,
    Gap,
    Impact,
    Monotone,
    NoGain,
    Order,
    Ranking,
    Ratio,
    Sensitivity,
)
from mnist_keras.study.metrics import METRICS, to_record_unit

_OF_THE_SOURCE = (Impact, Gap, Ratio, CostClaim)
"""Claims that state a figure: they say nothing about other settings than the source's."""


def judge_claims(evidence: Evidence) -> tuple[ClaimOutcome, ...]:
    """Every claim of the study, in its order."""
    return tuple(judge_claim(claim, evidence) for claim in evidence.own.study.claims)


def judge_claim(claim: Claim, evidence: Evidence) -> ClaimOutcome:
    """One claim and its verdict."""
    if not evidence.own.study.comparable and isinstance(claim, _OF_THE_SOURCE):
        return ClaimOutcome(claim, None, translate(OTHER_SETTINGS))
    try:
        return ClaimOutcome(claim, _with_metric(claim, _judge(claim, evidence)))
    except NotJudged as reason:
        return ClaimOutcome(claim, None, str(reason))


def _with_metric(claim: Claim, judgement: Judgement) -> Judgement:
    """The same verdict; its reason begins with the metric, which the claim's text may not name."""
    if isinstance(claim, Gap | Equal | CostClaim):
        return judgement
    label = metric_name(claim.metric)
    if judgement.reason.startswith(label):
        return judgement
    return replace(
        judgement, reason=translate("{label}: {reason}", label=label, reason=judgement.reason)
    )


def _judge(claim: Claim, evidence: Evidence) -> Judgement:
    match claim:
        case BestValue():
            return judge_best_value(claim, evidence)
        case Constancy():
            return judge_constancy(claim, evidence)
        case Order():
            return judge_order_claim(claim, evidence)
        case NoGain():
            return judge_no_gain(claim, evidence)
        case Equal():
            return judge_equal(claim, evidence)
        case Ranking():
            return judge_ranking(claim, evidence)
        case Impact():
            return judge_impact_claim(claim, evidence)
        case Gap():
            return judge_gap(claim, evidence)
        case Ratio():
            return judge_ratio_claim(claim, evidence)
        case Monotone():
            return judge_monotone(claim, evidence)
        case CostClaim():
            return judge_cost(claim, evidence)
        case Sensitivity():
            return judge_sensitivity(claim, evidence)


def judge_order_claim(claim: Order, evidence: Evidence) -> Judgement:
    """One configuration is better than another."""
    sides = evidence.side(claim.a), evidence.side(claim.b)
    judgement = judge_all_better([_compare(*sides, claim.metric)])
    return _beside(judgement, claim.metric, claim.difference)


def judge_no_gain(claim: NoGain, evidence: Evidence) -> Judgement:
    """No contender is better than the reference."""
    reference = evidence.side(claim.reference)
    contenders = [evidence.side(contender) for contender in claim.contenders]
    comparisons = [_compare(contender, reference, claim.metric) for contender in contenders]
    margin = criteria(claim.metric, [reference.measured]).smallest_difference
    judgement = judge_none_better(comparisons, margin)
    return _beside(judgement, claim.metric, claim.difference)


def _compare(better: Side, worse: Side, metric: str) -> Comparison:
    """Compare so that "better" is the greater one: what should be low changes sides."""
    first, second = (worse, better) if METRICS[metric].better == "lower" else (better, worse)
    values = paired_alike([first, second], metric)
    limits = criteria(metric, [first.measured, second.measured])
    names = first.name, second.name
    return compare_paired(values[first.name], values[second.name], limits, names)


def _beside(judgement: Judgement, metric: str, published: float | None) -> Judgement:
    """The same verdict; its reason also tells the published difference."""
    if published is None:
        return judgement
    size = unit(metric).size(to_record_unit(metric, published))
    sign = translate("-") if published < 0 else ""
    return replace(
        judgement,
        reason=translate(
            "{reason}; published: {sign}{size}", reason=judgement.reason, sign=sign, size=size
        ),
    )


def judge_gap(claim: Gap, evidence: Evidence) -> Judgement:
    """Training minus validation accuracy of the last epoch is a published figure."""
    side = evidence.side(claim.subject)
    values = paired_alike([side], "gap")[side.name]
    noise = gap_noise(side.measured, redrawn=True)
    published = to_record_unit("gap", claim.published)
    return judge_published(
        published,
        values,
        tolerance=tolerance("gap", published),
        run_sd=noise.sd if noise else None,
        unit=POINTS,
    )


def judge_cost(claim: CostClaim, evidence: Evidence) -> Judgement:
    """One factor at a time against the full grid: arithmetic, without any run."""
    cost = evidence.own.study.cost()
    saved = cost.cell_saved_percent
    if cost.grid is None or saved is None:
        raise NotJudged(translate("the study has no factors, so there is no grid"))
    holds = (
        cost.cell_trainings == claim.trainings
        and cost.grid == claim.grid
        and abs(saved - claim.saved_percent) <= half_last_digit(claim.saved_percent)
    )
    reason = translate(
        "counted: {cell_trainings} trainings against {grid} in the grid, "
        "{saved:.1f} % less; with equal ones trained once, {trainings} are made here",
        cell_trainings=cost.cell_trainings,
        grid=cost.grid,
        saved=saved,
        trainings=cost.trainings,
    )
    return Judgement(Verdict.HOLDS if holds else Verdict.FAILS, reason, 0, None)
