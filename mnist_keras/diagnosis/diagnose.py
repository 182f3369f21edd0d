"""All findings about one run."""

from __future__ import annotations

from mnist_keras.diagnosis.broken import AtChance, ManySilentUnits, NotANumber
from mnist_keras.diagnosis.facts import RunFacts
from mnist_keras.diagnosis.fit import HoldoutUnlikeTest, Overfitting, ValidationAboveTraining
from mnist_keras.diagnosis.pace import RateTooSmall, StillImproving

Finding = (
    NotANumber | AtChance | ManySilentUnits | RateTooSmall | StillImproving | Overfitting
    | ValidationAboveTraining | HoldoutUnlikeTest
)  # fmt: skip

OTHERS = (
    ManySilentUnits,
    RateTooSmall,
    StillImproving,
    Overfitting,
    ValidationAboveTraining,
    HoldoutUnlikeTest,
)


def diagnose(facts: RunFacts) -> tuple[Finding, ...]:
    """What is wrong with a run, the worst first; nothing in most cases.

    What needs the number of validation images, or the network itself, is not looked for in runs of
    earlier versions, which did not record it.
    """
    nothing_else = NotANumber.find(facts) or AtChance.find(facts)
    if nothing_else is not None:
        return (nothing_else,)
    several = [found for kind in OTHERS if (found := kind.find(facts)) is not None]
    if any(isinstance(one, RateTooSmall) for one in several):
        several = [one for one in several if not isinstance(one, StillImproving)]
    return tuple(several)
