"""Python and the packages: are they those that the installed mnist-keras asks for?"""

from __future__ import annotations

import platform
from importlib import metadata

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from mnist_keras.doctor.findings import Finding

OURS = "mnist-keras"


def python_and_packages() -> list[Finding]:
    """Python, each package that is not as required, or a line for all of them, and TensorBoard."""
    try:
        ours = metadata.metadata(OURS)
    except metadata.PackageNotFoundError:
        return [Finding("packages", f"{OURS} is not installed", "pip install -e .")]
    wanted = [Requirement(text) for text in metadata.requires(OURS) or []]
    needed = [one for one in wanted if one.marker is None or one.marker.evaluate({"extra": ""})]
    return [_python(ours["Requires-Python"]), *_packages(needed), _tensorboard()]


def _python(wanted: str) -> Finding:
    version = platform.python_version()
    if SpecifierSet(wanted).contains(version, prereleases=True):
        return Finding("Python", version)
    return Finding("Python", f"{version}; {OURS} needs {wanted}", f"use a Python {wanted}")


def _packages(needed: list[Requirement]) -> list[Finding]:
    wrong = [finding for one in needed if (finding := _wrong(one))]
    sound = len(needed) - len(wrong)
    all_sound = Finding("packages", f"{sound} of {len(needed)} are as required")
    return [all_sound, *wrong] if wrong else [all_sound]


def _wrong(needed: Requirement) -> Finding | None:
    advice = f"pip install '{needed}'"
    try:
        version = metadata.version(needed.name)
    except metadata.PackageNotFoundError:
        return Finding(needed.name, f"is not installed; {OURS} needs {needed}", advice)
    if needed.specifier.contains(version, prereleases=True):
        return None
    return Finding(needed.name, f"is {version}; {OURS} needs {needed}", advice)


def _tensorboard() -> Finding:
    try:
        version = metadata.version("tensorboard")
    except metadata.PackageNotFoundError:
        return Finding(
            "TensorBoard", "is not installed, so no curves are written", "pip install tensorboard"
        )
    return Finding("TensorBoard", f"{version}; tensorboard --logdir logs shows the runs")
