"""What `mnist-keras judge` prints: what a table was taken for, and what its runs show."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator

from mnist_keras.report.console import print_lines, print_rows
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Interval, Verdict
from mnist_keras.tables.cells import in_order, value_text
from mnist_keras.tables.metric_names import RELATIVE_MARGIN
from mnist_keras.tables.run_table import Metric, RunTable, Setting
from mnist_keras.tables.verdicts import Factor, Pair, TableOutcome

MOST_NAMES = 12
"""So many names stand in one line; --json has all."""

MOST_PAIRS = 60
"""So many pairs are printed as a table; --json has all."""

MOST_DECIMALS = 8

LEGEND = (
    "different: more than luck, with all pairs of a setting taken together (5 % error)",
    "same within the margin: the whole 95 % interval lies within it",
    "cannot tell: these seeds do not settle it; that is no finding of equality",
    "all of it speaks of more seeds on the same data; what other data would show is not asked",
)


def print_taken(table: RunTable) -> None:
    """Say what was taken for what, before it is judged."""
    print_lines(f"Taken from {table.path.name}", list(_taken_lines(table)))


def print_judged(outcome: TableOutcome) -> None:
    """Print what matters, how it was compared, and every pair."""
    if outcome.factors:
        print_rows([_factor_row(one) for one in outcome.factors], title="\nDoes a setting matter?")
    lines = list(dict.fromkeys(_comparison_lines(outcome)))
    if lines:
        print_lines("How it was compared", lines)
    pairs = [(factor, pair) for factor in outcome.factors for pair in factor.pairs]
    if pairs:
        shown = pairs[:MOST_PAIRS]
        title = "\nPairs" + (
            f" (the first {MOST_PAIRS} of {len(pairs)}; --json has all)" if shown != pairs else ""
        )
        print_rows([_pair_row(factor, pair) for factor, pair in shown], title=title)
        print_lines("Verdicts", LEGEND)


# What was taken for what


def _taken_lines(table: RunTable) -> Iterator[str]:
    seeds = _listed(map(value_text, in_order(table.seeds)))
    yield f"{_counted(len(table.seeds), 'run')} from {table.source}, {table.seed_name} {seeds}"
    if table.decimal_comma:
        yield "numbers with a decimal comma"
    if table.encoding not in ("utf-8", "utf-8-sig"):
        yield f"text in {table.encoding}, since it is not UTF-8"
    for setting in table.settings:
        values = _listed(map(value_text, in_order(setting.values)))
        yield f"setting {_setting_text(setting)}: {values}"
        empty = setting.values.count(None)
        if empty:
            yield f"{setting.name} is empty in {_counted(empty, 'run')}: a value of its own"
    for metric in table.metrics:
        yield f"metric {metric.name}: {_metric_text(metric)}"
    reasons: dict[str, list[str]] = defaultdict(list)
    for column in table.columns_left_out:
        reasons[column.why].append(column.name)
    for why, names in reasons.items():
        yield f"left out, {why}: {_listed(names)}"
    for rows in table.rows_left_out:
        yield f"{_counted(rows.count, 'row')} left out: {rows.why}"


def _setting_text(setting: Setting) -> str:
    return " with ".join(filter(None, [setting.name, _listed(setting.along)]))


def _metric_text(metric: Metric) -> str:
    direction = "lower is better" if metric.lower_is_better else "higher is better"
    parts = [direction if metric.direction_known else f"{direction}, as its name does not say"]
    if metric.share:
        parts.append("in percent" if metric.divisor > 1 else "in fractions")
    missing = int((metric.values != metric.values).sum())
    if missing:
        parts.append(f"not measured in {_counted(missing, 'run')}, which do not count")
    return "; ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _listed(texts: Iterable[str]) -> str:
    names = list(texts)
    more = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


# Tables


def _factor_row(factor: Factor) -> dict[str, str]:
    impact = factor.impact
    visible = impact.smallest_visible
    return {
        "metric": factor.levels.metric.name,
        "setting": _setting_text(factor.levels.setting),
        "seeds": str(impact.n),
        "impact": _amount(factor, impact.size),
        "95 % interval": _interval_text(factor, impact.interval),
        "margin": _amount(factor, factor.margin),
        "smallest visible": "-" if visible is None else _amount(factor, visible),
        "verdict": impact.verdict.value,
        "best": _best_text(factor),
    }


def _best_text(factor: Factor) -> str:
    tied = [value_text(factor.levels.levels[place]) for place in factor.best.tied]
    return tied[0] if len(tied) == 1 else f"tied: {_listed(tied)}"


def _comparison_lines(outcome: TableOutcome) -> Iterator[str]:
    for factor in outcome.factors:
        yield from _levels_lines(factor)
    for one in outcome.not_judged:
        yield f"{one.setting} is not judged by {one.metric}: {one.why}"
    if outcome.margin is None:
        yield from _margin_lines(outcome)
    if outcome.rule is Rule.SEQUENTIAL:
        yield "by the sequential rule, which allows to look again whenever seeds were added"


def _margin_lines(outcome: TableOutcome) -> Iterator[str]:
    for metric in outcome.table.metrics:
        if not metric.share:
            yield (
                f"{metric.name}: a difference below {RELATIVE_MARGIN:.0%} of its mean is taken not"
                " to matter; --margin says what does"
            )


def _levels_lines(factor: Factor) -> Iterator[str]:
    levels = factor.levels
    name = levels.setting.name
    if levels.at:
        others = _listed(f"{other} {value_text(value)}" for other, value in levels.at)
        yield f"{name}: with {others}"
    elif levels.combinations < levels.possible:
        yield (
            f"{name}: means over {levels.combinations} of {levels.possible} combinations of the"
            " other settings, those with most values and seeds"
        )
    elif levels.combinations > 1:
        yield f"{name}: means over {levels.combinations} combinations of the other settings"
    if levels.setting.along:
        yield f"{name} cannot be told apart from {_listed(levels.setting.along)}"
    if levels.without:
        without = _listed(map(value_text, levels.without))
        yield f"{name}: without {without}, for which there are no runs to compare"
    if levels.seeds_left_out:
        gone = _listed(map(value_text, levels.seeds_left_out))
        yield f"{name}: without seeds {gone}, which not all of its values have"


def _pair_row(factor: Factor, pair: Pair) -> dict[str, str]:
    metric, difference = factor.levels.metric, pair.difference
    return {
        "metric": metric.name,
        "setting": factor.levels.setting.name,
        "a": value_text(pair.a),
        "b": value_text(pair.b),
        "a minus b": _amount(factor, difference.mean, signed=True),
        "95 % interval": _interval_text(factor, difference.interval, signed=True),
        "p": _p_text(pair.p_adjusted),
        "verdict": _pair_verdict(metric, pair),
    }


def _pair_verdict(metric: Metric, pair: Pair) -> str:
    if pair.verdict is not Verdict.DIFFERENT:
        return pair.verdict.value
    a_is_better = (pair.difference.mean > 0) != metric.lower_is_better
    return f"{pair.verdict.value}, {value_text(pair.a if a_is_better else pair.b)} is better"


def _amount(factor: Factor, value: float, signed: bool = False) -> str:
    return f"{_number(factor, value, signed)}{_unit(factor)}"


def _interval_text(factor: Factor, interval: Interval | None, signed: bool = False) -> str:
    limits = factor.within_range(interval)
    if limits is None:
        return "-"
    low, high = (_number(factor, end, signed) for end in limits)
    return f"{low} to {high}{_unit(factor)}"


def _unit(factor: Factor) -> str:
    return " points" if factor.levels.metric.share else ""


def _number(factor: Factor, value: float, signed: bool) -> str:
    """A number with so many decimals that the margin has two or three digits."""
    scale = 100.0 if factor.levels.metric.share else 1.0
    reference = scale * (factor.margin or factor.impact.size or 1.0)
    size = math.floor(math.log10(reference))
    decimals = min(max(2 if factor.levels.metric.share else 0, 1 - size), MOST_DECIMALS)
    return f"{scale * value:{'+' if signed else ''}.{decimals}f}"


def _p_text(p: float | None) -> str:
    if p is None:
        return "-"
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
