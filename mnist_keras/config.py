"""One training described by one frozen object, its name, and its canonical JSON."""

from __future__ import annotations

import json
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from mnist_keras.errors import UserError

Architecture = Literal["perceptron", "shallow", "deep", "lenet5", "cnn-simple", "cnn2", "cnn3"]
Validation = Literal["holdout", "test"]
Padding = Literal["same", "valid"]
Precision = Literal["float32", "mixed_bfloat16"]

ARCHITECTURE_NAMES: tuple[str, ...] = get_args(Architecture)

MNIST = "mnist"
"""The identity of the data set that the package ships."""

QUICK = "quick-"
"""Begins the identity of a tenth of a data set, as `--quick` trains on."""

MAX_HIDDEN_LAYERS = 20
"""More of them would make a run's name longer than a folder's name may be."""

# What the two sources train each architecture with by default (the perceptron's learning rate is
# ours: the report names none).
DEFAULTS: dict[str, dict[str, Any]] = {
    "perceptron": {"learning_rate": 1e-4, "batch_size": 5, "epochs": 10},
    "shallow": {"hidden": (128,), "learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    "deep": {"hidden": (256, 128), "learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    "lenet5": {"padding": "same", "learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    "cnn-simple": {"learning_rate": 1e-3, "batch_size": 64, "epochs": 15},
    "cnn2": {"learning_rate": 1e-3, "batch_size": 32, "epochs": 20, "patience": 5},
    "cnn3": {"learning_rate": 1e-3, "batch_size": 32, "epochs": 20, "patience": 5},
}


class RunConfig(BaseModel):
    """Everything that decides what one training computes, save the number of threads.

    A field that is left out takes the architecture's default (`DEFAULTS`). Threads, folders and
    pinning say where a run is made, not which run it is: they are recorded with the result.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    architecture: Architecture
    hidden: tuple[int, ...] = Field(
        default=(), description="widths of the hidden layers (shallow: one, deep: two or more)"
    )
    padding: Padding | None = Field(
        default=None, description="padding of LeNet-5's first convolution"
    )
    learning_rate: float = Field(
        default=1e-3, gt=0, le=1e6, allow_inf_nan=False, description="learning rate"
    )
    batch_size: int = Field(default=64, ge=1, le=60_000, description="images per weight update")
    epochs: int = Field(default=15, ge=1, le=10_000, description="passes over the training images")
    patience: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="stop after so many epochs without a better validation accuracy",
    )
    validation: Validation = Field(
        default="holdout",
        description="select the epoch on a 20 % hold-out or the data set's own validation part, "
        "or, as the notebook, on the test set",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, description="draws split, weights, order and dropout"
    )
    precision: Precision = Field(default="float32", description="arithmetic of the layers")
    data: str = Field(
        default=MNIST,
        pattern=r"^(mnist|(data|quick)-[0-9a-f]{12})$",
        description="identity of the data set, from its contents",
    )

    @model_validator(mode="before")
    @classmethod
    def _fill_in_defaults(cls, fields: Any) -> Any:
        if not isinstance(fields, dict):
            return fields
        architecture = fields.get("architecture")
        defaults = DEFAULTS.get(architecture, {}) if isinstance(architecture, str) else {}
        return {**defaults, **fields}

    @model_validator(mode="after")
    def _check_architecture_settings(self) -> RunConfig:
        widths = {"shallow": "one width", "deep": "two or more widths"}.get(self.architecture)
        fits = {"shallow": len(self.hidden) == 1, "deep": len(self.hidden) >= 2}
        if not fits.get(self.architecture, not self.hidden):
            raise ValueError(
                f"hidden is {list(self.hidden)}; {self.architecture} takes {widths or 'none'}"
            )
        if any(not 1 <= width <= 65_536 for width in self.hidden):
            raise ValueError(f"hidden is {list(self.hidden)}; expected widths from 1 to 65536")
        if len(self.hidden) > MAX_HIDDEN_LAYERS:
            raise ValueError(
                f"hidden is {list(self.hidden)}; expected at most {MAX_HIDDEN_LAYERS} widths"
            )
        if (self.padding is not None) != (self.architecture == "lenet5"):
            raise ValueError(
                f"padding is {self.padding}; lenet5 takes same or valid, the others none"
            )
        return self

    @property
    def name(self) -> str:
        """The run's folder name: readable, and different for every different configuration."""
        parts: list[str] = [self.architecture]
        if self.hidden:
            parts.append("h" + "x".join(str(width) for width in self.hidden))
        if self.padding == "valid":
            parts.append("valid")
        parts += [f"lr{self.learning_rate!r}", f"b{self.batch_size}", f"e{self.epochs}"]
        if self.patience is not None:
            parts.append(f"p{self.patience}")
        if self.validation == "test":
            parts.append("test")
        if self.precision != "float32":
            parts.append("bf16")
        if self.data != MNIST:
            parts.append(self.data)
        return "-".join([*parts, f"s{self.seed}"])

    @property
    def selected_on_test(self) -> bool:
        """Whether the best epoch is chosen on the test set, as the notebook does."""
        return self.validation == "test"

    @property
    def quick(self) -> bool:
        """Whether it trains on a tenth of a data set, which compares with nothing else."""
        return self.data.startswith(QUICK)

    @property
    def graph(self) -> RunConfig:
        """What the compiled training depends on: all but seed, learning rate, epochs, patience."""
        return self.replace(seed=0, learning_rate=1.0, epochs=1, patience=None)

    def to_json(self) -> str:
        """Canonical JSON: every field, sorted, with a newline at the end."""
        return json.dumps(self.model_dump(mode="json"), indent=2, sort_keys=True) + "\n"

    def replace(self, **changes: Any) -> RunConfig:
        """A checked copy with other values.

        Raises:
            UserError: a value is not allowed.
        """
        return make_config({**self.model_dump(), **changes})


def make_config(fields: dict[str, Any]) -> RunConfig:
    """Build a `RunConfig` from plain values.

    Raises:
        UserError: a field is unknown or its value is not allowed; the line names each of them.
    """
    try:
        return RunConfig.model_validate(fields)
    except ValidationError as error:
        problems = error.errors()
        raise UserError("; ".join(describe_problem(problem) for problem in problems)) from None


def describe_problem(problem: Any) -> str:
    """One of pydantic's problems as "field is value; what was expected"."""
    # A name that is no setting can hold anything, line breaks too.
    place = " ".join(".".join(str(part) for part in problem["loc"]).split())
    if problem["type"] == "extra_forbidden":
        return f"{place} is not a setting; expected one of {', '.join(RunConfig.model_fields)}"
    message = problem["msg"].removeprefix("Value error, ")
    if not place:
        return message
    if problem["type"] == "missing":
        return f"{place} is missing; give it a value"
    message = message[0].lower() + message[1:]
    return f"{place} is {problem['input']!r}; {message.replace('input should', 'it should')}"
