"""All that computes. The only package that imports TensorFlow and Keras."""

from mnist_keras.training.quiet import import_tensorflow_quietly

import_tensorflow_quietly()
