"""Images bent by a smooth random field, as Simard, Steinkraus and Platt (2003) distort digits.

They smooth white noise by a Gaussian of 4 pixels, on images of 29x29, and found displacements of 34
times that best on MNIST: a standard deviation of 1.4 pixels, 0.05 of the side. Here the noise is on
a lattice as wide as the Gaussian, whose sums are as smooth and cost two small products.

P. Y. Simard, D. Steinkraus, J. C. Platt: Best practices for convolutional neural networks applied
to visual document analysis. ICDAR 2003, section 3.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

SPACINGS = 7
"""A side over this is the Gaussian's standard deviation and the distance of two points."""

POINTS = SPACINGS + 3
"""Points of the lattice along a side: from one beyond its beginning to one beyond its end."""

BLOCK = 128
"""Images that are bent at once: what they need fits into the processor's cache."""


def gaussians(length: int) -> NDArray[np.float32]:
    """What each point of the lattice adds to each pixel along a side, float32 [length, POINTS].

    A row's squares add up to 1, so that a field has the same variance everywhere.
    """
    pixels = (np.arange(length) + 0.5) * SPACINGS / length
    points = np.arange(POINTS) - 1
    weights = np.exp(-((pixels[:, np.newaxis] - points) ** 2) / 2)
    return (weights / np.linalg.norm(weights, axis=1, keepdims=True)).astype(np.float32)


def draw_lattices(n: int, seed: tf.Tensor) -> tf.Tensor:
    """Noise of variance 1 for n images, float32 [n, 2, POINTS, POINTS]: along x, then along y."""
    shape = [n, 2, POINTS, POINTS]
    bound = math.sqrt(3)
    return tf.random.stateless_uniform(shape, seed, -bound, bound, alg="philox")


def bend(images: tf.Tensor, maps: tf.Tensor, lattices: tf.Tensor, strength: float) -> tf.Tensor:
    """Each image through its affine map and its field at once; bilinear, black outside.

    Args:
        images: uint8 [n, height, width, channels].
        maps: float32 [n, 8], from a pixel of the result to the one that it shows, as
            ImageProjectiveTransformV3 takes them.
        lattices: float32 [n, 2, POINTS, POINTS].
        strength: standard deviation of the displacement in each direction, a share of the side.

    Returns:
        uint8, as `images`.
    """
    n, height, width, _ = images.shape
    across = tf.constant(gaussians(width) * (strength * width))
    down = tf.constant(gaussians(height))
    ratio = height / width  # a field along y is a share of the height

    def bend_block(number: tf.Tensor, done: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        block = slice(number * BLOCK, (number + 1) * BLOCK)
        fields = tf.matmul(down, tf.matmul(lattices[block], across, transpose_b=True))
        x, y = _through(maps[block], height, width)
        bent = _sample(images[block], x + fields[:, 0], y + fields[:, 1] * ratio)
        return number + 1, done.write(number, bent)

    blocks = -(-n // BLOCK)
    done = tf.TensorArray(
        images.dtype, blocks, infer_shape=False, element_shape=[None, *images.shape[1:]]
    )
    _, done = tf.while_loop(lambda number, _: number < blocks, bend_block, [0, done])
    return tf.ensure_shape(done.concat(), images.shape)


def _through(maps: tf.Tensor, height: int, width: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Where each pixel's source is by the affine map: x and y, float32 [n, height, width]."""
    columns = tf.range(width, dtype=tf.float32)
    rows = tf.range(height, dtype=tf.float32)[:, tf.newaxis]
    a, b, c, d, e, f = (maps[:, i, tf.newaxis, tf.newaxis] for i in range(6))
    return a * columns + (b * rows + c), d * columns + (e * rows + f)


def _sample(images: tf.Tensor, x: tf.Tensor, y: tf.Tensor) -> tf.Tensor:
    """The images between their pixels, at x and y in pixels; black outside."""
    _, height, width, channels = images.shape
    framed = tf.pad(images, [[0, 0], [1, 1], [1, 1], [0, 0]])
    pixels = tf.cast(tf.reshape(framed, [-1, channels]), tf.float32)
    # In the frame, from its first pixel; what is further out is as black as the frame.
    x, y = tf.clip_by_value(x + 1, 0, width + 1), tf.clip_by_value(y + 1, 0, height + 1)
    left, top = (tf.minimum(tf.floor(x), width), tf.minimum(tf.floor(y), height))
    right_share, bottom_share = (x - left)[..., tf.newaxis], (y - top)[..., tf.newaxis]
    line = width + 2
    first = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis] * ((height + 2) * line)
    place = first + tf.cast(top, tf.int32) * line + tf.cast(left, tf.int32)

    def between(place: tf.Tensor) -> tf.Tensor:
        one, next_one = tf.gather(pixels, place), tf.gather(pixels, place + 1)
        return one + (next_one - one) * right_share

    above, below = between(place), between(place + line)
    return tf.cast(above + (below - above) * bottom_share + 0.5, images.dtype)
