"""Several verdicts that a claim needs all of."""

from __future__ import annotations

from collections.abc import Sequence

from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.summaries import Verdict


def all_hold(verdicts: Sequence[Verdict]) -> Verdict:
    """Of figures that all have to come out: `HOLDS` if all are `SAME`, `FAILS` if one differs."""
    if Verdict.DIFFERENT in verdicts:
        return Verdict.FAILS
    return Verdict.OPEN if Verdict.OPEN in verdicts else Verdict.HOLDS


def widest(ranges: Sequence[SeedRange | None]) -> SeedRange | None:
    """The range of the one that needs most; None where nobody needs any, or nothing is known."""
    known = [one for one in ranges if one is not None]
    if not known:
        return None
    return SeedRange(*(_most(ends) for ends in zip(*map(_ends, known), strict=True)))


def _ends(one: SeedRange) -> tuple[int | None, int | None, int | None]:
    return one.low, one.middle, one.high


def _most(ends: Sequence[int | None]) -> int | None:
    known = [end for end in ends if end is not None]
    return max(known) if len(known) == len(ends) else None
