"""Training images moved, turned, bent and covered anew in every epoch.

What happens to an image is drawn from the run's seed, the epoch and the image's place, and from
nothing before, so that a run that goes on trains on the same images as one that was never stopped.
An epoch's images are changed at once in the input pipeline: what is compiled does not depend on it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.training.elastic import bend, draw_lattices

DRAWS = 8
"""Numbers that are drawn for each image: shift in x and y, turn, zoom, shear, mirror, and where the
covered square is."""

ELASTIC_KEY = 2**32
"""Added to the run's seed, it keeps the fields' random numbers apart: no seed is so large."""


@dataclass(frozen=True)
class Augmenter:
    """Changes the images of an epoch.

    Attributes:
        seed: the run's.
        shift: largest shift in each direction, a share of the side.
        rotate: largest turn to either side, in degrees.
        zoom: largest change of size, a share.
        shear: largest slant to either side, in degrees.
        elastic: standard deviation of a smooth random displacement, a share of the side.
        mirror: whether half of the images are mirrored.
        cutout: side of the black square that covers a part, a share of the image's.
    """

    seed: int
    shift: float
    rotate: float
    zoom: float
    shear: float
    elastic: float
    mirror: bool
    cutout: float

    @classmethod
    def of(cls, config: RunConfig) -> Augmenter | None:
        """That of a configuration; None if its images stay as they are."""
        made = cls(
            config.seed,
            config.augment_shift,
            config.augment_rotate,
            config.augment_zoom,
            config.augment_shear,
            config.augment_elastic,
            config.augment_mirror,
            config.augment_cutout,
        )
        return made if made.moves or made.cutout else None

    @property
    def moves(self) -> bool:
        """Whether pixels change their places."""
        turned = self.shift or self.rotate or self.zoom or self.shear or self.mirror
        return bool(turned or self.elastic)

    def __call__(self, images: tf.Tensor, order: tf.Tensor, epoch: tf.Tensor) -> tf.Tensor:
        """An epoch's images, uint8 [n, height, width] or [n, height, width, channels].

        Args:
            images: in the epoch's order.
            order: the place of each of them among the run's training images, int32 [n].
            epoch: from 0.
        """
        n, epoch = images.shape[0], tf.cast(epoch, tf.int64)
        seed = tf.stack([tf.constant(self.seed, tf.int64), epoch])
        drawn = tf.random.stateless_uniform([n, DRAWS], seed, -1.0, 1.0, alg="philox")
        draws = tf.gather(drawn, order)
        flat = images.shape.rank == 3
        pixels = images[..., tf.newaxis] if flat else images
        if self.elastic:
            apart = tf.stack([tf.constant(self.seed + ELASTIC_KEY, tf.int64), epoch])
            lattices = tf.gather(draw_lattices(n, apart), order)
            pixels = bend(pixels, self._maps(pixels, draws), lattices, self.elastic)
        elif self.moves:
            pixels = _move(pixels, self._maps(pixels, draws))
        if self.cutout:
            pixels = self._cover(pixels, draws)
        return pixels[..., 0] if flat else pixels

    def _maps(self, images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """Each image's affine map, as ImageProjectiveTransformV3 takes it: float32 [n, 8]."""
        _, height, width, _ = images.shape
        angle = draws[:, 2] * (self.rotate * math.pi / 180)
        slant = tf.tan(draws[:, 4] * (self.shear * math.pi / 180))
        size = 1.0 + draws[:, 3] * self.zoom
        mirrored = tf.where(draws[:, 5] < 0, -1.0, 1.0) if self.mirror else tf.ones_like(angle)
        cos, sin = tf.cos(angle) / size, tf.sin(angle) / size
        # From a pixel of the result to the one that it shows: turned and slanted, then mirrored.
        a, b = mirrored * cos, mirrored * (cos * slant - sin)
        c, d = sin, sin * slant + cos
        middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
        x = middle_x + draws[:, 0] * (self.shift * width)
        y = middle_y + draws[:, 1] * (self.shift * height)
        nothing = tf.zeros_like(a)
        return tf.stack(
            [
                *(a, b, middle_x - a * x - b * y),
                *(c, d, middle_y - c * x - d * y),
                *(nothing, nothing),
            ],
            axis=1,
        )

    def _cover(self, images: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """A black square somewhere, its middle anywhere in the image."""
        _, height, width, _ = images.shape
        rows = _within(height, draws[:, 7], self.cutout)
        columns = _within(width, draws[:, 6], self.cutout)
        covered = rows[:, :, tf.newaxis, tf.newaxis] & columns[:, tf.newaxis, :, tf.newaxis]
        return tf.where(covered, tf.zeros([], images.dtype), images)


def _move(images: tf.Tensor, maps: tf.Tensor) -> tf.Tensor:
    """Each image through its affine map; bilinear, black outside."""
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=maps,
        output_shape=images.shape[1:3],
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )


def _within(length: int, draws: tf.Tensor, share: float) -> tf.Tensor:
    """For each image the places along a side that the square covers, bool [n, length]."""
    middle = (draws + 1) / 2 * length
    places = tf.range(length, dtype=tf.float32) + 0.5
    return tf.abs(places - middle[:, tf.newaxis]) <= share * length / 2
