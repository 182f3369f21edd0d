"""The arithmetic of a source, recomputed from its own tables."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from mnist_keras.claims import BestValue, Impact, NoGain, Order, Ratio
from mnist_keras.data.kinds import MNIST_TEST_IMAGES
from mnist_keras.metrics import COMPLEMENTS, METRICS, OF_LAST_EPOCH
from mnist_keras.printed import half_last_digit
from mnist_keras.statistics.stated import possible_share
from mnist_keras.studies.design import Study
from mnist_keras.studies.published import ABOUT, PublishedCell
from mnist_keras.subjects import Label, Subject

Kind = Literal["impact", "difference", "ratio", "best value", "impossible share", "two figures"]


@dataclass(frozen=True)
class SourceFinding:
    """What a source states beside what follows from its own tables.

    Attributes:
        kind: what is recomputed.
        claim: the claim's label, empty for a figure.
        about: the factor, value or trial.
        metric: the quantity.
        stated: as printed; of two figures the first one.
        recomputed: likewise; of a best value the figure of the value that is best, of two figures
            the second one.
        agrees: whether they are the same to the last printed digit.
        best: of a best value, the label that the tables name.
        figures: the figure of an impossible share, or the two figures.
        images: of an impossible share, on how many it was measured.
    """

    kind: Kind
    claim: str
    about: tuple[Label, ...]
    metric: str
    stated: float
    recomputed: float
    agrees: bool
    best: Label | None = None
    figures: tuple[PublishedCell, ...] = ()
    images: int | None = None


def audit_source(
    study: Study, images: Mapping[str, int] | None = None
) -> tuple[SourceFinding, ...]:
    """Every impact, difference, ratio and best value that the study's tables have, again.

    A claim that follows from one of several tables agrees. Also figures that no whole number of
    images gives, where they are few enough to tell, and figures of one training that do not agree.

    Args:
        study: its claims and tables.
        images: on how many images a metric was measured; None for what the study says of it.
    """
    views = tables_of(study)
    found: list[SourceFinding] = []
    for claim in study.claims:
        findings = [one for one in (_recompute(claim, view) for view in views) if one is not None]
        found += [one for one in findings if one.agrees][:1] or findings[:1]
    shares = _impossible(study, study.images if images is None else images)
    return (*found, *shares, *_contradicting(study))


def supposed_images(study: Study) -> dict[str, int]:
    """On how many images each metric was measured: as the study says, else MNIST's test images."""
    of_test = {name: MNIST_TEST_IMAGES for name in METRICS if _is_of_test_images(name)}
    return {**({} if study.on_other_data else of_test), **study.images}


def _is_of_test_images(name: str) -> bool:
    own = OF_LAST_EPOCH.get(name, name)
    return METRICS[name].counts_images and own.startswith("test_")


def tables_of(study: Study) -> list[Tables]:
    """The figures of a study, once for each of its tables, which then goes before the others."""
    titles = dict.fromkeys(cell.source for cell in study.published)
    return [Tables(study, title) for title in titles]


class Tables:
    """The published figures of a study, by what they are about.

    Where several tables have one, it is that of the table `first`, else of the first one. A test
    error that none has follows from the accuracy.
    """

    def __init__(self, study: Study, first: str = "") -> None:
        self.study = study
        self._cells: dict[tuple[str, str], PublishedCell] = {}
        cells = sorted(study.published, key=lambda cell: cell.source != first)
        single = [cell for cell in cells if cell.epoch is None and cell.low == cell.high]
        for cell in (*single, *(other for one in single for other in _complements(one))):
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
            return Label(subject.trial or str(subject))
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


def _complements(cell: PublishedCell) -> Iterator[PublishedCell]:
    """The same figure as an error of an accuracy, or as the accuracy of an error."""
    pairs = {**COMPLEMENTS, **{accuracy: error for error, accuracy in COMPLEMENTS.items()}}
    if cell.metric in pairs:
        low, high = (round(100 - end, 10) for end in (cell.high, cell.low))
        yield replace(cell, metric=pairs[cell.metric], low=low, high=high)


def _impossible(study: Study, images: Mapping[str, int]) -> Iterator[SourceFinding]:
    for cell in study.published:
        number = images.get(cell.metric)
        exact = cell.low == cell.high and not cell.approximate
        if number is None or not METRICS[cell.metric].counts_images or not exact:
            continue
        if not possible_share(cell.low, _decimals(cell), number):
            about = (Tables(study).label(cell.subject),)
            nearest = 100 * round(cell.low / 100 * number) / number
            yield SourceFinding(
                "impossible share", "", about, cell.metric, cell.low, nearest, False,
                figures=(cell,), images=number,
            )  # fmt: skip


def _decimals(cell: PublishedCell) -> int:
    """Digits behind the point; of a number at least as many as its metric usually has."""
    if cell.decimals is not None:
        return cell.decimals
    _, _, fraction = f"{cell.low:.10g}".partition(".")
    return max(len(fraction), METRICS[cell.metric].decimals)


def _contradicting(study: Study) -> Iterator[SourceFinding]:
    label = Tables(study).label
    for one, other in figures_apart(study, repr):
        yield SourceFinding(
            "two figures", "", (label(one.subject),), one.metric, one.low, other.low, False,
            figures=(one, other),
        )  # fmt: skip


def figures_apart(
    study: Study, what: Callable[[Subject], Hashable]
) -> Iterator[tuple[PublishedCell, PublishedCell]]:
    """Two figures of one quantity each that cannot be the same, as far as their digits tell.

    `what` tells of what a figure is that is about a subject: those of which it says the same are
    compared, each with the first one. A test error is compared with an accuracy, a figure of the
    last epoch with that of its number.
    """
    first: dict[Hashable, tuple[PublishedCell, PublishedCell]] = {}
    for cell in study.published:
        same = _in_plain(study, cell)
        known, plain = first.setdefault((what(cell.subject), same.metric, same.epoch), (cell, same))
        if not _overlap(plain, same):
            yield known, cell


def _in_plain(study: Study, cell: PublishedCell) -> PublishedCell:
    """The figure as an accuracy, not an error, and as that of an epoch, where it can be one."""
    if cell.metric in COMPLEMENTS:
        (cell,) = _complements(cell)
    if cell.subject == Subject() or cell.epoch is not None:
        return cell
    config = study.config_at(cell.subject)
    if cell.metric in OF_LAST_EPOCH and config.patience is None:
        return replace(cell, metric=OF_LAST_EPOCH[cell.metric], epoch=config.epochs)
    of_kept = METRICS[cell.metric].of_chosen_epoch and config.keep == "last"
    return replace(cell, epoch=config.epochs) if of_kept else cell


def _overlap(one: PublishedCell, other: PublishedCell) -> bool:
    """Whether two figures may be one that was rounded, or estimated."""
    (low, high), (least, most) = (_printed_range(cell) for cell in (one, other))
    return min(most, high) - max(low, least) > 1e-9


def _printed_range(cell: PublishedCell) -> tuple[float, float]:
    about = ABOUT * abs(cell.high) if cell.approximate else 0.0
    half = max(cell.half_digit, about)
    return cell.low - half, cell.high + half


def disagreements(findings: Sequence[SourceFinding]) -> list[SourceFinding]:
    """What does not follow from the source's own tables."""
    return [finding for finding in findings if not finding.agrees]
