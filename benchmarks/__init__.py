"""This project beside plain Keras, PyTorch and JAX: the same trainings, on the same machine."""
