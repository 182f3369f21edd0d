"""Does a published figure, one run of somebody else's, come out again?"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mnist_keras.report.language import translate
from mnist_keras.report.statistics.distributions import (
    ALPHA,
    SAME,
    Array,
    fewest,
    normal_quantile,
    t_quantile,
)
from mnist_keras.report.statistics.summaries import (
    PERCENT,
    Interval,
    Judgement,
    Summary,
    Unit,
    Verdict,
    as_values,
    seeds,
    summarize,
)

TOLERANCE = 0.005
"""The widest half-width, as a fraction (0.50 points), at which "inside" means "reproduced"."""

ROUNDING = 0.00005
"""Half the last printed digit of a percentage with two decimals, as a fraction."""

FORMULA = (
    "A published figure is one run, so it is held against the interval in which one more run "
    "would fall with 95 % probability: mean ± t(n-1; 0.975) × s × sqrt(1 + 1/n), with n seeds and "
    "their standard deviation s (the prediction interval for a single future observation; Hahn "
    "and Meeker, Statistical Intervals, Wiley 1991; Meeker, Hahn and Escobar, 2nd edition 2017, "
    "chapter 4). The interval is widened by half the last printed digit of the figure. Outside "
    "it: differs. Inside it: reproduced, if the half-width is at most the stated tolerance "
    "(0.50 percentage points for an accuracy), else inconclusive, since almost any figure would "
    "lie inside. One seed has no spread: inconclusive. The seeds that would be enough are the "
    "smallest n that brings the half-width to the tolerance. Each verdict can err by chance: of "
    "20 figures that do come out again, about one is expected outside."
)
"""How `judge_published` decides, in words to be printed beside its verdicts."""


@dataclass(frozen=True)
class PublishedJudgement(Judgement):
    """A published figure beside our mean and the interval it was held against (None: no spread)."""

    published: float
    mean: float
    interval: Interval | None


def prediction_interval(mean: float, sd: float, n: int) -> Interval:
    """Where one more run falls with 95 % probability, after `n` >= 2 with this mean and sd."""
    half = _prediction_half_width(sd, n)
    return Interval(mean - half, mean + half)


def _prediction_half_width(sd: float, n: int) -> float:
    return t_quantile(1 - ALPHA / 2, n - 1) * sd * math.sqrt(1 + 1 / n)


def judge_published(
    published: float,
    values: ArrayLike,
    *,
    rounding: float = ROUNDING,
    tolerance: float = TOLERANCE,
    run_sd: float | None = None,
    unit: Unit = PERCENT,
    printed: str = "",
) -> PublishedJudgement:
    """Hold one published figure against our `values`, shape [seeds], as `FORMULA` says.

    `rounding` is half the last printed digit (of a printed range: give its middle, and add half
    its width) and `tolerance` the half-width at which "inside" still means something, both in the
    unit of the figure (fractions for accuracies). `run_sd` is
    a standard deviation known from elsewhere, e.g. `seed_noise(...).sd`. It stands in where the
    seeds show none: to say how many would be enough after one, and for the interval itself if all
    agree exactly. `printed` is how the reason writes the figure, if not by `unit`. Raises
    `ValueError` for no values or one that is not finite.
    """
    summary = summarize(values)
    n, mean = summary.n, summary.mean
    sd = summary.sd if summary.sd is not None and summary.sd > SAME else run_sd
    if n == 1 or sd is None:
        return _without_spread(published, summary, sd, tolerance, unit, printed)
    interval = prediction_interval(mean, sd, n)
    half = (interval.high - interval.low) / 2
    verdict = _published_verdict(abs(published - mean) <= half + rounding, half <= tolerance)
    needed = _enough_seeds(sd, tolerance) if verdict is Verdict.INCONCLUSIVE else None
    reason = translate(
        "published {published}; {seeds} give {mean}, and one more run would fall within "
        "{size} of that",
        published=printed or unit.value(published),
        seeds=seeds(n),
        mean=unit.value(mean),
        size=unit.size(half),
    )
    if sd != summary.sd:
        reason += translate(
            " (the seeds agree exactly, so the spread is the one expected beforehand)"
        )
    if verdict is Verdict.INCONCLUSIVE:
        reason += translate(
            ", wider than the tolerance of {size}; {enough_text}",
            size=unit.size(tolerance),
            enough_text=_enough_text(needed),
        )
    return PublishedJudgement(verdict, reason, n, needed, published, mean, interval)


def _published_verdict(inside: bool, narrow: bool) -> Verdict:
    if not inside:
        return Verdict.DIFFERS
    return Verdict.REPRODUCED if narrow else Verdict.INCONCLUSIVE


def _without_spread(
    published: float,
    summary: Summary,
    sd: float | None,
    tolerance: float,
    unit: Unit,
    printed: str,
) -> PublishedJudgement:
    needed = _enough_seeds(sd, tolerance) if summary.n == 1 else None
    n, mean = summary.n, summary.mean
    who = translate("one seed gives") if n == 1 else translate("{seeds} all give", seeds=seeds(n))
    reason = translate(
        "published {published}; {who} {mean}, which shows no spread to judge by",
        published=printed or unit.value(published),
        who=who,
        mean=unit.value(mean),
    )
    if n == 1:
        enough = (
            translate("at least 2 seeds are needed to see any")
            if sd is None
            else _enough_text(needed)
        )
        reason += translate("; ") + enough
    return PublishedJudgement(Verdict.INCONCLUSIVE, reason, n, needed, published, mean, None)


def _enough_seeds(sd: float | None, tolerance: float) -> int | None:
    """The fewest seeds whose prediction interval is within the tolerance; 2 if sd is unknown."""
    if sd is None:
        return 2
    if normal_quantile(1 - ALPHA / 2) * sd >= tolerance:
        return None
    return fewest(lambda n: _prediction_half_width(sd, n) <= tolerance)


def _enough_text(needed: int | None) -> str:
    if needed is None:
        return translate("the runs vary too much for any number of seeds to be enough")
    return translate("about {seeds} would be enough", seeds=seeds(needed))


@dataclass(frozen=True)
class RatioJudgement(Judgement):
    """A published ratio of times beside ours: the geometric mean over the seeds, its interval."""

    published: float
    ratio: float
    interval: Interval | None


def judge_ratio(
    published_ratio: float,
    numerator_times: ArrayLike,
    denominator_times: ArrayLike,
    relative_tolerance: float = 0.25,
) -> RatioJudgement:
    """Hold a published ratio of two times against ours, one pair a seed, both shape [seeds].

    Ratios are compared as logarithms, so that a ratio and its inverse get the same verdict. Ours
    has a 95 % t interval over the seeds. It is reproduced if the whole interval lies between
    published / (1 + tolerance) and published x (1 + tolerance), differs if the whole interval lies
    outside, and is inconclusive if it crosses an end. The seeds that would be enough are those
    whose interval no longer reaches the nearer end. Raises `ValueError` for times or a ratio that
    are not positive, and for times that are not in pairs.
    """
    logs = _log_ratios(numerator_times, denominator_times)
    if published_ratio <= 0 or relative_tolerance <= 0:
        raise ValueError("expected a positive published ratio and a positive tolerance")
    summary = summarize(logs)
    n, ratio = summary.n, math.exp(summary.mean)
    text = translate(
        "published {published_ratio:.2f} times; {seeds}: {ratio:.2f} times",
        published_ratio=published_ratio,
        seeds=seeds(n),
        ratio=ratio,
    )
    if summary.interval is None or summary.sd is None:
        reason = translate(
            "{said}, one pair of runs shows no spread to judge by; at least 2 seeds are needed",
            said=text,
        )
        return RatioJudgement(Verdict.INCONCLUSIVE, reason, n, 2, published_ratio, ratio, None)
    interval = Interval(math.exp(summary.interval.low), math.exp(summary.interval.high))
    reach = math.log(1 + relative_tolerance)
    distance = abs(summary.mean - math.log(published_ratio))
    verdict = _ratio_verdict(distance, (summary.interval.high - summary.interval.low) / 2, reach)
    needed = None
    reason = translate(
        "{said} (95 % interval {low:.2f} to {high:.2f}), with {relative_tolerance:.0%} allowed",
        said=text,
        low=interval.low,
        high=interval.high,
        relative_tolerance=relative_tolerance,
    )
    if verdict is Verdict.INCONCLUSIVE:
        needed = _seeds_for_mean(summary.sd, abs(reach - distance))
        reason += translate("; ") + _enough_text(needed)
    return RatioJudgement(verdict, reason, n, needed, published_ratio, ratio, interval)


def _log_ratios(numerator_times: ArrayLike, denominator_times: ArrayLike) -> Array:
    numerator = as_values(numerator_times, "numerator times")
    denominator = as_values(denominator_times, "denominator times")
    if numerator.shape != denominator.shape:
        raise ValueError(f"expected pairs, got {numerator.size} and {denominator.size} times")
    if numerator.min() <= 0 or denominator.min() <= 0:
        raise ValueError("expected times above 0 s")
    return np.log(numerator / denominator)


def _ratio_verdict(distance: float, half: float, reach: float) -> Verdict:
    if distance + half <= reach:
        return Verdict.REPRODUCED
    return Verdict.DIFFERS if distance - half >= reach else Verdict.INCONCLUSIVE


def _seeds_for_mean(sd: float, half: float) -> int | None:
    """The fewest seeds whose t interval of the mean is at most `half` to either side."""
    return fewest(lambda n: t_quantile(1 - ALPHA / 2, n - 1) * sd / math.sqrt(n) <= half)
