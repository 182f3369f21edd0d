"""One answer from several views of an image: as it is, and moved by a few pixels each way."""

from __future__ import annotations

from itertools import product

import keras
from keras import layers


def with_views(model: keras.Model, pixels: int) -> keras.Model:
    """A model that answers with the mean of `model`'s outputs over an image's views.

    A view is the image moved by up to `pixels` rows and columns, black where it came from, so that
    there are (2 * pixels + 1) ** 2 of them. All layers that are added are Keras' own.

    Args:
        model: from float32 [batch, height, width, channels] to [batch, classes].
        pixels: how far an image is moved; 0 gives the model itself.
    """
    if pixels == 0:
        return model
    images = keras.Input(model.input_shape[1:], name="images")
    framed = layers.ZeroPadding2D(pixels, name="framed")(images)
    answers = []
    for top, left in product(range(2 * pixels + 1), repeat=2):
        cut = ((top, 2 * pixels - top), (left, 2 * pixels - left))
        view = layers.Cropping2D(cut, name=f"view_{top}_{left}")(framed)
        answers.append(model(view))
    return keras.Model(images, layers.Average(name="mean_of_views")(answers), name=model.name)
