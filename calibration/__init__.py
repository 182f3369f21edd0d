"""How often the verdicts are wrong, measured in worlds whose truth is known.

`python -m calibration` pushes such worlds through the functions of `mnist_keras.statistics` and
writes `docs/calibration.md`. A table (`tables.Table`) is one promise of a verdict; the other
modules hold the tables, one module a question.
"""
