"""Claims about factors: their best values, their impacts, and the order of these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from mnist_keras.report.analysis.evidence import Evidence, NotJudged, Side, common_seeds, paired
from mnist_keras.report.analysis.scales import criteria, is_accuracy, run_noise, tolerance, unit
from mnist_keras.report.language import translate
from mnist_keras.report.statistics.comparisons import Comparison
from mnist_keras.report.statistics.impact import ImpactJudgement, impact_by_seed, judge_impact
from mnist_keras.report.statistics.orders import judge_all_better
from mnist_keras.report.statistics.ranking import BestValueJudgement, best_value, compare_impacts
from mnist_keras.report.statistics.reproduction import judge_published
from mnist_keras.report.statistics.summaries import Judgement, Noise, Unit, Verdict
from mnist_keras.study.claims import BestValue, Constancy, Impact, Ranking, Sensitivity
from mnist_keras.study.metrics import METRICS, to_record_unit

Levels = dict[str, NDArray[np.float64]]


def judge_best_value(claim: BestValue, evidence: Evidence) -> Judgement:
    """A value is the best one of its factor."""
    judgement = _best_value(evidence, None, claim.factor, claim.value, claim.metric)
    if judgement.best == judgement.claimed:
        return judgement
    return replace(
        judgement,
        reason=translate(
            "{reason}; {best} has the best mean", reason=judgement.reason, best=judgement.best
        ),
    )


def judge_constancy(claim: Constancy, evidence: Evidence) -> Judgement:
    """A value is the best one of its factor in each of several studies."""
    comparisons: list[Comparison] = []
    for study in claim.studies:
        judged = _best_value(evidence, study, claim.factor, claim.value, claim.metric)
        comparisons += judged.comparisons
    return judge_all_better(comparisons)


def _best_value(
    evidence: Evidence, study: str | None, field: str, value: object, metric: str
) -> BestValueJudgement:
    sides = evidence.levels(study, field, all_tried=True)
    claimed = evidence.sides(study, field, (value,))[0].name
    levels = _greater_is_better(paired(sides, metric), metric)
    return best_value(levels, claimed, criteria(metric, [side.measured for side in sides]))


def _greater_is_better(levels: Levels, metric: str) -> Levels:
    sign = -1.0 if METRICS[metric].better == "lower" else 1.0
    return {name: sign * values for name, values in levels.items()}


def judge_ranking(claim: Ranking, evidence: Evidence) -> Judgement:
    """The impacts fall in the claimed order, its first the largest and its last the smallest."""
    comparisons: list[Comparison] = []
    impacts: list[str] = []
    for study in claim.studies or (None,):
        comparisons += _ranking_steps(claim, study, evidence)
        impacts.append(_impacts_text(evidence, study, claim.metric))
    judgement = judge_all_better(comparisons)
    return replace(
        judgement,
        reason=translate(
            "{reason}; impacts here: {impacts}",
            reason=judgement.reason,
            impacts=translate("; ").join(impacts),
        ),
    )


def _impacts_text(evidence: Evidence, study: str | None, metric: str) -> str:
    """The impacts of a study's factors, largest first: "shallow: learning rate 1.56 points"."""
    factors = [factor for factor in evidence.of(study).study.factors if factor.values]
    sizes = {factor.label: _impact(evidence, study, factor.field, metric) for factor in factors}
    largest_first = sorted(sizes.items(), key=lambda item: -item[1])
    texts = [f"{translate(label)} {unit(metric).size(size)}" for label, size in largest_first]
    return ("" if study is None else translate("{study}: ", study=study)) + ", ".join(texts)


def _impact(evidence: Evidence, study: str | None, field: str, metric: str) -> float:
    means = [values.mean() for values in paired(evidence.levels(study, field), metric).values()]
    return float(np.ptp(means))


def _ranking_steps(claim: Ranking, study: str | None, evidence: Evidence) -> list[Comparison]:
    first, last = claim.factors[0], claim.factors[-1]
    factors = [factor.field for factor in evidence.of(study).study.factors if factor.values]
    unnamed = [field for field in factors if field not in claim.factors]
    steps = [*pairwise(claim.factors)] if not unnamed or len(claim.factors) > 2 else []
    for field in unnamed:
        steps += [(first, field), (field, last)]
    return [
        _compare_impacts(evidence, (study, above), (study, below), claim.metric)
        for above, below in steps
    ]


def judge_sensitivity(claim: Sensitivity, evidence: Evidence) -> Judgement:
    """A factor has a larger impact in one study than in another."""
    more, less = (claim.more, claim.factor), (claim.less, claim.factor)
    judgement = judge_all_better([_compare_impacts(evidence, more, less, claim.metric)])
    impacts = [_impact(evidence, *side, claim.metric) for side in (more, less)]
    sizes = [unit(claim.metric).size(impact) for impact in impacts]
    reason = translate(
        "{reason}; impacts here: {more} and {less}, published: {published_more:.2f} and "
        "{published_less:.2f} points",
        reason=judgement.reason,
        more=sizes[0],
        less=sizes[1],
        published_more=claim.published_more,
        published_less=claim.published_less,
    )
    return replace(judgement, reason=reason)


def _compare_impacts(
    evidence: Evidence,
    larger: tuple[str | None, str],
    smaller: tuple[str | None, str],
    metric: str,
) -> Comparison:
    above, below = (evidence.levels(study, field) for study, field in (larger, smaller))
    values = paired(_without_repeats([*above, *below]), metric)
    names = [_factor_name(evidence, study, field) for study, field in (larger, smaller)]
    return compare_impacts(
        {side.name: values[side.name] for side in above},
        {side.name: values[side.name] for side in below},
        criteria(metric, [side.measured for side in [*above, *below]]),
        (names[0], names[1]),
    )


def _without_repeats(sides: Sequence[Side]) -> list[Side]:
    return list({side.name: side for side in sides}.values())


def _factor_name(evidence: Evidence, study: str | None, field: str) -> str:
    label = translate(evidence.factor(study, field).label)
    return (
        label if study is None else translate("{label} in study {study}", label=label, study=study)
    )


def judge_impact_claim(claim: Impact, evidence: Evidence) -> Judgement:
    """The impact of a factor is a published figure, which one run a level has given.

    An impact that chance alone may give is `NO_EFFECT` (or `UNDECIDED`, if the seeds are too few to
    show an impact of the published size), whatever figure was published. One that is beyond chance
    is held against the impacts that single seeds show.
    """
    sides = evidence.levels(None, claim.factor)
    levels = paired(sides, claim.metric)
    published = to_record_unit(claim.metric, claim.published)
    against_chance = factor_impact(sides, claim.metric, stated=published)
    if against_chance.verdict is not Verdict.HOLDS:
        size = unit(claim.metric).size(published)
        return replace(
            against_chance,
            reason=translate("published {size}; {reason}", size=size, reason=against_chance.reason),
        )
    by_seed = impact_by_seed(levels)
    judgement = judge_published(
        published,
        by_seed,
        tolerance=min(tolerance(claim.metric, published), published / 2),
        run_sd=_impact_sd(against_chance.noise),
        unit=_differences(claim.metric),
    )
    limit = unit(claim.metric).size(against_chance.chance_range or 0.0)
    reason = translate(
        "{reason}; chance alone may give equal levels {limit}", reason=judgement.reason, limit=limit
    )
    return replace(judgement, reason=reason)


def _impact_sd(noise: Noise | None) -> float | None:
    """The noise of the difference of two levels, each a single run."""
    return None if noise is None else float(noise.sd * np.sqrt(2))


def _differences(metric: str) -> Unit:
    own = unit(metric)
    return replace(own, symbol=own.difference_symbol)


def factor_impact(
    sides: Sequence[Side], metric: str, stated: float | None = None
) -> ImpactJudgement:
    """The impact of a factor over the seeds that all of its levels have.

    With one seed the noise is the one expected beforehand; the reason says so.

    Raises:
        NotJudged: there is one level only, or the levels have no seed in common.
    """
    if len(sides) < 2:
        raise NotJudged(translate("a factor with one value has no impact"))
    levels = paired(sides, metric)
    if len(common_seeds(side.measured for side in sides)) > 1 or not is_accuracy(metric):
        return judge_impact(levels, stated=stated, unit=unit(metric))
    values = np.concatenate(list(levels.values()))
    noise = run_noise(metric, values, sides[0].measured.config)
    judgement = judge_impact(levels, noise, stated, unit(metric))
    if noise is None:
        return judgement
    note = translate("with the spread expected beforehand, since one seed shows none")
    return replace(judgement, reason=f"{judgement.reason} ({note})")
