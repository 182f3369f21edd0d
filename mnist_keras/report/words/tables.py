"""What is said of a table of results: what it was taken for, how it was compared, its verdicts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from mnist_keras.metrics import RELATIVE_MARGIN
from mnist_keras.report.language import decimal, plural, translate
from mnist_keras.report.words.units import sizes_of, unit_of
from mnist_keras.report.words.verdicts import impact_verdict, same_within
from mnist_keras.statistics.rules import Rule
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.studies.published import PublishedCell
from mnist_keras.tables.cells import Value, in_order, value_text
from mnist_keras.tables.levels import Levels
from mnist_keras.tables.run_table import Metric, RunTable, Setting
from mnist_keras.tables.verdicts import Factor, Pair, TableOutcome

MOST_NAMES = 12
"""So many names stand in one line; --json has all."""

LEGEND = (
    "it matters, and different: more than luck, with all pairs of a setting taken together (5 % "
    "error)",
    "same within: the whole 95 % interval lies within the margin",
    "cannot tell: these seeds do not settle it; that is no finding of equality",
    "seeds to settle it: how many in all, in 8 of 10 cases that fit what was seen; “about” where "
    "that is too wide a range",
    "all of it speaks of more seeds on the same data; what other data would show is not asked",
)
"""What the verdicts mean."""


def legend() -> tuple[str, ...]:
    """`LEGEND` in the language of the report."""
    return tuple(map(translate, LEGEND))


def level_text(value: Value) -> str:
    """A value of a setting, in the language of the report."""
    return translate("(empty)") if value is None else decimal(value_text(value))


def setting_text(setting: Setting) -> str:
    """A setting with the columns that cannot be told apart from it: "hidden with parameters"."""
    if not setting.along:
        return setting.name
    return translate("{setting} with {others}", setting=setting.name, others=some(setting.along))


def some(texts: Iterable[str]) -> str:
    """The first `MOST_NAMES` of some names, and how many more there are."""
    names = list(texts)
    more = len(names) - MOST_NAMES
    shown = ", ".join(names[:MOST_NAMES])
    return translate("{names} and {more} more", names=shown, more=more) if more > 0 else shown


def _levels_text(values: Iterable[Value]) -> str:
    return some(map(level_text, values))


# What was taken for what


def taken_lines(table: RunTable) -> Iterator[str]:
    """What each column and the file were taken for, and what was left out."""
    yield translate(
        "{runs} from {source}, {seed} {seeds}",
        runs=_runs(len(table.seeds)),
        source=translate(table.source),
        seed=table.seed_name,
        seeds=_levels_text(in_order(table.seeds)),
    )
    if table.decimal_comma:
        yield translate("numbers with a decimal comma")
    if table.encoding not in ("utf-8", "utf-8-sig"):
        yield translate("text in {encoding}, since it is not UTF-8", encoding=table.encoding)
    for setting in table.settings:
        values = _levels_text(in_order(setting.values))
        yield translate("setting {setting}: {values}", setting=setting_text(setting), values=values)
        empty = setting.values.count(None)
        if empty:
            yield translate(
                "{setting} is empty in {runs}: a value of its own",
                setting=setting.name,
                runs=_runs(empty),
            )
    for metric in table.metrics:
        yield translate("metric {metric}: {facts}", metric=metric.name, facts=_metric_text(metric))
    yield from _left_out_lines(table)


def _left_out_lines(table: RunTable) -> Iterator[str]:
    reasons: dict[str, list[str]] = defaultdict(list)
    for column in table.columns_left_out:
        reasons[translate(column.why.text, **column.why.values)].append(column.name)
    for why, names in reasons.items():
        yield translate("left out, {why}: {names}", why=why, names=some(names))
    for rows in table.rows_left_out:
        why = translate(rows.why.text, **rows.why.values)
        yield plural(rows.count, "{count} row left out: {why}", "{count} rows left out: {why}",
                     why=why)  # fmt: skip


def _metric_text(metric: Metric) -> str:
    parts = [_direction_text(metric)]
    if metric.share:
        in_percent = metric.divisor > 1
        parts.append(translate("in percent") if in_percent else translate("in fractions"))
    missing = int((metric.values != metric.values).sum())
    if missing:
        parts.append(translate("not measured in {runs}, which do not count", runs=_runs(missing)))
    return translate("; ").join(parts)


def _direction_text(metric: Metric) -> str:
    if metric.lower_is_better:
        return translate("lower is better")
    if metric.direction_known:
        return translate("higher is better")
    return translate("higher is better, as its name does not say")


def _runs(count: int) -> str:
    return plural(count, "{count} run", "{count} runs")


# How it was compared


def comparison_lines(outcome: TableOutcome) -> list[str]:
    """With what each setting was compared, what was left out, and what is not judged; once each."""
    lines = [line for factor in outcome.factors for line in _levels_lines(factor.levels)]
    for one in outcome.not_judged:
        why = translate(one.why.text, **one.why.values)
        lines.append(
            translate(
                "{setting} is not judged by {metric}: {why}",
                setting=one.setting,
                metric=one.metric,
                why=why,
            )
        )
    for quantity in outcome.quantities.values():
        if quantity.margin is None:
            lines.append(
                translate(
                    "{metric}: a difference below {share:.0f} % of its mean is taken not to "
                    "matter; --margin says what does",
                    metric=quantity.name,
                    share=100 * RELATIVE_MARGIN,
                )
            )
    if outcome.rule is Rule.SEQUENTIAL:
        lines.append(
            translate(
                "by the sequential rule, which allows to look again whenever seeds were added"
            )
        )
    return list(dict.fromkeys(lines))


def _levels_lines(levels: Levels) -> Iterator[str]:
    name = levels.setting.name
    if levels.at:
        others = some(f"{other} {level_text(value)}" for other, value in levels.at)
        yield translate("{setting}: with {others}", setting=name, others=others)
    elif levels.combinations < levels.possible:
        yield translate(
            "{setting}: means over {used} of {possible} combinations of the other settings, those "
            "with most values and seeds",
            setting=name,
            used=levels.combinations,
            possible=levels.possible,
        )
    elif levels.combinations > 1:
        yield translate(
            "{setting}: means over {used} combinations of the other settings",
            setting=name,
            used=levels.combinations,
        )
    if levels.setting.along:
        yield translate(
            "{setting} cannot be told apart from {others}",
            setting=name,
            others=some(levels.setting.along),
        )
    if levels.without:
        yield translate(
            "{setting}: without {values}, for which there are no runs to compare",
            setting=name,
            values=_levels_text(levels.without),
        )
    if levels.seeds_left_out:
        yield translate(
            "{setting}: without seeds {seeds}, which not all of its values have",
            setting=name,
            seeds=_levels_text(levels.seeds_left_out),
        )


# Verdicts


def factor_verdict(factor: Factor) -> str:
    """Whether a setting matters."""
    return impact_verdict(factor.impact, sizes_of(factor.quantity))


def pair_verdict(factor: Factor, pair: Pair) -> str:
    """Which of two values is better, if either is."""
    if pair.verdict is Verdict.DIFFERENT:
        a_is_better = (pair.difference.mean > 0) != factor.levels.metric.lower_is_better
        better = level_text(pair.a if a_is_better else pair.b)
        return translate("different, {name} is better", name=better)
    if pair.verdict is Verdict.SAME:
        return same_within(pair.difference.margin, unit_of(factor.quantity))
    return translate("cannot tell")


def best_text(factor: Factor) -> str:
    """The best value, or those that are tied for it."""
    tied = [factor.levels.levels[place] for place in factor.best.tied]
    if len(tied) == 1:
        return level_text(tied[0])
    return translate("tied: {values}", values=_levels_text(tied))


def printed(cell: PublishedCell) -> str:
    """A published figure as the study of a table has it: "97.7", "~0.3", "11.5-12"."""
    numbers = dict.fromkeys(map(cell.written, (cell.low, cell.high)))
    return ("~" if cell.approximate else "") + "-".join(map(decimal, numbers))
