"""All that computes. The only package that imports TensorFlow and Keras."""

from mnist_keras.training.globals import our_backend
from mnist_keras.training.quiet import import_tensorflow_quietly

with our_backend():
    import_tensorflow_quietly()
