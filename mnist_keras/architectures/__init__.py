"""The networks: a registry of functions of image shape, number of classes and typed settings.

Each built-in network is a visible list of layers for float32 images in [0, 1] of shape [batch,
height, width, channels]. All but the perceptron end in class probabilities of shape [batch,
classes]. The last layer computes in float32 under every precision. Keras is imported when a network
is built, not when it is listed. The shapes behind the layers are those of MNIST.

A module of networks registers them when it is imported here, in the order in which they are listed.
"""

from mnist_keras.architectures import first_sources as first_sources
from mnist_keras.architectures import further_sources as further_sources
from mnist_keras.architectures import ours as ours
from mnist_keras.architectures.registry import BUILT_IN as BUILT_IN
from mnist_keras.architectures.registry import Architecture as Architecture
from mnist_keras.architectures.registry import Shape as Shape
