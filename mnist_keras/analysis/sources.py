"""The arithmetic of a source, recomputed from its own tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from mnist_keras.claims import BestValue, Impact, NoGain, Order, Ratio
from mnist_keras.metrics import METRICS
from mnist_keras.printed import half_last_digit
from mnist_keras.statistics.stated import possible_share
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import PublishedCell
from mnist_keras.subjects import Label, Subject

Kind = Literal["impact", "difference", "ratio", "best value", "impossible share"]


@dataclass(frozen=True)
class SourceFinding:
    """What a source states beside what follows from its own tables.

    Attributes:
        kind: what is recomputed.
        claim: the claim's label, empty for a figure.
        about: the factor, value or trial.
        metric: the quantity.
        stated: as printed.
        recomputed: likewise; of a best value the figure of the value that is best.
        agrees: whether they are the same to the last printed digit.
        best: of a best value, the label that the tables name.
    """

    kind: Kind
    claim: str
    about: tuple[Label, ...]
    metric: str
    stated: float
    recomputed: float
    agrees: bool
    best: Label | None = None


def audit_source(study: Study) -> tuple[SourceFinding, ...]:
    """Every impact, difference, ratio and best value that the study's tables have, again.

    Also figures that no whole number of test images gives, where `images` of the study tells how
    many there were and they are few enough to tell.
    """
    tables = Tables(study)
    found: list[SourceFinding] = []
    for claim in study.claims:
        finding = _recompute(claim, tables)
        if finding is not None:
            found.append(finding)
    return (*found, *_impossible(study))


class Tables:
    """The published figures of a study, by what they are about."""

    def __init__(self, study: Study) -> None:
        self.study = study
        self._cells: dict[tuple[str, str], PublishedCell] = {}
        for cell in study.published:
            if cell.epoch is None and cell.low == cell.high:
                self._cells.setdefault((repr(cell.subject), cell.metric), cell)

    def figure(self, subject: Subject, metric: str) -> float | None:
        """The figure as printed; None if there is none, or it is of another study."""
        if subject.study not in (None, self.study.name):
            return None
        own = subject.model_copy(update={"study": None})
        cell = self._cells.get((repr(own), metric))
        return None if cell is None else cell.low

    def levels(self, field: str, metric: str) -> dict[object, float]:
        """The figures of a factor's values; none unless all of them have one."""
        factor = self.study.factor(field)
        values = factor.values if factor else ()
        found = {v: self.figure(Subject(factor=field, value=v), metric) for v in values}
        known = {value: figure for value, figure in found.items() if figure is not None}
        return known if len(known) == len(values) else {}

    def label(self, subject: Subject) -> Label:
        """What a subject is called."""
        factor = self.study.factor(subject.factor) if subject.factor else None
        if factor is None:
            return Label(str(subject.trial))
        return Label(factor.label, subject.value)


def _recompute(claim: object, tables: Tables) -> SourceFinding | None:
    match claim:
        case Impact():
            return _impact(claim, tables)
        case BestValue():
            return _best(claim, tables)
        case Order() if claim.difference is not None:
            return _difference(claim, claim.difference, claim.a, claim.b, tables)
        case NoGain() if claim.difference is not None and len(claim.contenders) == 1:
            contender, reference = claim.contenders[0], claim.reference
            return _difference(claim, claim.difference, contender, reference, tables)
        case Ratio():
            return _ratio(claim, tables)
    return None


def _impact(claim: Impact, tables: Tables) -> SourceFinding | None:
    levels = tables.levels(claim.factor, claim.metric)
    if len(levels) < 2:
        return None
    recomputed = round(max(levels.values()) - min(levels.values()), 6)
    about = (tables.label(Subject(factor=claim.factor)),)
    return _finding("impact", claim.label, about, claim.metric, claim.published, recomputed)


def _best(claim: BestValue, tables: Tables) -> SourceFinding | None:
    levels = tables.levels(claim.factor, claim.metric)
    if len(levels) < 2 or claim.value not in levels:
        return None
    choose = min if METRICS[claim.metric].better == "lower" else max
    best = choose(levels, key=levels.__getitem__)
    return SourceFinding(
        "best value",
        claim.label,
        (tables.label(Subject(factor=claim.factor, value=claim.value)),),
        claim.metric,
        levels[claim.value],
        levels[best],
        levels[claim.value] == levels[best],
        tables.label(Subject(factor=claim.factor, value=best)),
    )


def _difference(
    claim: Order | NoGain, stated: float, a: Subject, b: Subject, tables: Tables
) -> SourceFinding | None:
    metric = claim.metric
    first, second = tables.figure(a, metric), tables.figure(b, metric)
    if first is None or second is None:
        return None
    about = (tables.label(a), tables.label(b))
    # The printed difference is in the direction that is better.
    difference = first - second if METRICS[metric].better != "lower" else second - first
    return _finding("difference", claim.label, about, metric, stated, round(difference, 6))


def _ratio(claim: Ratio, tables: Tables) -> SourceFinding | None:
    above = tables.figure(claim.numerator, claim.metric)
    below = tables.figure(claim.denominator, claim.metric)
    if above is None or below is None or below == 0:
        return None
    about = (tables.label(claim.numerator), tables.label(claim.denominator))
    stated = claim.published
    return _finding("ratio", claim.label, about, claim.metric, stated, above / below)


def _finding(
    kind: Kind, label: str, about: tuple[Label, ...], metric: str, stated: float, recomputed: float
) -> SourceFinding:
    agrees = abs(stated - recomputed) <= half_last_digit(stated) * (1 + 1e-9)
    return SourceFinding(kind, label, about, metric, stated, recomputed, agrees)


def _impossible(study: Study) -> Iterator[SourceFinding]:
    for cell in study.published:
        images = study.images.get(cell.metric)
        known = METRICS[cell.metric]
        exact = cell.low == cell.high and not cell.approximate
        if images is None or not known.counts_images or not exact:
            continue
        if not possible_share(cell.low, known.decimals, images):
            about = (Tables(study).label(cell.subject),)
            nearest = 100 * round(cell.low / 100 * images) / images
            yield SourceFinding(
                "impossible share", "", about, cell.metric, cell.low, nearest, False
            )


def disagreements(findings: Sequence[SourceFinding]) -> list[SourceFinding]:
    """What does not follow from the source's own tables."""
    return [finding for finding in findings if not finding.agrees]
