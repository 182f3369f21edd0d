"""Load a data set of images by class, MNIST or another, verify it, and split it.

Whatever file it came from, a set is known by its contents. The readers are in `formats`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_keras.data import MNIST
from mnist_keras.data.assembly import read_and_check
from mnist_keras.data.conversion import resized
from mnist_keras.data.form import Form, form_of
from mnist_keras.data.formats import find_contents
from mnist_keras.data.formats.idx import FILES, ON_THEIR_SIDES, read_gzipped
from mnist_keras.data.identity import identify
from mnist_keras.data.parts import KEYS, VALIDATION_KEYS, Contents, Part, part_of
from mnist_keras.data.reading import MIN_TRAINING_IMAGES, brief, refusal, shown
from mnist_keras.data.sampling import draw_tenth
from mnist_keras.errors import UserError

SHIPPED = "MNIST, shipped with mnist-keras"

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images with their labels; the arrays cannot be written to.

    Attributes:
        x_train: uint8 [n_train, height, width], pixels from 0 to 255; of images that are not grey
            [n_train, height, width, channels].
        y_train: labels from 0 to classes - 1, [n_train]; uint8, of more than 256 classes uint16.
        x_test: as x_train.
        y_test: as y_train.
        identity: "mnist" for the original MNIST, else "data-" and 12 digits of `sha256`; "quick-"
            and the digits for a tenth of a set; then the kind of the images, see `kinds`.
        sha256: of lines of text: for each of the arrays, in this order with those of validation
            last, the SHA-256 of its unpacked IDX file in hexadecimal, then the number of classes.
        class_names: a name for each label.
        source: where the set was read from, in words or as a path.
        x_val: those of a set that has a validation part of its own, else None.
        y_val: likewise.
        notes: sentences about the set that its user should know.
    """

    x_train: Array = field(repr=False)
    y_train: Array = field(repr=False)
    x_test: Array = field(repr=False)
    y_test: Array = field(repr=False)
    identity: str
    sha256: str
    class_names: tuple[str, ...]
    source: str
    x_val: Array | None = field(default=None, repr=False)
    y_val: Array | None = field(default=None, repr=False)
    notes: tuple[str, ...] = ()

    @cached_property
    def lit(self) -> np.ndarray:
        """Which pixels are not 0 in some training image, bool [height x width x channels]."""
        return np.any(self.x_train.reshape(len(self.x_train), -1), axis=0)

    @cached_property
    def form(self) -> Form:
        """What the images look like, by the first of those that train."""
        return form_of(self.x_train, self.identity)

    @property
    def n_train(self) -> int:
        """Number of training images."""
        return len(self.x_train)

    @property
    def n_val(self) -> int:
        """Number of images of a validation part of its own; 0 if it has none."""
        return 0 if self.x_val is None else len(self.x_val)

    @property
    def n_test(self) -> int:
        """Number of test images."""
        return len(self.x_test)

    @property
    def image_shape(self) -> tuple[int, ...]:
        """The shape of an image: (28, 28), or (32, 32, 3) in colour."""
        return self.x_train.shape[1:]

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)

    def arrays(self) -> dict[str, Array]:
        """The arrays by their names, those of validation only where there are any."""
        found = {key: getattr(self, key) for key in (*KEYS, *VALIDATION_KEYS)}
        return {key: array for key, array in found.items() if array is not None}


def load(
    path: Path | str | None = None,
    *,
    quick: bool = False,
    resize: bool = False,
    transpose: bool = False,
) -> Dataset:
    """Load and verify a data set.

    Args:
        path: None for the MNIST that comes with the package; else a folder or file of one of the
            `formats`.
        quick: take a tenth of it, see `take_tenth`.
        resize: make 28x28 grey images of others, see `conversion.resized`.
        transpose: exchange rows and columns of the images: EMNIST's lie on their sides.

    Raises:
        UserError: there is no such set, it is damaged, or it holds no images by class; or it is too
            small to take a tenth of it.
    """
    whole = _load_shipped() if path is None else _load_given(Path(path), resize)
    if transpose:
        whole = transposed(whole)
    return take_tenth(whole) if quick else whole


def _load_given(path: Path, resize: bool) -> Dataset:
    try:
        contents = find_contents(path)
        return _from_contents(resized(contents) if resize else contents, shown(path))
    except MemoryError:
        raise refusal(
            shown(path), "does not fit into memory", "a smaller set", "leave out images"
        ) from None


def _load_shipped() -> Dataset:
    try:
        parts = {key: _shipped_part(key) for key in KEYS}
        dataset = _from_contents(Contents(parts), SHIPPED)
    except (OSError, UserError) as error:
        raise _damaged_package(f"cannot be used ({brief(error)})") from None
    if dataset.identity != MNIST:
        raise _damaged_package("differs from the published files")
    return dataset


def _shipped_part(key: str) -> Part:
    name = f"{FILES[key]}.gz"
    with (resources.files(__package__) / name).open("rb") as file:
        return part_of(name, read_gzipped(file, name, key))


def _damaged_package(found: str) -> UserError:
    return refusal("the MNIST in the package", found, "the original", "install mnist-keras again")


def from_arrays(
    arrays: Mapping[str, ArrayLike],
    class_names: tuple[str, ...] | None = None,
    source: str = "arrays",
) -> Dataset:
    """Make a data set of x_train, y_train, x_test and y_test, which are checked as files are.

    With x_val and y_val it has a validation part of its own.

    Raises:
        UserError: an array is not of the shape and type of images or labels, a label has no name.
    """
    keys = KEYS + VALIDATION_KEYS if "x_val" in arrays else KEYS
    parts = {key: part_of(f"{source}: {key}", _as_array(arrays[key])) for key in keys}
    return _from_contents(Contents(parts, class_names), source)


def _as_array(values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except ValueError:  # of lists of different lengths
        return np.empty(len(cast(Sequence[Any], values)), dtype=object)


def take_tenth(whole: Dataset) -> Dataset:
    """A tenth of each class, of the training, validation and test images, always the same ones.

    It is another data set, with an identity of its own, so that its runs have folders of their
    own. It is for trying things out: its figures do not compare with those of the whole set.

    Raises:
        UserError: too few training images are left.
    """
    drawn = {key: draw_tenth(array) for key, array in whole.arrays().items() if key[0] == "y"}
    arrays = {key: array[drawn[f"y{key[1:]}"]] for key, array in whole.arrays().items()}
    left = len(arrays["y_train"])
    if left < MIN_TRAINING_IMAGES:
        raise refusal(
            whole.source,
            f"has {whole.n_train} training images, a tenth of which is {left}",
            f"at least {MIN_TRAINING_IMAGES} in the tenth",
            "leave out --quick",
        )
    source = f"a tenth of {whole.source}"
    return _frozen(arrays, whole.class_names, source, whole.notes, quick=True)


def transposed(whole: Dataset) -> Dataset:
    """A set whose images' rows and columns are exchanged; another data set, by its identity."""
    arrays = {
        key: np.ascontiguousarray(array.swapaxes(1, 2)) if key.startswith("x") else array
        for key, array in whole.arrays().items()
    }
    notes = tuple(note for note in whole.notes if note != ON_THEIR_SIDES)
    return _frozen(arrays, whole.class_names, whole.source, notes)


def describe(dataset: Dataset) -> dict[str, Any]:
    """What is in a data set, in plain Python values that JSON can hold."""
    return {
        "source": dataset.source,
        "identity": dataset.identity,
        "sha256": dataset.sha256,
        "image_shape": list(dataset.image_shape),
        "training_images": dataset.n_train,
        "validation_images": dataset.n_val,
        "test_images": dataset.n_test,
        "classes": dataset.classes,
        "class_names": list(dataset.class_names),
        "training_images_per_class": _per_class(dataset.y_train, dataset.classes),
        "test_images_per_class": _per_class(dataset.y_test, dataset.classes),
        "notes": list(dataset.notes),
    }


def _from_contents(contents: Contents, source: str) -> Dataset:
    found = read_and_check(contents, source)
    return _frozen(found.arrays, found.class_names, source, found.notes)


def _frozen(
    arrays: Mapping[str, Array],
    class_names: tuple[str, ...],
    source: str,
    notes: tuple[str, ...],
    *,
    quick: bool = False,
) -> Dataset:
    views = {key: array.view() for key, array in arrays.items()}
    for view in views.values():
        view.setflags(write=False)
    identity, sha256 = identify(views, len(class_names), quick)
    return Dataset(
        **views,
        identity=identity,
        sha256=sha256,
        class_names=class_names,
        source=source,
        notes=notes,
    )


def _per_class(labels: Array, classes: int) -> list[int]:
    return [int(count) for count in np.bincount(labels, minlength=classes)]
