import keras
from keras import layers


def convnet(shape, classes):
    """The convnet of Deep Learning with Python, first edition, section 5.1."""
    images = keras.Input(shape)
    x = layers.Conv2D(32, (3, 3), activation="relu")(images)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(64, (3, 3), activation="relu")(x)
    x = layers.MaxPooling2D((2, 2))(x)
    x = layers.Conv2D(64, (3, 3), activation="relu")(x)
    x = layers.Flatten()(x)
    x = layers.Dense(64, activation="relu")(x)
    return keras.Model(images, layers.Dense(classes, activation="softmax")(x))
