"""The image data sets: the MNIST that the package ships, and sets of the same shape."""
