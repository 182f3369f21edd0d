"""Load a data set of handwritten digits (or the like), verify it, and split it.

Three kinds of set are read: the MNIST that comes with the package, a folder of IDX files, and
an .npz file as Keras keeps it. Whatever file it came from, a set is known by its contents.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mnist_keras.data.idx import (
    CLASSES_FILE,
    FILES,
    digest,
    read_class_names,
    read_folder,
    read_gzipped,
)
from mnist_keras.data.npz import read_npz
from mnist_keras.data.reading import (
    KEYS,
    MAX_CLASSES,
    MIN_TRAINING_IMAGES,
    Part,
    brief,
    check_dtype,
    check_labels,
    check_shape,
    refusal,
    shown,
    unreadable,
)
from mnist_keras.data.sampling import draw_tenth
from mnist_keras.data.sampling import split as split
from mnist_keras.errors import UserError

# SHA-256 of the four original files, unpacked.
MNIST_SHA256 = {
    "x_train": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "y_train": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "x_test": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "y_test": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
SHIPPED = "MNIST, shipped with mnist-keras"


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test images with their labels; the four arrays cannot be written to.

    Attributes:
        x_train: uint8 [n_train, 28, 28], pixels from 0 to 255.
        y_train: uint8 [n_train], labels from 0 to classes - 1.
        x_test: uint8 [n_test, 28, 28].
        y_test: uint8 [n_test].
        identity: "mnist" for the original MNIST, else "data-" and 12 digits of `sha256`; "quick-"
            and the digits for a tenth of a set.
        sha256: of five lines of text: for each of the four arrays, in this order, the SHA-256 of
            its unpacked IDX file in hexadecimal, then the number of classes.
        class_names: a name for each label.
        source: where the set was read from, in words or as a path.
    """

    x_train: NDArray[np.uint8] = field(repr=False)
    y_train: NDArray[np.uint8] = field(repr=False)
    x_test: NDArray[np.uint8] = field(repr=False)
    y_test: NDArray[np.uint8] = field(repr=False)
    identity: str
    sha256: str
    class_names: tuple[str, ...]
    source: str

    @property
    def n_train(self) -> int:
        """Number of training images."""
        return len(self.x_train)

    @property
    def n_test(self) -> int:
        """Number of test images."""
        return len(self.x_test)

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


def load(path: Path | str | None = None, *, quick: bool = False) -> Dataset:
    """Load and verify a data set.

    Args:
        path: None for the MNIST that comes with the package; a folder with the four IDX files,
            plain or gzipped, and optionally `classes.txt`; or an .npz file with x_train, y_train,
            x_test and y_test.
        quick: take a tenth of it, see `take_tenth`.

    Raises:
        UserError: there is no such set, it is damaged, or it is not of MNIST's kind; or it is too
            small to take a tenth of it.
    """
    whole = _load_shipped() if path is None else _load_given(Path(path))
    return take_tenth(whole) if quick else whole


def _load_given(path: Path) -> Dataset:
    try:
        return _load_path(path)
    except MemoryError:
        raise refusal(
            shown(path), "does not fit into memory", "a smaller set", "leave out images"
        ) from None


def _load_path(path: Path) -> Dataset:
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:
        raise unreadable(path, error) from None
    if stat.S_ISDIR(mode):
        return _assemble(read_folder(path), read_class_names(path), shown(path))
    if path.suffix.lower() == ".npz":
        return _assemble(read_npz(path), None, shown(path))
    raise refusal(
        shown(path),
        "is no data set",
        f"a folder with the four IDX files, or an .npz file with {', '.join(KEYS)}",
        "give one of them",
    )


def _load_shipped() -> Dataset:
    try:
        dataset = _assemble({key: _shipped_part(key) for key in KEYS}, None, SHIPPED)
    except (OSError, UserError) as error:
        raise _damaged_package(f"cannot be used ({brief(error)})") from None
    if dataset.identity != "mnist":
        raise _damaged_package("differs from the published files")
    return dataset


def _shipped_part(key: str) -> Part:
    name = f"{FILES[key]}.gz"
    with (resources.files(__package__) / name).open("rb") as file:
        return Part(name, read_gzipped(file, name, key))


def _damaged_package(found: str) -> UserError:
    return refusal("the MNIST in the package", found, "the original", "install mnist-keras again")


def from_arrays(
    arrays: Mapping[str, ArrayLike],
    class_names: tuple[str, ...] | None = None,
    source: str = "arrays",
) -> Dataset:
    """Make a data set of x_train, y_train, x_test and y_test, which are checked as files are.

    Raises:
        UserError: an array is not of MNIST's shape and type, a label has no name.
    """
    return _assemble(
        {key: Part(f"{source}: {key}", np.asarray(arrays[key])) for key in KEYS},
        class_names,
        source,
    )


def take_tenth(whole: Dataset) -> Dataset:
    """A tenth of each class, of the training and of the test images, always the same ones.

    It is another data set, with an identity of its own, so that its runs have folders of their
    own. It is for trying things out: its figures do not compare with those of the whole set.

    Raises:
        UserError: too few training images are left.
    """
    training, test = draw_tenth(whole.y_train), draw_tenth(whole.y_test)
    if len(training) < MIN_TRAINING_IMAGES:
        raise refusal(
            whole.source,
            f"has {whole.n_train} training images, a tenth of which is {len(training)}",
            f"at least {MIN_TRAINING_IMAGES} in the tenth",
            "leave out --quick",
        )
    arrays = {
        "x_train": whole.x_train[training],
        "y_train": whole.y_train[training],
        "x_test": whole.x_test[test],
        "y_test": whole.y_test[test],
    }
    for array in arrays.values():
        array.setflags(write=False)
    _, sha256 = _identify(arrays, whole.classes)
    return Dataset(
        **arrays,
        identity=f"quick-{sha256[:12]}",
        sha256=sha256,
        class_names=whole.class_names,
        source=f"a tenth of {whole.source}",
    )


def _assemble(
    parts: Mapping[str, Part], class_names: tuple[str, ...] | None, source: str
) -> Dataset:
    arrays = {key: _checked(parts[key], key) for key in KEYS}
    for images, labels in (("x_train", "y_train"), ("x_test", "y_test")):
        if len(arrays[images]) != len(arrays[labels]):
            raise refusal(
                parts[labels].where,
                f"has {len(arrays[labels])} labels",
                f"{len(arrays[images])}, one for each image",
                "give matching images and labels",
            )
    highest = int(max(arrays["y_train"].max(), arrays["y_test"].max()))
    if class_names is None:
        class_names = tuple(str(label) for label in range(highest + 1))
    if not highest < len(class_names) <= MAX_CLASSES:
        raise refusal(
            source,
            f"has {len(class_names)} class names and the highest label {highest}",
            f"{highest + 1} to {MAX_CLASSES} names",
            f"name every label, in {CLASSES_FILE}",
        )
    identity, sha256 = _identify(arrays, len(class_names))
    return Dataset(
        **arrays, identity=identity, sha256=sha256, class_names=tuple(class_names), source=source
    )


def _checked(part: Part, key: str) -> NDArray[np.uint8]:
    check_dtype(part.where, key, part.array.dtype)
    check_shape(part.where, key, part.array.shape)
    if key.startswith("x"):
        array = np.ascontiguousarray(part.array).view()
    else:
        array = check_labels(part.where, part.array)
    array.setflags(write=False)
    return array


def _identify(arrays: Mapping[str, NDArray[np.uint8]], classes: int) -> tuple[str, str]:
    digests = {key: digest(arrays[key]) for key in KEYS}
    sha256 = _joint_sha256(digests, classes)
    return ("mnist" if digests == MNIST_SHA256 else f"data-{sha256[:12]}"), sha256


def _joint_sha256(digests: Mapping[str, str], classes: int) -> str:
    lines = [*(digests[key] for key in KEYS), str(classes)]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("ascii")).hexdigest()


def is_of_identity(sha256: object, identity: str) -> bool:
    """Whether a set of this `sha256` has this `identity`; see `Dataset`."""
    if identity == "mnist":
        return sha256 == _joint_sha256(MNIST_SHA256, MAX_CLASSES)
    return identity.partition("-")[2] == str(sha256)[:12]


def describe(dataset: Dataset) -> dict[str, Any]:
    """What is in a data set, in plain Python values that JSON can hold."""
    return {
        "source": dataset.source,
        "identity": dataset.identity,
        "sha256": dataset.sha256,
        "training_images": dataset.n_train,
        "test_images": dataset.n_test,
        "classes": dataset.classes,
        "class_names": list(dataset.class_names),
        "training_images_per_class": _per_class(dataset.y_train, dataset.classes),
        "test_images_per_class": _per_class(dataset.y_test, dataset.classes),
    }


def _per_class(labels: NDArray[np.uint8], classes: int) -> list[int]:
    return [int(count) for count in np.bincount(labels, minlength=classes)]
