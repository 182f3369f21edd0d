"""What a report opens with: how the verdicts fell, each claim with its own, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from mnist_keras.marks import SELECTED_ON_TEST
from mnist_keras.report.analysis.outcome import CellOutcome, ClaimOutcome, StudyOutcome
from mnist_keras.report.language import format_number, plural, translate
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Chip,
    Column,
    Finding,
    Findings,
    Notice,
    Row,
    Table,
    Tally,
    Text,
    Tone,
)
from mnist_keras.report.page.wording import NONE, verdict_chip
from mnist_keras.report.statistics.summaries import seeds

TONE_TITLES = {
    Tone.GOOD: "Reproduced or holds",
    Tone.BAD: "Differs or does not hold",
    Tone.SAME: "No detectable effect",
    Tone.OPEN: "Open",
    Tone.NONE: "Not judged",
}

MOST_REASONS = 6
"""How many reasons are named before the tables."""


def mark_of(outcome: StudyOutcome) -> str:
    """The mark that every accuracy of the study carries; empty if there is none."""
    return outcome.mark


def opening_blocks(outcome: StudyOutcome) -> tuple[Block, ...]:
    """The opening of a study's report."""
    blocks = _notices(outcome)
    if outcome.study.comparable:
        blocks += _figure_verdicts(outcome.cells) + _claim_verdicts(outcome)
    if outcome.notes:
        blocks += [Text(translate("What to know about these runs:")), Bullets(outcome.notes)]
    return tuple(blocks)


def _notices(outcome: StudyOutcome) -> list[Block]:
    notices: list[str] = []
    if outcome.selected_on_test:
        notices.append(
            translate(
                "Every accuracy here is {mark}: the epoch was chosen by looking at "
                "the test images, so the figures are better than they would be on new ones.",
                mark=translate(SELECTED_ON_TEST),
            )
        )
    if outcome.quick:
        notices.append(
            translate(
                "Everything here was made with --quick, on a tenth of the data: it shows how the "
                "study works, and its figures are not comparable with those of any other run."
            )
        )
    if not outcome.study.comparable and outcome.study.has_source:
        notices.append(
            translate(
                "These trainings differ from the published ones in their data or protocol, so "
                "no published figure and no published claim is shown beside them."
            )
        )
    if len(outcome.seeds) == 1:
        notices.append(
            translate(
                "One seed shows no spread, so most verdicts stay open. Each open one says how "
                "many seeds would settle it."
            )
        )
    return [Notice(text) for text in notices]


def _figure_verdicts(cells: Sequence[CellOutcome]) -> list[Block]:
    if not cells:
        return []
    tally = Tally(_figures_title(len(cells)), _counts(cells))
    reasons = Counter(cell.why_not for cell in cells if cell.judgement is None and cell.why_not)
    if not reasons:
        return [tally]
    return [tally, Text(translate("Why figures are not judged:")), Bullets(_most_common(reasons))]


def _most_common(reasons: Counter[str]) -> tuple[str, ...]:
    """The reasons that apply to most figures; the tables have all of them."""
    named = reasons.most_common(MOST_REASONS)
    others = reasons.total() - sum(count for _, count in named)
    rest = (
        (translate("other reasons, named below the tables ({count:,})", count=others),)
        if others
        else ()
    )
    return (
        *(translate("{reason} ({count:,})", reason=reason, count=count) for reason, count in named),
        *rest,
    )


def _claim_verdicts(outcome: StudyOutcome) -> list[Block]:
    if not outcome.claims:
        return []
    findings = Findings(tuple(_finding(claim) for claim in outcome.claims), mark_of(outcome))
    return [Tally(_claims_title(outcome), _counts(outcome.claims)), findings]


def _figures_title(count: int) -> str:
    return plural(count, "published figure", "published figures")


def _claims_title(outcome: StudyOutcome) -> str:
    """What is counted: claims that somebody published, or the questions of a study of one's own."""
    count = len(outcome.claims)
    if outcome.study.source or outcome.study.tables:
        return plural(count, "published claim", "published claims")
    return plural(count, "claim of this study", "claims of this study")


def _counts(results: Iterable[CellOutcome | ClaimOutcome]) -> tuple[tuple[Chip, int], ...]:
    """How often each verdict fell, the clear ones first."""
    counts = Counter(verdict_chip(result.judgement) for result in results)
    order = list(Tone)
    return tuple(sorted(counts.items(), key=lambda item: order.index(item[0].tone)))


def _finding(result: ClaimOutcome) -> Finding:
    claim, judgement = result.claim, result.judgement
    reason = judgement.reason if judgement else result.why_not
    return Finding(claim.label, translate(claim.text), verdict_chip(judgement), reason)


def overview_blocks(outcomes: Sequence[StudyOutcome]) -> tuple[Block, ...]:
    """How the verdicts fell over all studies and in each."""
    shown = [outcome for outcome in outcomes if outcome.study.comparable]
    cells = [cell for outcome in shown for cell in outcome.cells]
    claims = [claim for outcome in shown for claim in outcome.claims]
    blocks: list[Block] = []
    if cells:
        blocks.append(Tally(_figures_title(len(cells)), _counts(cells)))
    if claims:
        title = plural(len(claims), "published claim", "published claims")
        blocks.append(Tally(title, _counts(claims)))
    return (*blocks, _tally_table(outcomes))


def _tally_table(outcomes: Sequence[StudyOutcome]) -> Table:
    return Table(
        caption=translate("Verdicts by study"),
        columns=(
            Column(translate("Study"), numeric=False),
            Column(translate("Published"), numeric=False),
            *(Column(translate(title)) for title in TONE_TITLES.values()),
        ),
        rows=tuple(row for outcome in outcomes for row in _tally_rows(outcome)),
    )


def _tally_rows(outcome: StudyOutcome) -> list[Row]:
    """How the verdicts on figures and on claims fell; none where they are not comparable."""
    mark = f", {outcome.mark}" if outcome.mark else ""
    header = f"{translate(outcome.study.title)} ({seeds(len(outcome.seeds))}{mark})"
    if not outcome.study.comparable:
        return [Row(header, (_what_differs(outcome), *(NONE for _ in TONE_TITLES)))]
    return [
        Row(header, (translate("figures"), *_by_tone(outcome.cells))),
        Row(header, (translate("claims"), *_by_tone(outcome.claims))),
    ]


def _what_differs(outcome: StudyOutcome) -> str:
    if not outcome.study.has_source:
        return NONE
    if outcome.study.on_other_data:
        return translate("other data")
    return translate("other settings")


def _by_tone(results: Iterable[CellOutcome | ClaimOutcome]) -> list[str]:
    tones = Counter(verdict_chip(result.judgement).tone for result in results)
    return [format_number(tones[tone], ",") if tones[tone] else NONE for tone in TONE_TITLES]
