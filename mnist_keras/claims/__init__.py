"""What sources claim, as typed data that a verdict can be computed from: a module a kind."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from mnist_keras.claims.base import by_name
from mnist_keras.claims.best_of import BestOf
from mnist_keras.claims.best_value import BestValue, Constancy
from mnist_keras.claims.bounds import Bound
from mnist_keras.claims.costs import CostClaim, Equal
from mnist_keras.claims.figures import Gap, Impact, Ratio
from mnist_keras.claims.monotone import Monotone
from mnist_keras.claims.order import NoGain, Order
from mnist_keras.claims.ranking import Ranking, Sensitivity

Claim = Annotated[
    BestValue
    | Constancy
    | Order
    | NoGain
    | Equal
    | Ranking
    | Impact
    | Gap
    | Ratio
    | Monotone
    | CostClaim
    | Sensitivity
    | Bound
    | BestOf,
    Field(discriminator="kind"),
]

__all__ = [
    "BestOf", "BestValue", "Bound", "Claim", "Constancy", "CostClaim", "Equal", "Gap", "Impact",
    "Monotone", "NoGain", "Order", "Ranking", "Ratio", "Sensitivity", "by_name",
]  # fmt: skip
