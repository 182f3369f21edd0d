"""Draws the pairs of a judged table: a row for each difference, its interval, the margin a band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from mnist_keras.metrics import Metric
from mnist_keras.report.figures.forest import MARGIN_BAND, VERDICT_LOOKS
from mnist_keras.report.figures.plots import Plot
from mnist_keras.report.figures.style import headline, look, new_figure
from mnist_keras.report.language import plural, translate
from mnist_keras.report.words.tables import level_text
from mnist_keras.report.words.units import unit_of
from mnist_keras.statistics.summaries import Verdict
from mnist_keras.tables.verdicts import Factor, Pair

MOST_ROWS = 45
"""A setting with more pairs, 10 values, is drawn by those of its best value."""

PAIR_WORDS = {
    Verdict.DIFFERENT: "different",
    Verdict.SAME: "same within the margin",
    Verdict.OPEN: "cannot tell",
}
"""The verdicts on a pair, in the order of a legend."""

_ROW = 0.27
"""Inches from row to row."""


@dataclass(frozen=True)
class _Panel:
    """The pairs of a setting that are drawn."""

    factor: Factor
    pairs: tuple[Pair, ...]


@look()
def pair_plot(factors: Sequence[Factor], name: str) -> Plot:
    """The pairs of all settings by one metric, a panel for each setting."""
    panels = [_Panel(factor, _drawn(factor)) for factor in factors]
    heights = [len(panel.pairs) + 1.5 for panel in panels]
    canvas = new_figure(_ROW * sum(heights) + 0.35 * len(panels) + 1.5)
    grid = canvas.subplots(
        len(panels), 1, squeeze=False, sharex=True, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    for axes, panel in zip(grid, panels, strict=True):
        _draw_panel(axes, panel)
    metric = factors[0].quantity
    grid[-1].set_xlabel(_difference_label(metric))
    headline(canvas, _title(metric), translate("lines are 95 % intervals"))
    _add_legend(canvas, panels)
    return Plot(name, _caption(metric, panels), _alt(panels), canvas)


def _drawn(factor: Factor) -> tuple[Pair, ...]:
    if len(factor.pairs) <= MOST_ROWS:
        return factor.pairs
    best = factor.levels.levels[factor.best.best]
    return tuple(pair for pair in factor.pairs if best in (pair.a, pair.b))


def _draw_panel(axes: Axes, panel: _Panel) -> None:
    factor = panel.factor
    scale = unit_of(factor.quantity).factor
    axes.set_title(factor.levels.setting.name)
    axes.axvspan(
        -scale * factor.margin, scale * factor.margin, color=MARGIN_BAND, linewidth=0, zorder=0
    )
    axes.axvline(0, color="#8C8C8C", linewidth=1.0, zorder=1)
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(panel.pairs) - 0.25, -0.75)
    axes.set_yticks(range(len(panel.pairs)), [_pair_text(pair) for pair in panel.pairs])
    for y, pair in enumerate(panel.pairs):
        colour, marker = VERDICT_LOOKS[pair.verdict]
        ends = factor.within_range(pair.difference.interval)
        if ends is not None:
            axes.hlines(y, scale * ends.low, scale * ends.high, color=colour, linewidth=2.2)
        axes.plot(
            scale * pair.difference.mean, y, marker=marker, color=colour, markersize=7,
            markeredgecolor="white", markeredgewidth=0.5, zorder=4,
        )  # fmt: skip


def _pair_text(pair: Pair) -> str:
    return translate("{a} minus {b}", a=level_text(pair.a), b=level_text(pair.b))


def _difference_label(metric: Metric) -> str:
    if not metric.is_share:
        return translate(metric.label)
    return translate("{metric}, points", metric=translate(metric.label))


def _title(metric: Metric) -> str:
    return translate("Pairs by {label}", label=translate(metric.label))


def _counts(panels: Sequence[_Panel]) -> dict[Verdict, int]:
    verdicts = [pair.verdict for panel in panels for pair in panel.pairs]
    return {verdict: verdicts.count(verdict) for verdict in PAIR_WORDS if verdict in verdicts}


def _add_legend(canvas: Figure, panels: Sequence[_Panel]) -> None:
    handles: list[Artist] = [Patch(color=MARGIN_BAND, label=translate("the margin"))]
    for verdict, count in _counts(panels).items():
        colour, marker = VERDICT_LOOKS[verdict]
        label = f"{translate(PAIR_WORDS[verdict])} ({count})"
        handles.append(Line2D([], [], color=colour, marker=marker, linewidth=2.2, label=label))
    canvas.legend(handles=handles, loc="outside lower center", ncols=len(handles))


def _caption(metric: Metric, panels: Sequence[_Panel]) -> str:
    text = translate(
        "Differences of {metric} between two values of a setting: marker and line are the mean and "
        "its 95 % interval, the band is the margin, colour and shape tell the verdict, for which "
        "all pairs of a setting are taken together.",
        metric=translate(metric.label),
    )
    if all(len(panel.pairs) == len(panel.factor.pairs) for panel in panels):
        return text
    return text + translate(" Of settings with many values, pairs with the best one are drawn.")


def _alt(panels: Sequence[_Panel]) -> str:
    counts = _counts(panels)
    found = ", ".join(
        f"{translate(PAIR_WORDS[verdict])} ({count})" for verdict, count in counts.items()
    )
    return plural(
        sum(counts.values()), "Of {count} pair: {found}.", "Of {count} pairs: {found}.", found=found
    )
