"""One training described by one frozen object, its name, and its canonical JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    field_validator,
    model_serializer,
    model_validator,
)

from mnist_keras.architectures import BUILT_IN, Architecture, Shape
from mnist_keras.data import MNIST, QUICK
from mnist_keras.data.kinds import Kind, kind_of
from mnist_keras.errors import UserError
from mnist_keras.own_networks import OwnNetwork, find_own, is_own
from mnist_keras.run_names import name_of
from mnist_keras.schema import Setting, describe_problem, settings_of_model
from mnist_keras.settings import IN_EVERY_NAME, TRAINING, Training

ARCHITECTURE_NAMES: tuple[str, ...] = tuple(BUILT_IN)

_OWN = re.compile(r"[\w .+-]{1,100}\.py:[A-Za-z_][A-Za-z0-9_]{0,39}")
"""A network of the user's own as a record names it: the file without its folder."""


class Network(BaseModel):
    """What a network of the user's own was when its run was configured.

    Attributes:
        sha256: the beginning of the hash of the built model, see `training/identity.py`.
        defaults: the defaults of its settings then.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sha256: str = Field(pattern=r"^[0-9a-f]{12}$")
    defaults: dict[str, Any]


class RunConfig(Training):
    """Everything that decides what one training computes, save the number of threads.

    Beside the fields it takes the settings of its architecture, by their names; they are in
    `settings`, and can be read as attributes. A setting that is left out takes the architecture's
    default. Threads, folders and pinning say where a run is made, not which run it is: they are
    recorded with the result. Two configurations that mean the same are equal.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: str = Field(
        description="a built-in network, or a function of your own, as nets.py:net"
    )
    settings: dict[str, Any] = Field(
        default_factory=dict, validate_default=True, description="the network's own settings"
    )
    network: Network | None = Field(
        default=None, description="what a network of the user's own was, when it was trained"
    )
    source: str | None = Field(default=None, description="where its function is", repr=False)
    seed: int = Field(
        default=0, ge=0, lt=2**32, description="draws split, weights, order and dropout"
    )
    data: str = Field(default=MNIST, description="identity of the data set, from its contents")

    @model_validator(mode="before")
    @classmethod
    def _sort_fields(cls, given: Any) -> Any:
        """Put the network's own settings together, and fill in what it is trained with."""
        if not isinstance(given, dict):
            return given
        fields = dict(given)
        settings = dict(fields.pop("settings", None) or {})
        if fields.get("network") is not None:
            # As a record has it: no file is run, and whatever is no field was a setting.
            settings |= {name: fields.pop(name) for name in [*fields] if name not in _FIELDS}
            return {**fields, "settings": {n: _as_tuple(v) for n, v in settings.items()}}
        found = find_architecture(fields.get("source") or fields.get("architecture"))
        if found is None:
            return fields
        if isinstance(found, OwnNetwork):
            fields |= {"architecture": found.name, "source": found.reference}
        settings |= {name: fields.pop(name) for name in [*fields] if name in found.settings}
        for name in _OLD_SETTINGS - set(found.settings):
            # Files of earlier versions have both for every network, empty where it has none.
            if fields.get(name, 0) in (None, [], ()):
                del fields[name]
        return {**found.training, **fields, "settings": settings}

    @field_validator("architecture")
    @classmethod
    def _check_architecture(cls, name: str) -> str:
        if name in BUILT_IN or _OWN.fullmatch(name):
            return name
        *others, last = map(repr, BUILT_IN)
        raise ValueError(
            f"it should be {', '.join(others)} or {last}, or a function of your own, nets.py:net"
        )

    @field_validator("data")
    @classmethod
    def _check_data(cls, identity: str) -> str:
        kind_of(identity)
        return identity

    @model_validator(mode="after")
    def _check_network(self) -> RunConfig:
        if self.network is not None:
            self._check_recorded()
            return self
        found = self.find()
        checked = found.model.model_validate(self.settings)
        self.__dict__["settings"] = {name: getattr(checked, name) for name in found.settings}
        probabilities = found.probabilities
        if isinstance(found, OwnNetwork):
            defaults = {n: s.default for n, s in found.settings.items() if s.has_default}
            from mnist_keras.training.identity import identify

            identity = identify(found, self.settings, self.shape, self.classes)
            probabilities = identity.probabilities
            if self.loss == "cross-entropy" and not probabilities:
                raise ValueError(
                    f"{found.place}: {self.label} ends in scores, not in probabilities, which "
                    "cross-entropy takes; end it with a softmax, or train with squared-error"
                )
            self.__dict__["network"] = Network(sha256=identity.sha256, defaults=defaults)
        if not probabilities:
            self._check_takes_scores()
        return self

    def _check_takes_scores(self) -> None:
        """Check that what is monitored says something of a network that ends in scores."""
        if self.monitored_score is None:
            return
        from mnist_keras.scores import SCORES, needs_probabilities

        if needs_probabilities(SCORES[self.monitored_score]):
            raise ValueError(
                f"monitor is {self.monitor}, but {self.label} ends in scores, not in "
                "probabilities, which it is computed from; monitor another metric, as val_accuracy"
            )

    def _check_recorded(self) -> None:
        """Check what a record says of a network of somebody's own; it may come from anywhere."""
        if self.architecture in BUILT_IN:
            raise ValueError(f"{self.architecture} is built in, but has a network of one's own")
        for name, value in self.settings.items():
            sound = value is None or isinstance(value, int | float | tuple)
            if not name.isidentifier() or not (sound or _is_text(value)):
                raise ValueError(f"{name} is {value!r}, which is no setting of a network")

    @model_serializer(mode="wrap")
    def _flat(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """The settings beside the fields, as files and command lines have them."""
        fields = serialize(self)
        settings = fields.pop("settings")
        del fields["source"]
        if fields["network"] is None:
            del fields["network"]
        seed, data = fields.pop("seed"), fields.pop("data")
        return {
            "architecture": fields.pop("architecture"),
            **settings,
            **fields,
            "seed": seed,
            "data": data,
        }

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """A setting of the network."""
            settings = self.__dict__.get("settings", {})
            return settings[name] if name in settings else super().__getattr__(name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RunConfig) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @cached_property
    def key(self) -> tuple[Any, ...]:
        """What the run is: the same for all configurations that mean the same.

        A network of the user's own is known by its function's name and what it builds, wherever its
        file is; a setting at its default takes no part, so that it may get new ones.
        """
        own = (self.label, self.network.sha256) if self.network else (self.architecture,)
        settings = tuple(sorted(self.changed_settings.items()))
        training = tuple(getattr(self, name) for name in TRAINING)
        return (*own, settings, training, self.seed, self.data)

    @property
    def changed_settings(self) -> dict[str, Any]:
        """The network's settings that are not at their defaults."""
        if self.network is not None:
            defaults = self.network.defaults
        else:
            defaults = {one.name: one.default for one in self.find().settings.values()}
        return {
            name: value
            for name, value in self.settings.items()
            if name not in defaults or _as_tuple(defaults[name]) != value
        }

    @property
    def label(self) -> str:
        """The network's name without its file."""
        return self.architecture.rpartition(":")[2]

    @property
    def name(self) -> str:
        """The run's folder name: readable, and different for every different configuration."""
        return name_of(self)

    @property
    def shape(self) -> Shape:
        """Height, width and channels of an image."""
        return self.kind.shape

    @property
    def classes(self) -> int:
        """Outputs of the network."""
        return self.kind.classes

    @property
    def kind(self) -> Kind:
        """The kind of its images, which their identity tells."""
        return kind_of(self.data)

    @property
    def quick(self) -> bool:
        """Whether it trains on a tenth of a data set, which compares with nothing else."""
        return self.data.startswith(QUICK)

    @property
    def graph(self) -> RunConfig:
        """What the compiled training depends on: all but seed, patience, and a constant rate."""
        alike: dict[str, Any] = {"seed": 0, "patience": None, "monitor": "val_accuracy"}
        alike |= {"label_noise": 0.0, "test_shift": 0, "keep": "best"}
        alike |= {name: TRAINING[name].default for name in TRAINING if name.startswith("augment_")}
        if self.constant_rate:
            alike |= {"learning_rate": 1.0, "epochs": 1}
        return self.replace(**alike)

    def find(self) -> Architecture:
        """The network that it trains; the user's file is run where it is one of theirs.

        Raises:
            UserError: it was made from a file that is not known here.
        """
        if is_own(self.architecture) and self.source is None:
            raise UserError(
                f"the run {self.label} was made with a function in "
                f"{self.architecture.rpartition(':')[0]}, which a record does not run; "
                "name the file itself as the architecture"
            )
        found = find_architecture(self.source or self.architecture)
        assert found is not None  # it was validated
        return found

    def to_json(self) -> str:
        """Canonical JSON: every field, sorted, with a newline at the end."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    def replace(self, **changes: Any) -> RunConfig:
        """A checked copy with other values.

        Raises:
            UserError: a value is not allowed.
        """
        fields = {name: getattr(self, name) for name in _FIELDS}
        if changes.get("architecture", self.architecture) != self.architecture:
            fields |= {"network": None, "source": None, "settings": {}}
        elif changes.keys() - _FIELDS or changes.get("data", self.data) != self.data:
            self.find()  # a record's own network is only known with the settings that it has
            fields["network"] = None
        return make_config({**fields, **changes})


_FIELDS = tuple(RunConfig.model_fields)

_OLD_SETTINGS = {"hidden", "padding"}

BUILT_IN_SETTINGS: dict[str, Setting] = {
    name: Setting(name, setting.loose, None, setting.help)
    for each in BUILT_IN.values()
    for name, setting in each.settings.items()
}
"""The settings of the built-in networks, each without the bounds that it has in one of them."""

OF_EVERY_RUN: dict[str, Setting] = {**TRAINING, "seed": settings_of_model(RunConfig)["seed"]}
"""The settings that every network is trained with."""


def find_architecture(name: str | Callable[..., Any] | None) -> Architecture | None:
    """The network of this name, or of the user's own; None if the name is none.

    Raises:
        UserError: the user's own cannot be used.
    """
    if name is not None and (callable(name) or is_own(name)):
        return find_own(name)
    return BUILT_IN.get(name) if isinstance(name, str) else None


def settings_of(architecture: str) -> dict[str, Setting]:
    """Every setting of a run of this network: its own, then those of every run.

    Raises:
        UserError: it is the user's own and cannot be used.
    """
    found = find_architecture(architecture)
    return {**(found.settings if found else BUILT_IN_SETTINGS), **OF_EVERY_RUN}


def is_usual(name: str, value: Any) -> bool:
    """Whether a setting has a default that goes without saying, as those of later versions do."""
    setting = TRAINING.get(name)
    return setting is not None and name not in IN_EVERY_NAME and value == setting.default


def make_config(fields: Mapping[str, Any]) -> RunConfig:
    """Build a `RunConfig` from plain values.

    Raises:
        UserError: a field is unknown or its value is not allowed; the line names each of them.
    """
    try:
        return RunConfig.model_validate(dict(fields))
    except ValidationError as error:
        architecture = str(fields.get("architecture"))
        # What a record holds is not looked up: that would run a file.
        known = OF_EVERY_RUN if fields.get("network") else settings_of(architecture)
        expected = ["architecture", *known, "data"]
        problems = [describe_problem(problem, architecture, expected) for problem in error.errors()]
        raise UserError("; ".join(problems)) from None


def recorded_config(fields: Mapping[str, Any]) -> RunConfig:
    """The configuration that a record holds; unlike `make_config` it never runs anybody's file.

    Raises:
        UserError: it is none.
    """
    if is_own(fields.get("architecture")) and fields.get("network") is None:
        raise UserError(
            f"architecture is {fields['architecture']!r}, but what that network was is missing"
        )
    return make_config({**fields, "source": None})


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value.isprintable() and len(value) <= 1000


def _as_tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
