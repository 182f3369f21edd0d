"""What a report opens with: how the verdicts fell, each claim with its own, and why not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from mnist_keras.analysis.outcome import StudyOutcome
from mnist_keras.analysis.settling import typical_spread
from mnist_keras.analysis.sources import disagreements
from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.metrics import Metric
from mnist_keras.report.language import format_number, translate
from mnist_keras.report.page.document import (
    Block,
    Bullets,
    Column,
    Notice,
    Row,
    Table,
    Text,
    Tone,
)
from mnist_keras.report.page.tallies import claim_blocks, claim_tally, figure_tally
from mnist_keras.report.page.wording import NONE, claim_tone, figure_tone
from mnist_keras.report.words.chance import chance_text
from mnist_keras.report.words.naming import mark_name
from mnist_keras.report.words.notes import note_texts
from mnist_keras.report.words.sources import source_text
from mnist_keras.report.words.units import curve_text, seeds
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.runs.caveats import SELECTED_ON_TEST

TONE_TITLES = {
    Tone.GOOD: "Comes out again or holds",
    Tone.BAD: "Differs or does not hold",
    Tone.SAME: "Same within the margin",
    Tone.OPEN: "Cannot tell",
    Tone.NONE: "Not judged",
}

MOST_REASONS = 6
"""How many reasons are named before the tables."""


def opening_blocks(outcome: StudyOutcome) -> tuple[Block, ...]:
    """The opening of a study's report."""
    blocks = _notices(outcome)
    if outcome.study.comparable:
        blocks += _figure_verdicts(outcome)
    blocks += claim_blocks(
        outcome.shown_claims, outcome.study.is_published, mark_name(outcome.judged_mark)
    )
    if any("test_" in metric.name for metric in _judged(outcome.shown_claims)):
        blocks.append(
            Text(
                translate(
                    "What the claims say of the test set holds on these test images: the seeds "
                    "vary, the images do not."
                )
            )
        )
    if outcome.pairs:
        blocks.append(Text(curve_text(typical_spread(outcome), outcome.rule)))
    audit = disagreements(outcome.source_audit)
    if audit:
        said = tuple(source_text(finding) for finding in audit)
        blocks += [Text(translate("What does not follow from the source's own tables:"))]
        blocks += [Bullets(said)]
    notes = note_texts(outcome)
    if notes:
        blocks += [Text(translate("What to know about these runs:")), Bullets(notes)]
    return tuple(blocks)


def _judged(claims: Iterable[ClaimOutcome]) -> Iterator[Metric]:
    for claim in claims:
        yield from claim.judged.metrics if claim.judged else ()


def _selected_text(outcome: StudyOutcome) -> str:
    mark = translate(SELECTED_ON_TEST)
    if outcome.judges_last_epochs:
        return translate(
            "What is said of a best epoch is {mark}: the epoch was chosen by looking at the test "
            "images, so the figures are better than they would be on new ones. Those of the last "
            "epoch are not: it is the last one whatever the images say.",
            mark=mark,
        )
    return translate(
        "Every accuracy here is {mark}: the epoch was chosen by looking at "
        "the test images, so the figures are better than they would be on new ones.",
        mark=mark,
    )


def _notices(outcome: StudyOutcome) -> list[Block]:
    notices: list[str] = []
    if outcome.selected_on_test:
        notices.append(_selected_text(outcome))
    if outcome.quick:
        notices.append(
            translate(
                "Everything here was made with --quick, on a tenth of the data: it shows how the "
                "study works, and its figures are not comparable with those of any other run."
            )
        )
    if outcome.study.comparable and outcome.study.on_other_data and outcome.study.other_data:
        notices.append(
            translate(
                "The data set that was given is taken for {data}: the source's figures of it are "
                "those shown here.",
                data=outcome.study.other_data,
            )
        )
    if outcome.study.shortened:
        notices.append(
            translate(
                "This study is shortened: {what} Its figures need not be those of the whole.",
                what=translate(outcome.study.shortened),
            )
        )
    if not outcome.study.comparable and outcome.study.is_published:
        notices.append(
            translate(
                "These trainings differ from the published ones in their data or protocol, so "
                "no published figure and no published claim is shown beside them."
            )
        )
    if len(outcome.seeds) == 1:
        notices.append(
            translate(
                "One seed shows no spread, so no verdict can be drawn from it. --seeds 3 shows "
                "large differences, --settle adds seeds until each claim is settled."
            )
        )
    return [Notice(text) for text in notices]


def _figure_verdicts(outcome: StudyOutcome) -> list[Block]:
    cells = outcome.cells
    if not cells:
        return []
    blocks: list[Block] = [figure_tally([cell.verdict for cell in cells])]
    chance = chance_text(outcome.figures)
    if chance:
        blocks.append(Text(chance))
    reasons = Counter(why_not_text(cell.why_not) for cell in cells if cell.judgement is None)
    if reasons:
        blocks += [Text(translate("Why figures are not judged:")), Bullets(_most_common(reasons))]
    return blocks


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


def overview_blocks(outcomes: Sequence[StudyOutcome]) -> tuple[Block, ...]:
    """How the verdicts fell over all studies and in each."""
    shown = [outcome for outcome in outcomes if outcome.study.comparable]
    cells = [cell for outcome in shown for cell in outcome.cells]
    claims = [claim for outcome in shown for claim in outcome.claims]
    blocks: list[Block] = []
    if cells:
        blocks.append(figure_tally([cell.verdict for cell in cells]))
        chance = chance_text([figure for outcome in shown for figure in outcome.figures])
        blocks += [Text(chance)] if chance else []
    if claims:
        blocks.append(claim_tally(claims, published=True))
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
    mark = f", {mark_name(outcome.judged_mark)}" if outcome.judged_mark else ""
    header = f"{translate(outcome.study.title)} ({seeds(len(outcome.seeds))}{mark})"
    if not outcome.study.comparable:
        return [Row(header, (_what_differs(outcome), *(NONE for _ in TONE_TITLES)))]
    return [
        Row(
            header,
            (
                translate("figures"),
                *_by_tone([figure_tone(cell.verdict) for cell in outcome.cells]),
            ),
        ),
        Row(header, (translate("claims"), *_by_tone(list(map(claim_tone, outcome.claims))))),
    ]


def _what_differs(outcome: StudyOutcome) -> str:
    if not outcome.study.is_published:
        return NONE
    if outcome.study.on_other_data:
        return translate("other data")
    return translate("other settings")


def _by_tone(tones: Sequence[Tone]) -> list[str]:
    counts = Counter(tones)
    return [format_number(counts[tone], ",") if counts[tone] else NONE for tone in TONE_TITLES]
