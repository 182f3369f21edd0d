"""How the report writes numbers, settings and verdicts."""

from __future__ import annotations

from mnist_keras.config import RunConfig
from mnist_keras.report.analysis.outcome import Measured
from mnist_keras.report.language import decimal, format_number, plural, translate
from mnist_keras.report.naming import label_name, level_name, metric_name
from mnist_keras.report.page.document import Chip, Table, Tone
from mnist_keras.report.statistics.summaries import Interval, Judgement, Verdict, seeds
from mnist_keras.study.design import Study
from mnist_keras.study.metrics import METRICS
from mnist_keras.study.published import PublishedCell, Subject

NONE = "–"
"""Stands where there is no number."""

GLUE = "\N{NO-BREAK SPACE}"

_TONES = {
    Verdict.REPRODUCED: Tone.GOOD,
    Verdict.HOLDS: Tone.GOOD,
    Verdict.DIFFERS: Tone.BAD,
    Verdict.FAILS: Tone.BAD,
    Verdict.INCONCLUSIVE: Tone.OPEN,
    Verdict.UNDECIDED: Tone.OPEN,
    Verdict.NO_EFFECT: Tone.SAME,
}

NOT_JUDGED = "not judged"


def verdict_chip(judgement: Judgement | None, note: str = "") -> Chip:
    """The verdict on a published figure or on a claim."""
    if judgement is None:
        return Chip(translate(NOT_JUDGED), Tone.NONE, note)
    return Chip(translate(str(judgement.verdict)), _TONES[judgement.verdict], note)


def impact_chip(judgement: Judgement) -> Chip:
    """Whether a factor matters."""
    if judgement.verdict is Verdict.HOLDS:
        return Chip(translate("more than chance"), Tone.GOOD)
    return _in_short(judgement)


def comparison_chip(judgement: Judgement, p_holm: float | None, alpha: float) -> Chip:
    """Whether two configurations differ; a difference that Holm takes back is not concluded."""
    if judgement.verdict is not Verdict.DIFFERS:
        return _in_short(judgement)
    if p_holm is not None and p_holm > alpha:
        return Chip(translate("not after Holm"), Tone.OPEN)
    return Chip(translate("differ"), Tone.OTHER)


def _in_short(judgement: Judgement) -> Chip:
    """A verdict for a table with many columns."""
    if judgement.verdict is Verdict.UNDECIDED:
        return Chip(translate("not enough seeds"), Tone.OPEN)
    return verdict_chip(judgement)


def number(value: float, metric: str, signed: bool = False) -> str:
    """A value in record units as the source prints the metric, without its unit."""
    shown = value * METRICS[metric].divisor
    decimals = _decimals(metric, shown)
    text = format_number(shown, f"{'+' if signed else '-'},.{decimals}f")
    return text.replace("-", "−")


def spread(sd: float | None, metric: str) -> str:
    """A standard deviation, in the unit of the metric."""
    return NONE if sd is None else number(sd, metric)


def interval(ends: Interval | None, metric: str, signed: bool = False) -> str:
    """Both ends of an interval; that of numbers without spread has none."""
    if ends is None or ends.low == ends.high:
        return NONE
    return translate(
        "{low} to {high}",
        low=number(ends.low, metric, signed),
        high=number(ends.high, metric, signed),
    )


def quantity(metric: str) -> str:
    """A metric with its unit: "validation accuracy, %"; the unit does not stand alone on a line."""
    known = METRICS[metric]
    return (
        f"{metric_name(metric)},{GLUE}{translate(known.unit)}"
        if known.unit
        else metric_name(metric)
    )


def published_number(cell: PublishedCell) -> str:
    """A published figure as printed, without its unit: "97.70", "~0.3", "11.5–12"."""
    text = cell.text.removesuffix(METRICS[cell.metric].unit).rstrip()
    if cell.low != cell.high:
        return decimal(text).replace("-", "–")
    whole = text.isdigit() and cell.low >= 10_000
    return format_number(float(text), ",.0f") if whole else decimal(text)


def subject_text(study: Study, subject: Subject) -> str:
    """What a published figure is about, in the words of the study."""
    factor = study.factor(subject.factor) if subject.factor else None
    if factor is not None and subject.value is not None:
        return _glued(level_name(factor, subject.value))
    return translate(subject.trial or str(subject))


def settings_text(study: Study, config: RunConfig) -> str:
    """The values of the study's factors in a configuration; without factors, its name."""
    values = [
        _glued(level_name(factor, getattr(config, factor.field)))
        for factor in study.factors
        if getattr(config, factor.field) not in (None, ())
    ]
    return ", ".join(values) if values else config_name(config)


def _glued(setting: str) -> str:
    """A setting whose value stays with its equals sign."""
    return setting.replace(" = ", f" ={GLUE}")


def config_name(config: RunConfig) -> str:
    """The name of a configuration's runs, without the seed."""
    return config.name.removesuffix(f"-s{config.seed}")


def short_label(measured: Measured) -> str:
    """The first thing that a configuration stands for in its study."""
    return label_name(measured.labels[0]) if measured.labels else config_name(measured.config)


def seeds_text(done: tuple[int, ...]) -> str:
    """Which seeds: "no seed", "1 seed (0)", "5 seeds (0 to 4)"."""
    if not done:
        return translate("no seed")
    consecutive = done == tuple(range(done[0], done[-1] + 1))
    if len(done) > 2 and consecutive:
        return translate(
            "{seeds} ({first} to {last})", seeds=seeds(len(done)), first=done[0], last=done[-1]
        )
    return f"{seeds(len(done))} ({', '.join(map(str, done))})"


def folded_caption(table: Table) -> str:
    """The caption of a table that is opened on demand, with the number of its rows."""
    rows = plural(len(table.rows), "{count:,} row", "{count:,} rows")
    return f"{table.caption} ({rows})"


def duration(seconds: float) -> str:
    """A time for people: "9.9 s", "2 min 29 s", "1 h 05 min"."""
    if seconds < 59.95:
        return translate("{seconds:.1f} s", seconds=seconds)
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return translate("{minutes} min {rest:02d} s", minutes=minutes, rest=rest)
    return translate("{hours} h {minutes:02d} min", hours=minutes // 60, minutes=minutes % 60)


def _decimals(metric: str, shown: float) -> int:
    """As printed; one more for times, and none for a count that is a whole number."""
    printed = METRICS[metric].decimals
    if printed >= 2 or (printed == 0 and (shown == round(shown) or abs(shown) >= 1_000)):
        return printed
    return printed + 1
