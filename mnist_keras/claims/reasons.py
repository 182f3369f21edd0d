"""Why a claim has no verdict."""

from __future__ import annotations

from dataclasses import dataclass

from mnist_keras.metrics import Metric
from mnist_keras.subjects import Label


@dataclass(frozen=True)
class NoRun:
    """These have no finished run; `wide_only` says that only the wider sweeps make them."""

    labels: tuple[Label, ...]
    wide_only: bool = False


@dataclass(frozen=True)
class NothingDone:
    """Another study has no finished run at all."""

    study: str


@dataclass(frozen=True)
class NotMeasured:
    """A metric was not measured for a configuration."""

    metric: Metric
    label: Label


@dataclass(frozen=True)
class NoCommonSeed:
    """No seed has finished runs of all of these."""

    labels: tuple[Label, ...]


@dataclass(frozen=True)
class TooFewSeeds:
    """This has fewer seeds than a claim about so many runs needs."""

    label: Label
    runs: int


@dataclass(frozen=True)
class NoCommonGroup:
    """No group of so many seeds has finished runs, with predictions, of all of these."""

    labels: tuple[Label, ...]
    size: int


@dataclass(frozen=True)
class NotAlike:
    """No seed's runs of these shared the machine alike, so their times do not compare."""

    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Disturbed:
    """Other work held up a run of every seed of these."""

    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Zero:
    """A metric is 0 in a run, so that there is no ratio."""

    metric: Metric


@dataclass(frozen=True)
class OneValue:
    """A factor with one value has no impact."""


@dataclass(frozen=True)
class NoGrid:
    """The study has no factors, so there is no grid."""


@dataclass(frozen=True)
class NothingToCompare:
    """A table has no runs of these with the seeds of the others."""

    labels: tuple[Label, ...]


@dataclass(frozen=True)
class NoCost:
    """A table of results does not say what was trained for it."""


@dataclass(frozen=True)
class NoOtherStudy:
    """A table of results is one study, and knows no other one."""

    study: str


@dataclass(frozen=True)
class OtherSettings:
    """The settings differ from those of the source."""


WhyNot = (
    NoRun | NothingDone | NotMeasured | NoCommonSeed | TooFewSeeds | NoCommonGroup | NotAlike
    | Disturbed | Zero | OneValue | NoGrid | NothingToCompare | NoCost | NoOtherStudy
    | OtherSettings
)  # fmt: skip
