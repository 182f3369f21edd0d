"""A claim, and what it came to."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_keras.claims import Claim
from mnist_keras.claims.base import Judged, Replay
from mnist_keras.claims.evidence import Evidence, NotJudged, Side
from mnist_keras.claims.reasons import WhyNot
from mnist_keras.statistics.summaries import Verdict


@dataclass(frozen=True)
class ClaimOutcome:
    """A published claim and its verdict; `judged` is None where the runs for it are missing.

    `replay` says whether the source could have known; None where that cannot be told. `sides` are
    the configurations that more seeds of would help.
    """

    claim: Claim
    judged: Judged | None
    why_not: WhyNot | None = None
    replay: Replay | None = None
    sides: tuple[Side, ...] = ()

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None where the claim is not judged."""
        return None if self.judged is None else self.judged.verdict


def judge_claim(claim: Claim, evidence: Evidence, published: bool) -> ClaimOutcome:
    """One claim and its verdict; of a `published` one, whether its source could have known."""
    try:
        judged = claim.judge(evidence)
    except NotJudged as missing:
        return ClaimOutcome(claim, None, missing.reason, sides=missing.sides)
    replay = _replayed(claim, evidence) if published else None
    return ClaimOutcome(claim, judged, replay=replay, sides=judged.sides)


def _replayed(claim: Claim, evidence: Evidence) -> Replay | None:
    """None, too, where the runs suffice for the verdict but share too few seeds to be replayed."""
    try:
        return claim.replay(evidence)
    except NotJudged:
        return None
