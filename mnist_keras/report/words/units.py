"""How a sentence writes quantities: accuracies in percent, differences in points, p values."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mnist_keras.analysis.settling import Spread
from mnist_keras.metrics import METRICS, TIMES, Metric
from mnist_keras.report.language import format_number, plural, translate
from mnist_keras.statistics.distributions import MOST_SEEDS
from mnist_keras.statistics.resolution import CURVE, SeedRange, visible_difference
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Interval


@dataclass(frozen=True)
class Unit:
    """How a sentence writes a quantity: times `factor`, to so many `decimals`, with its symbol."""

    factor: float = 1.0
    decimals: int = 4
    symbol: str = ""
    difference_symbol: str = ""

    def value(self, value: float) -> str:
        """The quantity itself: "98.14 %"."""
        return self._number(value) + _symbol(self.symbol, value * self.factor)

    def size(self, difference: float) -> str:
        """A difference without its sign: "0.11 points"."""
        return self._number(abs(difference)) + _symbol(
            self.difference_symbol, difference * self.factor
        )

    def signed(self, difference: float) -> str:
        """A difference with its sign: "-0.11 points"."""
        return self._number(difference, "+") + _symbol(
            self.difference_symbol, difference * self.factor
        )

    def interval(self, interval: Interval) -> str:
        """An interval of differences: "-0.03 to +0.25 points"."""
        low, high = (self._number(end, "+") for end in interval)
        symbol = _symbol(self.difference_symbol, interval.high * self.factor)
        return translate("{low} to {high}{symbol}", low=low, high=high, symbol=symbol)

    def sizes(self, interval: Interval) -> str:
        """An interval of something without a sign: "0.22 to 1.45 points"."""
        low, high = (self._number(end) for end in interval)
        symbol = _symbol(self.difference_symbol, interval.high * self.factor)
        return translate("{low} to {high}{symbol}", low=low, high=high, symbol=symbol)

    def _number(self, value: float, sign: str = "-") -> str:
        if math.isinf(value):
            return "∞" if value > 0 else "−∞"
        return format_number(value * self.factor, f"{sign}.{self.decimals}f")


def _symbol(symbol: str, amount: float) -> str:
    """The symbol behind an amount; some languages have a singular for less than two."""
    return plural(amount, symbol, symbol)


PERCENT = Unit(100.0, 2, " %", " points")
POINTS = Unit(100.0, 2, " points", " points")
SECONDS = Unit(1.0, 2, " s", " s")
RATIO = Unit(1.0, 2)


_EPOCHS = Unit(1.0, 1, "", " epochs")

_OTHERWISE = {
    **{METRICS[name]: SECONDS for name in TIMES},
    METRICS["best_epoch"]: _EPOCHS,
    METRICS["epochs_run"]: _EPOCHS,
    METRICS["epochs_to_target"]: _EPOCHS,
}
"""Metrics that sentences write in another way than tables."""


def unit(metric: str) -> Unit:
    """How a sentence writes the metric of this name."""
    return unit_of(METRICS[metric])


def unit_of(metric: Metric) -> Unit:
    """How a sentence writes the metric."""
    if metric.is_share:
        return replace(PERCENT if metric.unit == "%" else POINTS, decimals=metric.decimals)
    symbol = f" {metric.unit}".rstrip()
    return _OTHERWISE.get(metric) or Unit(1.0, metric.decimals, symbol, symbol)


def sizes_of(metric: Metric) -> Unit:
    """How a sentence writes sizes of the metric, such as impacts: accuracies in points."""
    measure = unit_of(metric)
    return replace(measure, symbol=measure.difference_symbol) if metric.is_share else measure


def limited(interval: Interval, metric: Metric) -> Interval:
    """The part of an interval that the quantity can have: no accuracy above 100 %."""
    return interval.clipped(metric.low, metric.high)


def limited_difference(interval: Interval, metric: Metric) -> Interval:
    """The part of an interval that two values of the quantity can differ by."""
    size = metric.largest_difference
    return interval if size is None else interval.clipped(-size, size)


def interval_text(ends: str, rule: Rule) -> str:
    """An interval of this rule in a sentence: "95 % interval 97.9 to 98.2 %"."""
    if rule is Rule.SEQUENTIAL:
        return translate("95 % interval at every look {interval}", interval=ends)
    return translate("95 % interval {interval}", interval=ends)


def seeds(count: int) -> str:
    """Write a number of seeds: "1 seed", "5 seeds"."""
    return plural(count, "{count} seed", "{count} seeds")


def groups(count: int, size: int) -> str:
    """Write a number of groups of so many seeds, or of seeds where each is one by itself."""
    if size == 1:
        return seeds(count)
    return plural(
        count, "{count} group of {size} seeds", "{count} groups of {size} seeds", size=size
    )


def p_text(p: float) -> str:
    """Write a p value: "p = 0.021", "p < 0.001"."""
    return translate("p < 0.001") if p < 0.001 else translate("p = {p:.3f}", p=p)


def seed_range_text(needed: SeedRange | None) -> str:
    """How many seeds would settle it, as a range: "5 to 41 seeds would settle it".

    Of a range that is too wide to plan by, the middle: "about 32 seeds would settle it by today's
    estimate; these seeds cannot say nearer".
    """
    if needed is None:
        return ""
    if needed.low is None:
        return translate("more than {most:,} seeds would be needed to settle it", most=MOST_SEEDS)
    if needed.is_wide and needed.middle is not None:
        return translate(
            "about {seeds} would settle it by today's estimate; these seeds cannot say nearer",
            seeds=seeds(needed.middle),
        )
    if needed.is_wide or needed.high is None:
        return translate(
            "more than {most:,} seeds would settle it by today's estimate; these seeds cannot say "
            "nearer",
            most=MOST_SEEDS,
        )
    if needed.low == needed.high:
        return translate("about {seeds} would settle it", seeds=seeds(needed.high))
    return translate("{low} to {seeds} would settle it", low=needed.low, seeds=seeds(needed.high))


def seed_range_cell(needed: SeedRange) -> str:
    """The same in a table: "5 to 41", "about 32", "more than 1,000"."""
    if needed.is_wide and needed.middle is not None:
        return translate("about {figure}", figure=needed.middle)
    if needed.low is None or needed.high is None:
        return translate("more than {most:,}", most=MOST_SEEDS)
    if needed.low == needed.high:
        return str(needed.high)
    return translate("{low} to {high}", low=needed.low, high=needed.high)


def curve_text(spread: Spread, rule: Rule) -> str:
    """What 3, 5, 10, 20 seeds can see, at a spread of accuracies."""
    seen = []
    for n in CURVE:
        size = visible_difference(spread.sd, n, rule)
        if math.isfinite(size):
            seen.append(translate("{seeds} {size}", seeds=seeds(n), size=POINTS.size(size)))
    what = ", ".join(seen)
    if spread.seeds is not None:
        few, many = spread.seeds
        return translate(
            "At the spread of {finished}, seeds see differences of accuracy of this size four "
            "times in five: {what}.",
            finished=_finished(few, many),
            what=what,
        )
    return translate(
        "At the spread that theory expects, seeds see differences of validation accuracy of this "
        "size four times in five: {what}.",
        what=what,
    )


def _finished(few: int, many: int) -> str:
    if few == many:
        return translate("{count} finished seeds", count=many)
    return translate("{few} to {many} finished seeds", few=few, many=many)
