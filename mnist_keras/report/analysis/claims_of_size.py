"""Claims about how much: ratios, equal costs, and what grows with a factor's value."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.report.analysis.cells import half_last_digit
from mnist_keras.report.analysis.evidence import Evidence, NotJudged, Side, paired_alike
from mnist_keras.report.analysis.scales import criteria
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.naming import metric_name
from mnist_keras.report.statistics.comparisons import Comparison, compare_paired
from mnist_keras.report.statistics.orders import judge_all_better
from mnist_keras.report.statistics.reproduction import RatioJudgement
from mnist_keras.report.statistics.reproduction import judge_ratio as judge_ratio_of_times
from mnist_keras.report.statistics.summaries import Judgement, Verdict
from mnist_keras.study.claims import Equal, Monotone, Ratio

PROPORTIONAL = 0.1
"""How far the ratio of two figures may be from that of their values to be in proportion."""

_AS_CLAIM = {
    Verdict.REPRODUCED: Verdict.HOLDS,
    Verdict.DIFFERS: Verdict.FAILS,
    Verdict.INCONCLUSIVE: Verdict.UNDECIDED,
}


def judge_ratio_claim(claim: Ratio, evidence: Evidence) -> Judgement:
    """One figure is a published multiple of another."""
    sides = [evidence.side(claim.numerator), evidence.side(claim.denominator)]
    if claim.metric == "parameters":
        return _exact_ratio(claim, sides)
    return _ratio(claim.metric, claim.published, sides[0], sides[1])


def _exact_ratio(claim: Ratio, sides: Sequence[Side]) -> Judgement:
    """Counts have no noise: the ratio is held against the digits that were published."""
    values = paired_alike(sides, claim.metric)
    above, below = (float(values[side.name][0]) for side in sides)
    ratio = above / below
    agrees = abs(ratio - claim.published) <= half_last_digit(claim.published)
    verdict = Verdict.REPRODUCED if agrees else Verdict.DIFFERS
    reason = translate(
        "published {published:g} times; counted {above:,.0f} / {below:,.0f} = {ratio:.2f}",
        published=claim.published,
        above=above,
        below=below,
        ratio=ratio,
    )
    return Judgement(verdict, reason, len(values[sides[0].name]), None)


def _ratio(
    metric: str, published: float, above: Side, below: Side, tolerance: float = 0.25
) -> RatioJudgement:
    values = paired_alike([above, below], metric)
    if min(values[above.name].min(), values[below.name].min()) <= 0:
        raise NotJudged(
            translate("{label} is 0 in a run, so there is no ratio", label=metric_name(metric))
        )
    return judge_ratio_of_times(published, values[above.name], values[below.name], tolerance)


def judge_equal(claim: Equal, evidence: Evidence) -> Judgement:
    """Two configurations cost the same in every metric that this machine can tell."""
    a, b = evidence.side(claim.a), evidence.side(claim.b)
    judged: dict[str, RatioJudgement] = {}
    left_out: list[str] = []
    for metric in claim.metrics:
        try:
            judged[metric_name(metric)] = _ratio(metric, 1.0, a, b, claim.tolerance)
        except NotJudged as reason:
            left_out.append(str(reason))
    if not judged:
        raise NotJudged(translate("; ").join(left_out))
    return _all_ratios(
        judged,
        translate("{above} over {below}", above=a.name, below=b.name),
        claim.tolerance,
        left_out,
    )


def judge_monotone(claim: Monotone, evidence: Evidence) -> Judgement:
    """A figure grows or falls with the values of a factor, perhaps in proportion to them."""
    steps = [step for study in claim.studies or (None,) for step in _steps(claim, study, evidence)]
    if claim.proportional:
        return _proportional(claim, steps)
    return judge_all_better([_step_comparison(claim, *step) for step in steps])


def _steps(
    claim: Monotone, study: str | None, evidence: Evidence
) -> list[tuple[Side, Side, float]]:
    """Neighbouring values, the greater one first, and the ratio of the two."""
    factor = evidence.factor(study, claim.factor)
    values = sorted(factor.values or factor.wide)
    if claim.since is not None:
        values = [value for value in values if value >= claim.since]
    sides = evidence.sides(study, claim.factor, values)
    return [
        (sides[i + 1], sides[i], values[i + 1] / values[i] if claim.proportional else 1.0)
        for i in range(len(values) - 1)
    ]


def _step_comparison(claim: Monotone, upper: Side, lower: Side, _: float) -> Comparison:
    first, second = (upper, lower) if claim.direction == "grows" else (lower, upper)
    values = paired_alike([first, second], claim.metric)
    limits = criteria(claim.metric, [first.measured, second.measured])
    names = first.name, second.name
    return compare_paired(values[first.name], values[second.name], limits, names)


def _proportional(claim: Monotone, steps: Sequence[tuple[Side, Side, float]]) -> Judgement:
    judged = {
        translate("{above} over {below}", above=upper.name, below=lower.name): _ratio(
            claim.metric, ratio, upper, lower, tolerance=PROPORTIONAL
        )
        for upper, lower, ratio in steps
    }
    return _all_ratios(judged, metric_name(claim.metric), PROPORTIONAL, [])


def _all_ratios(
    judged: dict[str, RatioJudgement], what: str, tolerance: float, left_out: Sequence[str]
) -> Judgement:
    """Holds if every ratio is the stated one, fails if one is not."""
    verdicts = [_AS_CLAIM[one.verdict] for one in judged.values()]
    verdict = next((v for v in (Verdict.FAILS, Verdict.UNDECIDED) if v in verdicts), Verdict.HOLDS)
    ratios = ", ".join(f"{name} {_ratio_text(one)}" for name, one in judged.items())
    reason = translate(
        "{what}, with {tolerance:.0f} % allowed: {ratios}",
        what=what,
        tolerance=100 * tolerance,
        ratios=ratios,
    )
    if left_out:
        reason += translate("; left out: {left_out}", left_out=translate("; ").join(left_out))
    needed = [one.seeds_needed for one in judged.values() if one.verdict is Verdict.INCONCLUSIVE]
    known = verdict is Verdict.UNDECIDED and None not in needed
    most = max((n for n in needed if n is not None), default=None) if known else None
    return Judgement(verdict, reason, min(one.n for one in judged.values()), most)


def _ratio_text(one: RatioJudgement) -> str:
    text = format_number(one.ratio, ".2f")
    if one.published != 1:
        text += translate(" (stated {published:g})", published=one.published)
    if one.interval is not None:
        text += translate(
            " [{low:.2f} to {high:.2f}]", low=one.interval.low, high=one.interval.high
        )
    return text
