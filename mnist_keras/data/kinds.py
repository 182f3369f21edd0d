"""What kind of images a data set has, as its identity tells: their shape, and how many classes.

An identity is `mnist`, or `data-` (of a tenth `quick-`) and twelve digits of a hash. Where the
images are of another kind than MNIST's, it ends in that kind: `data-0123456789ab-32x32x3-c4`. So
whoever has a run's configuration knows what its network takes and gives, without the data set.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MAX_SIDE = 1024
"""Pixels of a side of an image."""

MAX_CHANNELS = 16
MAX_CLASSES = 1000

IDENTITY = re.compile(
    r"mnist|(data|quick)-[0-9a-f]{12}(-(?P<shape>\d{1,4}x\d{1,4}x\d{1,2})-c(?P<classes>\d{1,4}))?"
)


@dataclass(frozen=True)
class Kind:
    """What a network is built for.

    Attributes:
        shape: height, width and channels of an image.
        classes: outputs of the network.
    """

    shape: tuple[int, int, int]
    classes: int

    @property
    def pixels(self) -> int:
        """Values of an image, of all its channels."""
        height, width, channels = self.shape
        return height * width * channels

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of an image as a data set keeps it: of a grey one without its channel."""
        return self.shape if self.shape[2] > 1 else self.shape[:2]

    @property
    def text(self) -> str:
        """The images in words: "32x32 in colour"."""
        return image_text(self.image_shape)


MNIST_KIND = Kind((28, 28, 1), 10)
"""Also of a set of 28x28 grey images with fewer classes, whose networks have ten outputs, too."""


MNIST_TEST_IMAGES = 10_000
"""In MNIST's own test set."""


def kind_of(identity: str) -> Kind:
    """The kind of a data set of this identity.

    Raises:
        ValueError: it is no identity, or of a kind that there is not.
    """
    match = IDENTITY.fullmatch(identity)
    if match is None:
        raise ValueError(
            "it should be mnist, or the identity of a data set as mnist-keras data says"
        )
    if match["shape"] is None:
        return MNIST_KIND
    height, width, channels = map(int, match["shape"].split("x"))
    kind = Kind((height, width, channels), int(match["classes"]))
    sides = all(2 <= side <= MAX_SIDE for side in (height, width))
    if not sides or not 1 <= channels <= MAX_CHANNELS or not 2 <= kind.classes <= MAX_CLASSES:
        raise ValueError("it names images or classes that no data set has")
    return kind


def ending(image_shape: Sequence[int], classes: int) -> str:
    """What the identity of a set ends in; nothing for MNIST's kind."""
    shape = (*image_shape, 1)[:3]
    if shape == MNIST_KIND.shape and classes <= MNIST_KIND.classes:
        return ""
    return f"-{'x'.join(map(str, shape))}-c{classes}"


def image_text(image_shape: Sequence[int]) -> str:
    """The shape of an image in words, height before width: "28x28", "32x32 in colour"."""
    sides = f"{image_shape[0]}x{image_shape[1]}"
    channels = image_shape[2] if len(image_shape) > 2 else 1
    if channels == 1:
        return sides
    return f"{sides} in colour" if channels == 3 else f"{sides} with {channels} channels"
