"""The numbers behind a claim's verdict, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from mnist_keras.claims.base import (
    BestOfJudged,
    BoundJudged,
    CostJudged,
    CountsJudged,
    ImpactOrderJudged,
    Judged,
    OrderJudged,
    RatiosJudged,
    Replay,
    StatementJudged,
    TrendJudged,
)
from mnist_keras.claims.evidence import group_size
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.metrics import METRICS, Metric
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.words.naming import factor_name, label_name
from mnist_keras.report.words.units import (
    RATIO,
    Unit,
    groups,
    interval_text,
    limited,
    limited_difference,
    p_text,
    seed_range_text,
    seeds,
    sizes_of,
    unit_of,
)
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.statistics.differences import Difference
from mnist_keras.statistics.distributions import ALPHA
from mnist_keras.statistics.impacts import ImpactDifference
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.stated import Statement
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.subjects import Label


def claim_reason(outcome: ClaimOutcome) -> str:
    """Why a claim has its verdict, or none; what would settle it where it is open."""
    judged = outcome.judged
    if judged is None:
        return why_not_text(outcome.why_not)
    reason = _reason(judged)
    size = group_size(judged.sides)
    if size > 1:
        reason += translate(
            "; in each group of {size} seeds a single network counts with the mean of its seeds",
            size=size,
        )
    if judged.metric is not None and not isinstance(judged, CountsJudged):
        reason = translate("{label}: {reason}", label=translate(judged.metric.label), reason=reason)
    settle = seed_range_text(judged.needed and judged.needed.times(size))
    return reason + (translate("; ") + settle if settle else "")


def replay_text(replay: Replay | None, metric: Metric | None) -> str:
    """Whether the source could have known; empty where that cannot be told."""
    if replay is None:
        return ""
    if replay.share is not None:
        return translate(
            "one run a value, as the source had, says this in {share:.0f} % of replays of our "
            "{seeds}",
            share=100 * replay.share,
            seeds=seeds(replay.n),
        )
    assert replay.low is not None
    assert replay.high is not None
    measure = RATIO if replay.ratio else sizes_of(metric or METRICS["gap"])
    return translate(
        "one run a value, as the source had, gives {ends} in 95 % of replays of our {seeds}",
        ends=measure.sizes(Interval(replay.low, replay.high)),
        seeds=seeds(replay.n),
    )


def _reason(judged: Judged) -> str:
    match judged:
        case OrderJudged():
            return _order(judged)
        case TrendJudged():
            return _trend(judged)
        case ImpactOrderJudged():
            return _impact_order(judged)
        case StatementJudged():
            return _statement(judged)
        case BoundJudged():
            return _bound(judged)
        case BestOfJudged():
            return _best_of(judged)
        case RatiosJudged():
            return _ratios(judged)
        case CountsJudged():
            return translate(
                "published {published:g} times; counted {above:,.0f} / {below:,.0f} = {ratio:.2f}",
                published=judged.published,
                above=judged.above,
                below=judged.below,
                ratio=judged.above / judged.below,
            )
        case CostJudged():
            return translate(
                "counted: {cell_trainings} trainings against {grid} in the grid, "
                "{saved:.1f} % less; with equal ones trained once, {trainings} are made here",
                cell_trainings=judged.cell_trainings,
                grid=judged.grid,
                saved=judged.saved_percent,
                trainings=judged.trainings,
            )
    raise TypeError(f"no words for {type(judged).__name__}")


def _metric(judged: Judged) -> Metric:
    assert judged.metric is not None, "only costs, and several ratios, are not of one metric"
    return judged.metric


def _order(judged: OrderJudged) -> str:
    metric, order = _metric(judged), judged.order
    measure = unit_of(metric)
    first, second = (label_name(label) for label in judged.pairs[order.decisive])
    better = metric.better != "lower"
    decisive, size = order.differences[order.decisive], group_size(judged.sides)
    text = difference_text(decisive, (first, second), measure, better, size)
    if len(order.differences) > 1:
        told = decisive.p is not None and decisive.p <= ALPHA
        text += _decides(len(judged.pairs), told and judged.verdict is Verdict.OPEN)
    if judged.best is not None:
        text += translate("; {best} has the best mean", best=label_name(judged.best))
    if judged.published is not None:
        text += translate("; published: {size}", size=measure.signed(judged.published))
    return text


def _decides(count: int, only_alone: bool) -> str:
    """That one of several comparisons decides; or that it would if it had been the only one."""
    if only_alone:
        return translate(
            " (this one of {count} comparisons decides, and adjusted for their number it says "
            "nothing yet)",
            count=count,
        )
    return translate(" (this one of {count} comparisons decides)", count=count)


def difference_text(
    difference: Difference,
    names: tuple[str, str],
    measure: Unit,
    better_is_more: bool = True,
    size: int = 1,
) -> str:
    """A difference over seeds in a sentence, with its interval and p.

    `better_is_more` says whether a difference above 0 means that the first value is larger; `size`
    how many seeds make one pair.
    """
    mean = difference.mean if better_is_more else -difference.mean
    values = {
        "seeds": groups(difference.n, size),
        "first": names[0],
        "second": names[1],
        "size": measure.size(mean),
    }
    if abs(mean) < 1e-12:
        text = translate("over {seeds} {first} equals {second}", **values)
    elif mean > 0:
        text = translate("over {seeds} {first} is {size} above {second}", **values)
    else:
        text = translate("over {seeds} {first} is {size} below {second}", **values)
    return text + _support(difference, measure, better_is_more)


def _support(difference: Difference, measure: Unit, better_is_more: bool) -> str:
    if difference.sd is None:
        return translate("; one alone shows no spread")
    if difference.interval is None:
        return translate(" in every one of them, which leaves no spread to judge by")
    ends = difference.interval
    if not better_is_more:
        ends = Interval(-ends.high, -ends.low)
    p = p_text(difference.p or 0.0)
    if not math.isfinite(ends.low):
        return translate(" (too few seeds for a verdict while more are added)")
    return f" ({interval_text(measure.interval(ends), difference.rule)}, {p})"


def _trend(judged: TrendJudged) -> str:
    measure = unit_of(_metric(judged))
    margin = judged.order.differences[0].margin
    parts = []
    for (last, first), end in zip(judged.end_pairs, judged.ends, strict=True):
        names = label_name(last), label_name(first)
        parts.append(difference_text(end, names, measure, judged.grows))
    text = translate("; ").join(parts)
    step = judged.order.differences[judged.order.decisive]
    upper, lower = (label_name(label) for label in judged.pairs[judged.order.decisive])
    if judged.verdict is Verdict.HOLDS:
        return text + translate(
            "; no step goes back by more than {margin}", margin=measure.size(margin)
        )
    told = difference_text(step, (upper, lower), measure, judged.grows)
    return text + translate("; the least certain step: {step}", step=told)


def _impact_order(judged: ImpactOrderJudged) -> str:
    measure = unit_of(_metric(judged))
    step = judged.steps[judged.decisive]
    text = _impact_step(step, judged.pairs[judged.decisive], measure)
    if len(judged.steps) > 1:
        told = step.interval.excludes_zero()
        text += _decides(len(judged.steps), told and judged.verdict is Verdict.OPEN)
    text += translate("; impacts here: {impacts}", impacts=_impacts(judged.impacts, measure))
    if judged.published is not None:
        more, less = (measure.size(one) for one in judged.published)
        text += translate("; published: {more} and {less}", more=more, less=less)
    return text


def _impact_step(step: ImpactDifference, pair: tuple[Label, Label], measure: Unit) -> str:
    first, second = (factor_name(label) for label in pair)
    values = {
        "seeds": seeds(step.n),
        "first": translate("the impact of {factor}", factor=first),
        "second": translate("that of {factor}", factor=second),
        "size": measure.size(step.difference),
    }
    if step.difference > 0:
        text = translate("over {seeds} {first} is {size} above {second}", **values)
    else:
        text = translate("over {seeds} {first} is {size} below {second}", **values)
    if not math.isfinite(step.interval.half):
        return text + translate(" (too few seeds for an interval)")
    return f"{text} ({interval_text(measure.interval(step.interval), step.rule)})"


def _impacts(impacts: Sequence[tuple[Label, float]], measure: Unit) -> str:
    falling = sorted(impacts, key=lambda one: -one[1])
    return ", ".join(f"{factor_name(label)} {measure.size(size)}" for label, size in falling)


def _statement(judged: StatementJudged) -> str:
    statement, metric = judged.statement, _metric(judged)
    measure = sizes_of(metric)
    text = translate(
        "published {published}; over {seeds} {value}",
        published=measure.value(statement.stated),
        seeds=groups(statement.n, group_size(judged.sides)),
        value=measure.value(statement.value),
    )
    if statement.interval is None:
        return text + translate("; one alone shows no spread")
    if not math.isfinite(statement.interval.half):
        return text + translate(" (too few seeds for an interval)")
    limit = limited if judged.impact is None else limited_difference
    return text + translate(
        " ({interval}), with {margin} allowed",
        interval=interval_text(measure.sizes(limit(statement.interval, metric)), statement.rule),
        margin=measure.size(statement.margin),
    )


def _bound(judged: BoundJudged) -> str:
    metric, difference = _metric(judged), judged.difference
    measure = unit_of(metric)
    sign = 1.0 if judged.lowest else -1.0
    values = {
        "bound": measure.value(judged.bound),
        "seeds": groups(difference.n, group_size(judged.sides)),
        "value": measure.value(judged.bound + sign * difference.mean),
    }
    if judged.lowest:
        text = translate("stated: at least {bound}; over {seeds} {value}", **values)
    else:
        text = translate("stated: at most {bound}; over {seeds} {value}", **values)
    if difference.sd is None:
        return text + translate("; one alone shows no spread")
    ends = difference.limits()
    if not math.isfinite(ends.half):
        return text + translate(" (too few seeds for an interval)")
    if not judged.lowest:
        ends = Interval(-ends.high, -ends.low)
    # Both ends are figures, not differences.
    of_figures = replace(measure, difference_symbol=measure.symbol)
    ends_text = of_figures.sizes(limited(ends.shifted(judged.bound), metric))
    return f"{text} ({interval_text(ends_text, difference.rule)})"


def _best_of(judged: BestOfJudged) -> str:
    found, metric = judged.found, _metric(judged)
    measure = sizes_of(metric)
    text = translate(
        "over all {sets} sets of {runs} of {seeds}, the best by {picked_by} has {gain} more than "
        "their mean",
        sets=found.sets,
        runs=found.runs,
        seeds=seeds(found.n),
        picked_by=translate(judged.picked_by.label),
        gain=measure.signed(found.gain),
    )
    if found.interval is None or not math.isfinite(found.interval.half):
        text += translate(" (too few seeds for an interval)")
    else:
        text += translate(
            " ({interval}), with {margin} allowed",
            interval=interval_text(measure.interval(found.interval), found.rule),
            margin=measure.size(found.margin),
        )
    return text + translate(
        "; {picked_by}, by which it was picked, has {seen} more",
        picked_by=translate(judged.picked_by.label),
        seen=sizes_of(judged.picked_by).signed(found.seen),
    )


def _ratios(judged: RatiosJudged) -> str:
    same_pair = len({(above, below) for _, above, below, _ in judged.ratios}) == 1
    parts = []
    for metric, above, below, statement in judged.ratios:
        over = translate("{above} over {below}", above=label_name(above), below=label_name(below))
        name = translate(metric.label) if same_pair and judged.metric is None else over
        parts.append(f"{name} {_ratio(statement)}")
    text = ", ".join(parts)
    if same_pair and judged.metric is None:
        _, above, below, _ = judged.ratios[0]
        over = translate("{above} over {below}", above=label_name(above), below=label_name(below))
        text = translate("{what}: {ratios}", what=over, ratios=text)
    statement = judged.ratios[0][3]
    if any(_has_interval(one) for *_, one in judged.ratios):
        text += (
            translate("; in brackets the 95 % interval at every look")
            if statement.rule is Rule.SEQUENTIAL
            else translate("; in brackets the 95 % interval")
        )
    text += translate("; {tolerance:.3g} % are allowed", tolerance=100 * statement.margin)
    if judged.left_out:
        reasons = translate("; ").join(why_not_text(one) for one in judged.left_out)
        text += translate("; left out: {left_out}", left_out=reasons)
    return text


def _ratio(statement: Statement) -> str:
    text = format_number(statement.value, ".2f")
    if _has_interval(statement):
        assert statement.interval is not None
        low, high = statement.interval
        text += translate(" [{low:.2f} to {high:.2f}]", low=low, high=high)
    if statement.stated != 1:
        text += translate(" (stated {published:.3g})", published=statement.stated)
    return text


def _has_interval(statement: Statement) -> bool:
    return statement.interval is not None and math.isfinite(statement.interval.half)
