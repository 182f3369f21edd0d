"""What is seen in a network at the end of its training, and recorded with the result."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Count = Annotated[int, Field(ge=0, le=10**12)]


class SilentUnits(BaseModel):
    """How many units of a ReLU layer answer 0 to every image of the sample.

    A unit of a convolution is a filter; it is silent where it answers 0 at every place.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    layer: str = Field(max_length=1000)
    units: Annotated[int, Field(ge=1, le=10**12)]
    silent: _Count

    @property
    def share(self) -> float:
        """The share of its units that are silent."""
        return self.silent / self.units


class Examination(BaseModel):
    """A network with its best epoch's weights on a sample of its training images.

    Attributes:
        train_images, val_images, test_images: how many there are in all.
        most_frequent: the share of the most frequent class among the validation labels.
        sample: how many training images were shown.
        train_accuracy: the share of them that is right, without dropout.
        random_layers: whether a layer, such as dropout, does otherwise in training.
        relu_layers: each layer that ends in a ReLU, in order.
    """

    model_config = ConfigDict(frozen=True, strict=True)

    train_images: Annotated[int, Field(ge=1, le=10**12)]
    val_images: Annotated[int, Field(ge=1, le=10**12)]
    test_images: Annotated[int, Field(ge=1, le=10**12)]
    most_frequent: _Share
    sample: Annotated[int, Field(ge=1, le=10**12)]
    train_accuracy: _Share
    random_layers: bool
    relu_layers: Annotated[list[SilentUnits], Field(max_length=10_000)]
