"""A study: a list of trainings with a question, read from a TOML file.

A study varies one factor at a time round a base configuration, and adds single named trials. It
also holds the figures and the claims that a source published about them. See docs/studies.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from mnist_keras.claims import Claim
from mnist_keras.config import RunConfig
from mnist_keras.data import MNIST
from mnist_keras.errors import UserError
from mnist_keras.metrics import METRICS, Margins, MetricName, RequestedMetric, to_record_unit
from mnist_keras.studies import checks
from mnist_keras.studies.files import (
    FOLDER,
    STUDY_NAMES,
    describe,
    from_folder,
    read_toml,
    split_french,
)
from mnist_keras.studies.known_networks import KnownNetwork
from mnist_keras.studies.published import PublishedCell, PublishedTable, TensorShape
from mnist_keras.studies.trials import (
    Cost,
    Factor,
    NamedTrial,
    Reading,
    Settings,
    Trial,
    combined,
    hosts,
    merge,
    share_prefixes,
    vary,
)
from mnist_keras.subjects import Entry, Label, Subject

STUDY_NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"
"""What the name of a study looks like, which is that of its folder, too."""

UNCHECKED = {"together": False}
"""The context in which a study's parts are checked one by one, and not whether they fit."""


class Study(Entry):
    """The trainings of a study, and what was published about them.

    `base` and `changes` hold fields of RunConfig without the seed; what they leave out is the
    architecture's default. `comparable` is false once a setting differs from the published one.
    `margin` is the difference that does not matter: of accuracies, in points, or for each metric as
    printed. `metrics` are those that the report judges beside both accuracies.
    `shortened` says what the study trains less of than its source did, where it does.
    `target` is the validation accuracy, in percent, that a training is timed to.
    `images` tells of metrics in percent on how many images the source measured them.
    `french` holds the French text of each text that the file gives in both languages, as `title`
    and `title_fr`. `networks` are those of the user's own that a remembered study knows: where they
    are given, even none, no file is run.

    Raises:
        pydantic.ValidationError: a key is unknown, a value is not allowed, or two parts do not
            fit. `load_study` makes a UserError of it.
    """

    name: str = Field(pattern=STUDY_NAME)
    title: str
    source: str = ""
    protocol: str = ""
    shortened: str = ""
    share_prefixes: bool = True
    comparable: bool = True
    base: Settings
    factors: tuple[Factor, ...] = ()
    named_trials: tuple[NamedTrial, ...] = Field(
        default=(), alias="trials", max_length=checks.MAX_TRIALS
    )
    shapes: tuple[TensorShape, ...] = ()
    tables: tuple[PublishedTable, ...] = ()
    claims: tuple[Claim, ...] = ()
    contradictions: tuple[str, ...] = ()
    margin: Margins = Field(default_factory=dict)
    target: float | None = Field(default=None, gt=0, le=100)
    metrics: tuple[RequestedMetric, ...] = ()
    images: dict[MetricName, Annotated[int, Field(ge=1)]] = Field(default_factory=dict)
    french: dict[str, str] = Field(default_factory=dict)
    networks: tuple[KnownNetwork, ...] | None = None

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Study:
        if info.context != UNCHECKED:
            checks.check_study(self, built_in_study)
        return self

    @property
    def published(self) -> tuple[PublishedCell, ...]:
        """Every published figure of the data set that it is run on."""
        tables = (table for table in self.tables if bool(table.data) == self.on_other_data)
        return tuple(chain.from_iterable(table.cells() for table in tables))

    @property
    def other_data(self) -> str:
        """The name of the other data set that its source has figures of; empty without any."""
        return next((table.data for table in self.tables if table.data), "")

    @property
    def on_other_data(self) -> bool:
        """Whether it trains on another data set than the sources, MNIST."""
        return bool(self.base.get("data", MNIST) != MNIST)

    @property
    def is_published(self) -> bool:
        """Whether a source stands behind it: its claims are no questions of its author's own."""
        return bool(self.source or self.tables)

    @property
    def margins(self) -> dict[str, float]:
        """The margins that the study sets, by metric, in the unit of the records."""
        if isinstance(self.margin, dict):
            return {name: to_record_unit(name, value) for name, value in self.margin.items()}
        shares = [name for name, metric in METRICS.items() if metric.is_share]
        return {name: to_record_unit(name, self.margin) for name in shares}

    @property
    def target_share(self) -> float | None:
        """The target as the records have it, a fraction."""
        return None if self.target is None else to_record_unit("val_accuracy", self.target)

    def with_margin(self, points: float) -> Study:
        """The study with another margin of all accuracies, in points."""
        shares = {name: points for name, metric in METRICS.items() if metric.is_share}
        own = self.margin if isinstance(self.margin, dict) else {}
        return self.model_copy(update={"margin": {**own, **shares}})

    def with_metrics(self, names: Sequence[str]) -> Study:
        """The study with further metrics for its report to judge."""
        return self.model_copy(update={"metrics": tuple(dict.fromkeys((*self.metrics, *names)))})

    def metrics_beside(self, *shown: str) -> tuple[str, ...]:
        """The metrics that the study asks for and that are not among those shown anyway."""
        return tuple(name for name in dict.fromkeys(self.metrics) if name not in shown)

    def factor(self, field: str) -> Factor | None:
        """The factor that varies this field of RunConfig."""
        return next((factor for factor in self.factors if factor.field == field), None)

    def named_trial(self, name: str) -> NamedTrial | None:
        """The named trial of this name."""
        return next((trial for trial in self.named_trials if trial.name == name), None)

    def varied(self, changes: Mapping[str, Any]) -> RunConfig:
        """The configuration (of seed 0) of the base with these changes.

        Raises:
            UserError: a setting is unknown or its value is not allowed.
        """
        return vary(self.base, changes, self.networks)

    def config_at(self, subject: Subject) -> RunConfig:
        """The configuration (of seed 0) of a named trial or of one value of a factor.

        Of an ensemble it is that of its members.

        Raises:
            UserError: the study has no such trial.
        """
        trial = self.named_trial(subject.trial) if subject.trial is not None else None
        if trial is not None:
            return self.varied(trial.changes)
        factor = self.factor(subject.factor) if subject.factor is not None else None
        if factor is None or subject.value not in factor.values + factor.wide:
            near = checks.meant(self, subject)
            raise UserError(
                f"{subject} is no trial of study {self.name}; add it, or correct it{near}"
            )
        return self.varied({factor.field: subject.value})

    def cells(self, wide: bool = False) -> list[Trial]:
        """A trial for each named trial and each value of each factor; equal ones are not merged."""
        named = [self._named_cell(trial) for trial in self._named(wide)]
        return named + self._factor_cells(wide)

    def _named(self, wide: bool) -> list[NamedTrial]:
        return [trial for trial in self.named_trials if wide or not trial.wide]

    def _named_cell(self, trial: NamedTrial) -> Trial:
        return Trial(self.varied(trial.changes), (trial.label,), trial.test_curve)

    def _factor_cells(self, wide: bool) -> list[Trial]:
        return [cell for factor in self.factors for cell in self._cells_of(factor, wide)]

    def _cells_of(self, factor: Factor, wide: bool) -> list[Trial]:
        values = factor.tried(wide)
        configs = [self.varied({factor.field: value}) for value in values]
        default = self.varied({})
        # All numbers of epochs are read in the longest run, which has to know its test accuracy.
        read_at_lengths = factor.field == "epochs" and self.share_prefixes
        longest = max((config.epochs for config in configs), default=0)
        return [
            Trial(
                config,
                (Label("default"),) * (config == default) + (factor.value_label(value),),
                test_curve=read_at_lengths and config.epochs == longest,
            )
            for value, config in zip(values, configs, strict=True)
        ]

    def trials(self, wide: bool = False) -> list[Trial]:
        """The trainings to make, with seed 0, in a stable order.

        A configuration appears once, whatever it stands for. With `share_prefixes`, a trial that
        another one begins with is left out; `reading` says where its figures are.
        """
        merged = merge(self.cells(wide))
        return share_prefixes(merged) if self.share_prefixes else merged

    def seeded_trials(self, seeds: Iterable[int], wide: bool = False) -> list[Trial]:
        """The trainings of all seeds: each seed makes all trials before the next one begins."""
        trials = self.trials(wide)
        return [
            Trial(trial.config.replace(seed=seed), trial.labels, trial.test_curve)
            for seed in seeds
            for trial in trials
        ]

    def run_configs(self, seeds: range, wide: bool = False) -> list[RunConfig]:
        """The configurations of `seeded_trials`."""
        return [trial.config for trial in self.seeded_trials(seeds, wide)]

    def readings(self, wide: bool = False) -> dict[RunConfig, Reading]:
        """For each configuration of the study (seed 0) the run that its figures are read from."""
        merged = merge(self.cells(wide))
        host_of = hosts(merged) if self.share_prefixes else {trial: trial for trial in merged}
        return {
            trial.config: Reading(host.config, trial.config.epochs)
            for trial, host in host_of.items()
        }

    def reading(self, config: RunConfig, wide: bool = False) -> Reading:
        """Where the figures of this configuration (of any seed) are read.

        A configuration that is not in the study is read from its own run.
        """
        found = self.readings(wide).get(config.replace(seed=0))
        if found is None:
            return Reading(config, config.epochs)
        return Reading(found.config.replace(seed=config.seed), found.epochs)

    def combination(self, best_values: Mapping[str, Any]) -> RunConfig:
        """The base with the best value of each factor, for the confirmation (seed 0).

        Raises:
            UserError: a field is no factor of the study, or the values do not fit.
        """
        for field in best_values:
            if self.factor(field) is None:
                raise UserError(f"{field} is no factor of study {self.name}; leave it out")
        return self.varied(combined(self.base, best_values, self.networks))

    def cost(self, wide: bool = False) -> Cost:
        """What the study costs for one seed."""
        trials = self.trials(wide)
        in_source = [trial for trial in self._named(wide) if trial.in_source]
        single = [self._named_cell(trial) for trial in in_source if trial.ensemble is None]
        cells = single + self._factor_cells(wide)
        known = {cell.config for cell in cells}
        members = merge(self._named_cell(trial) for trial in in_source if trial.ensemble)
        cells += [cell for cell in members if cell.config not in known]
        counts = [len(factor.tried(wide)) for factor in self.factors]
        return Cost(
            trainings=len(trials),
            epochs=sum(trial.config.epochs for trial in trials),
            cell_trainings=len(cells),
            cell_epochs=sum(cell.config.epochs for cell in cells),
            grid=math.prod(filter(None, counts)) if counts else None,
        )

    def override(self, **fields: Any) -> Study:
        """The study with other values in all of its trainings, as given on the command line.

        A factor whose field is given is no factor any more; figures and claims about it, or about
        later epochs than are trained, are left out. If a training changes, `comparable` is
        false.

        Raises:
            UserError: a field is unknown, is the seed or the architecture, or has a wrong value.
        """
        for name in ("seed", "architecture"):
            if name in fields:
                raise UserError(f"{name} cannot be overridden in a study; leave it out")
        self.varied(fields)
        changed = self.model_copy(
            update={
                "base": {**self.base, **fields},
                "factors": tuple(f for f in self.factors if f.field not in fields),
                "named_trials": tuple(trial.without(fields) for trial in self.named_trials),
            }
        )
        return checks.keep_what_fits(changed, self, built_in_study)


@cache
def built_in_study(name: str) -> Study:
    """A study of the package.

    Raises:
        UserError: the package has no study of this name.
    """
    if name not in STUDY_NAMES:
        raise UserError(f"study {name!r} is not known; expected one of {', '.join(STUDY_NAMES)}")
    place = f"{name}.toml"
    return make_study(read_toml(FOLDER / place, place), place, None, None)


@cache
def keys() -> frozenset[str]:
    """Every key that may stand in a study's file."""
    claims = get_args(get_args(Claim)[0])
    parts = (Study, Factor, NamedTrial, TensorShape, PublishedTable, Subject, *claims)
    return frozenset(
        field.alias or name for part in parts for name, field in part.model_fields.items()
    )


def make_study(
    content: dict[str, Any],
    place: str,
    folder: Path | None,
    networks: tuple[KnownNetwork, ...] | None,
) -> Study:
    """A study of what its file holds.

    Args:
        content: what was read.
        place: what messages call the file.
        folder: where its networks are named from, if any are.
        networks: those of a remembered study, so that no file is run; None to take them from files.

    Raises:
        UserError: it is not a sound study; the line says where and why.
    """
    content, french = split_french(content, place)
    if folder is not None:
        content = from_folder(content, folder)
    try:
        return Study.model_validate({**content, "french": french, "networks": networks})
    except ValidationError as error:
        raise UserError(f"{place}: {describe(error, keys(), content)}") from None
