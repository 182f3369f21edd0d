"""The image data sets: the MNIST that the package ships, and others."""

MNIST = "mnist"
"""The identity of the data set that the package ships."""

QUICK = "quick-"
"""Begins the identity of a tenth of a data set, as `--quick` trains on."""
