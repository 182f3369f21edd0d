"""How the verdicts on figures and claims fell, and each claim with its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.report.language import plural, translate
from mnist_keras.report.page.document import Block, Chip, Finding, Findings, Tally, Tone
from mnist_keras.report.page.wording import claim_chip, claim_tone, figure_tone
from mnist_keras.report.words.claims import claim_reason, replay_text
from mnist_keras.report.words.verdicts import FIGURE_WORDS
from mnist_keras.statistics.summaries import Verdict

CLAIM_WORDS = {
    Tone.GOOD: "hold",
    Tone.BAD: "do not hold",
    Tone.SAME: "claim a difference where there is none beyond the margin",
    Tone.OPEN: "cannot be told with these seeds",
    Tone.NONE: "not judged",
}


def figure_tally(verdicts: Sequence[Verdict | None]) -> Tally:
    """How often each verdict fell on a published figure; None where there was none."""
    counts = Counter(verdicts)
    return Tally(
        plural(len(verdicts), "published figure", "published figures"),
        tuple(
            (Chip(translate(word), figure_tone(verdict)), counts[verdict])
            for verdict, word in FIGURE_WORDS.items()
            if counts[verdict]
        ),
    )


def claim_tally(claims: Sequence[ClaimOutcome], published: bool) -> Tally:
    """How often each verdict fell on a claim, the clear ones first.

    The claims are those that somebody `published`, or the questions of a study of one's own.
    """
    counts = Counter(claim_tone(claim) for claim in claims)
    what = (
        plural(len(claims), "published claim", "published claims")
        if published
        else plural(len(claims), "claim of this study", "claims of this study")
    )
    return Tally(
        what,
        tuple(
            (Chip(translate(word), tone), counts[tone])
            for tone, word in CLAIM_WORDS.items()
            if counts[tone]
        ),
    )


def claim_blocks(claims: Sequence[ClaimOutcome], published: bool, mark: str = "") -> list[Block]:
    """The tally of the claims, and each with its verdict; `mark` goes wherever they go."""
    if not claims:
        return []
    return [claim_tally(claims, published), Findings(tuple(map(_finding, claims)), mark)]


def _finding(result: ClaimOutcome) -> Finding:
    metric = result.judged.metric if result.judged else None
    return Finding(
        result.claim.label,
        translate(result.claim.text),
        claim_chip(result),
        claim_reason(result),
        replay_text(result.replay, metric),
    )
