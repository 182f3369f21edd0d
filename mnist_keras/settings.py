"""How a network is trained: one frozen model whose fields are options, factors and search ranges.

To add a setting, add a field here and use it in `training/`. Its default must train as before: a
setting at its default is not in a run's name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from mnist_keras.metrics import MONITORED, VALIDATION_SCORES, Metric
from mnist_keras.schema import Logarithmic, settings_of_model

Validation = Literal["holdout", "last", "test"]
Keep = Literal["best", "last"]
Precision = Literal["float32", "mixed_bfloat16"]
Loss = Literal["cross-entropy", "squared-error", "summed-squared-error"]
Schedule = Literal["constant", "cosine", "one-cycle", "exponential", "step"]
Optimizer = Literal[
    "adadelta",
    "adafactor",
    "adagrad",
    "adam",
    "adamax",
    "adamw",
    "ftrl",
    "lamb",
    "lion",
    "muon",
    "nadam",
    "rmsprop",
    "sgd",
]

if TYPE_CHECKING:
    Monitor = str
else:
    Monitor = Literal[tuple(MONITORED)]
"""Any metric of the validation set."""

_ADAM = {"beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}

OPTIMIZER_PARAMETERS: dict[str, dict[str, float | bool]] = {
    "adadelta": {"rho": 0.95, "epsilon": 1e-7},
    "adafactor": {},
    "adagrad": {"epsilon": 1e-7},
    "adam": _ADAM,
    "adamax": _ADAM,
    "adamw": {**_ADAM, "weight_decay": 0.004},
    "ftrl": {},
    "lamb": _ADAM,
    "lion": {"beta_1": 0.9, "beta_2": 0.99},
    "muon": {"momentum": 0.95, "nesterov": True, "epsilon": 1e-7, "weight_decay": 0.004},
    "nadam": _ADAM,
    "rmsprop": {"rho": 0.9, "momentum": 0.0, "epsilon": 1e-7},
    "sgd": {"momentum": 0.0, "nesterov": False},
}
"""Which of the parameters below each of Keras's optimizers has, and Keras's default."""

DECAY = {"exponential": 0.9, "step": 0.1}
"""What the learning rate is multiplied by, where `decay` does not say."""

DECAY_EPOCHS = 10
"""Epochs between two steps of the step schedule, where `decay_epochs` does not say."""

Rate = Annotated[float, Logarithmic()]
Fraction = Annotated[float, Field(ge=0, lt=1)]


class Training(BaseModel):
    """What decides how a network is trained, whichever network it is.

    None of an optimizer's parameter means its own default, and so does that default itself.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    learning_rate: Rate = Field(
        default=1e-3, gt=0, le=1e6, allow_inf_nan=False, description="learning rate"
    )
    batch_size: Annotated[int, Logarithmic()] = Field(
        default=64, ge=1, le=60_000, description="images per weight update"
    )
    epochs: int = Field(default=15, ge=1, le=10_000, description="passes over the training images")
    patience: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="stop after so many epochs without a better value of what is monitored",
    )
    validation: Validation = Field(
        default="holdout",
        description="select the epoch on a hold-out that the seed draws or the data set's own "
        "validation part, on the last part of the training images, or, as the notebook, on the "
        "test set",
    )
    precision: Precision = Field(default="float32", description="arithmetic of the layers")
    optimizer: Optimizer = Field(default="adam", description="how gradients become updates")
    momentum: Fraction | None = Field(
        default=None, description="of sgd, rmsprop and muon: share of the update before"
    )
    nesterov: bool | None = Field(
        default=None, description="of sgd and muon: look ahead along the momentum"
    )
    beta_1: Fraction | None = Field(
        default=None, description="of the adam family and lion: decay of the gradients' mean"
    )
    beta_2: Fraction | None = Field(
        default=None, description="of the adam family and lion: decay of the squares' mean"
    )
    rho: Fraction | None = Field(
        default=None, description="of rmsprop and adadelta: decay of the squares' mean"
    )
    epsilon: Rate | None = Field(
        default=None, gt=0, le=1, description="keeps an optimizer from dividing by nothing"
    )
    weight_decay: Rate | None = Field(
        default=None, ge=0, le=1, description="share of every weight that an update takes away"
    )
    gradient_clip: Rate | None = Field(
        default=None, gt=0, le=1e6, description="longest gradient of all weights together"
    )
    schedule: Schedule = Field(
        default="constant", description="how the learning rate changes with the updates"
    )
    warm_up: float = Field(
        default=0.0,
        ge=0,
        le=10_000,
        allow_inf_nan=False,
        description="epochs in which the learning rate rises from 0",
    )
    decay: float | None = Field(
        default=None,
        gt=0,
        lt=1,
        description="what exponential multiplies the rate by in an epoch (0.9), or step (0.1)",
    )
    decay_epochs: int | None = Field(
        default=None, ge=1, le=10_000, description="epochs between two steps of step (10)"
    )
    loss: Loss = Field(default="cross-entropy", description="what an update makes smaller")
    label_smoothing: Fraction = Field(
        default=0.0, description="share of a label that is spread over all classes"
    )
    ema: Fraction | None = Field(
        default=None,
        gt=0,
        description="judge and keep a moving average of the weights, with this momentum",
    )
    augment_shift: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="move training images by up to this share of their side, anew in every epoch",
    )
    augment_rotate: float = Field(
        default=0.0, ge=0, le=180, description="turn them by up to so many degrees"
    )
    augment_zoom: float = Field(
        default=0.0, ge=0, le=0.9, description="make them larger or smaller by up to this share"
    )
    augment_shear: float = Field(
        default=0.0, ge=0, le=60, description="slant them by up to so many degrees"
    )
    augment_elastic: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        description="bend them: spread of a smooth displacement, a share of their side (0.05: "
        "Simard et al. 2003)",
    )
    augment_mirror: bool = Field(default=False, description="mirror half of them")
    augment_cutout: float = Field(
        default=0.0, ge=0, le=1, description="cover a square of this share of their side"
    )
    shifted_copies: int = Field(
        default=0,
        ge=0,
        le=8,
        description="train also on four copies of each image, moved by so many pixels up, down, "
        "left and right",
    )
    monitor: Monitor = Field(
        default="val_accuracy",
        description="metric of the validation set that the best epoch and the patience look at",
    )
    test_shift: int = Field(
        default=0,
        ge=0,
        le=4,
        description="answer with the mean over an image and its shifts by up to so many pixels",
    )
    keep: Keep = Field(
        default="best",
        description="keep the weights of the best epoch, or of the last, so that none is chosen",
    )
    train_images: Annotated[int, Logarithmic()] | None = Field(
        default=None, ge=1, le=10**9, description="train on so many of the training images only"
    )
    label_noise: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="give this share of the training images the label of another class",
    )
    validation_share: float = Field(
        default=0.2, ge=0.01, le=0.9, description="share of the training images that is held out"
    )

    @model_validator(mode="after")
    def _check_together(self) -> Training:
        own = OPTIMIZER_PARAMETERS[self.optimizer]
        for name in OPTIMIZER_SETTINGS:
            value = getattr(self, name)
            if value is not None and name not in own and name != "weight_decay":
                having = [other for other, names in OPTIMIZER_PARAMETERS.items() if name in names]
                raise ValueError(
                    f"{name} is {value}, but {self.optimizer} has no {name}; "
                    f"it belongs to {', '.join(having)}"
                )
            if value is not None and value == own.get(
                name, 0.0 if name == "weight_decay" else None
            ):
                self.__dict__[name] = None
        self._check_schedule()
        self._check_kept()
        if self.label_smoothing and self.loss != "cross-entropy":
            raise ValueError(
                f"label_smoothing is {self.label_smoothing}, but the loss is {self.loss}; "
                "it belongs to cross-entropy"
            )
        if self.validation_share != 0.2 and self.validation == "test":
            raise ValueError(
                f"validation_share is {self.validation_share}, but validation is test, which "
                "holds nothing out; leave one of them out"
            )
        return self

    def _check_kept(self) -> None:
        if self.keep == "best":
            return
        if self.patience is not None:
            raise ValueError(
                f"patience is {self.patience}, but keep is last, which waits for nothing; "
                "give patience none"
            )
        if self.monitor != "val_accuracy":
            raise ValueError(
                f"monitor is {self.monitor}, but keep is last, which looks at nothing; "
                "leave one of them out"
            )

    def _check_schedule(self) -> None:
        for name, having in (("decay", ("exponential", "step")), ("decay_epochs", ("step",))):
            value = getattr(self, name)
            if value is not None and self.schedule not in having:
                raise ValueError(
                    f"{name} is {value}, but the schedule is {self.schedule}; "
                    f"it belongs to {' and '.join(having)}"
                )
        if self.decay == DECAY.get(self.schedule):
            self.__dict__["decay"] = None
        if self.decay_epochs == DECAY_EPOCHS:
            self.__dict__["decay_epochs"] = None
        if self.warm_up > self.epochs:
            raise ValueError(
                f"warm_up is {self.warm_up}, but the training has {self.epochs} epochs; give fewer"
            )

    @property
    def constant_rate(self) -> bool:
        """Whether the learning rate stays as it is, however long the run."""
        return self.schedule == "constant" and self.warm_up == 0

    @property
    def monitored(self) -> Metric:
        """What the best epoch is chosen by."""
        return MONITORED[self.monitor]

    @property
    def monitor_mode(self) -> Literal["max", "min"]:
        """Whether what is monitored is better when it is larger."""
        return "max" if self.monitored.better == "higher" else "min"

    @property
    def monitored_score(self) -> str | None:
        """Which of `scores.SCORES` is monitored; None where every run records what is."""
        return VALIDATION_SCORES.get(self.monitor)

    @property
    def validates_on_test(self) -> bool:
        """Whether the validation images are those of the test set, and nothing is held out."""
        return self.validation == "test"

    @property
    def has_no_validation(self) -> bool:
        """Whether no image is held out and no epoch chosen: what validates is the test set."""
        return self.validates_on_test and self.keep == "last"

    @property
    def selected_on_test(self) -> bool:
        """Whether the best epoch is chosen on the test set, as the notebook does."""
        return self.validates_on_test and self.keep == "best"

    def optimizer_parameters(self) -> dict[str, Any]:
        """The optimizer's parameters, with Keras's defaults where none is given."""
        own = OPTIMIZER_PARAMETERS[self.optimizer]
        return {
            name: default if getattr(self, name) is None else getattr(self, name)
            for name, default in own.items()
        }


OPTIMIZER_SETTINGS = (
    *("momentum", "nesterov", "beta_1", "beta_2", "rho", "epsilon", "weight_decay"),
)
"""What another optimizer may not have, or have another default of."""

SCHEDULE_SETTINGS = ("decay", "decay_epochs")
"""What another schedule may not have."""

TRAINING = settings_of_model(Training)
"""Every setting of a training."""

IN_EVERY_NAME = ("learning_rate", "batch_size", "epochs", "patience", "validation", "precision")
"""The settings that a run's name has always had, each in its own short form."""
