import keras
from keras import layers


def net(shape, classes, *, width: int = 64, dropout: float = 0.0):
    """One hidden layer with batch normalisation."""
    x = images = keras.Input(shape)
    x = layers.Dense(width, use_bias=False)(layers.Flatten()(x))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(dropout)(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))
