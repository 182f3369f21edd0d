"""Do other runs get the same test images wrong?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_keras.data.predictions import read_predictions
from mnist_keras.errors import UserError
from mnist_keras.runs.records import RunRecord, scan_runs


@dataclass(frozen=True, eq=False)
class Peers:
    """The other runs on the same test images.

    Attributes:
        names: `study/run` of each.
        wrong: how many of them read each test image wrongly, int64 [images].
        skipped: a line for each run that could not be read.
    """

    names: tuple[str, ...]
    wrong: NDArray[np.int64]
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True)
class SharedMistakes:
    """How many of a run's errors the others make, too; `by_all` lists the images."""

    by_any: int
    by_half: int
    by_all: tuple[int, ...]


def shared_mistakes(images: Sequence[int], peers: Peers) -> SharedMistakes:
    """Compare the images that a run gets wrong with what the others do; there is one or more."""
    wrong = peers.wrong[list(images)]
    all_wrong = np.asarray(images, np.int64)[wrong == len(peers.names)]
    return SharedMistakes(
        by_any=int((wrong > 0).sum()),
        by_half=int((2 * wrong >= len(peers.names)).sum()),
        by_all=tuple(int(image) for image in np.sort(all_wrong)),
    )


def find_peers(run: RunRecord, labels: NDArray[np.integer], logs: Path) -> Peers:
    """The finished runs below `logs` on the same data set, whose test labels are `labels`, [n].

    The run itself is left out. A configuration that several studies hold, by copying or by
    training it again, counts once. A run that cannot be read does not stop the others.
    """
    seen = {run.config}
    names: list[str] = []
    skipped: list[str] = []
    wrong = np.zeros(len(labels), np.int64)
    for study in sorted(logs.iterdir()):
        records, damaged = scan_runs(study)
        skipped += [one.why for one in damaged]
        for record in records:
            path = record.folder / "predictions.npz"
            if not record.done or record.config.data != run.config.data or not path.is_file():
                continue
            if record.config in seen:
                continue
            try:
                predictions = read_predictions(path)
            except UserError as error:
                skipped.append(str(error))
                continue
            if np.array_equal(predictions.labels, labels):
                seen.add(record.config)
                names.append(f"{study.name}/{record.config.name}")
                wrong += ~predictions.correct
    return Peers(tuple(names), wrong, tuple(skipped))
