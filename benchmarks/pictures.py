"""How many pictures of each kind a trained model reads rightly; the same pictures every time.

python -m benchmarks.pictures checkpoints/train/RUN/model.keras --each 20 --seed 1
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np

from benchmarks.picture_kinds import HARD, KINDS, Digit
from mnist_keras.data.dataset import load
from mnist_keras.pictures.model import Model, find_model
from mnist_keras.pictures.readings import read_sights
from mnist_keras.pictures.sights import look_at


@dataclass(frozen=True)
class Count:
    """What became of the pictures of one kind."""

    kind: str
    pictures: int
    right: int
    refused: int


def drawn(kind: str, each: int, seed: int) -> Iterator[tuple[int, bytes, str]]:
    """Labels, files and suffixes: a kind and a seed always give the same ones, in any order."""
    data = load()
    name = int.from_bytes(hashlib.sha256(kind.encode()).digest()[:4])
    rng = np.random.default_rng([seed, name])
    for place in rng.permutation(data.n_test)[:each]:
        picture = KINDS[kind](Digit(data.x_test[place]), rng)
        yield int(data.y_test[place]), picture.content(), picture.suffix


def count(model: Model, kind: str, each: int, seed: int) -> Count:
    """Draw the pictures of a kind, and let the model read their files."""
    labels: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        for label, content, suffix in drawn(kind, each, seed):
            path = Path(folder) / f"{len(labels)}{suffix}"
            path.write_bytes(content)
            labels[str(path)] = label
        sights, refusals = look_at(map(Path, labels), model.form)
    readings = read_sights(model, sights, split=False)
    right = sum(reading.ranked[0] == labels[reading.picture] for reading in readings)
    return Count(kind, len(labels), right, len(refusals))


@click.command()
@click.argument("model", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--each", type=click.IntRange(1, 10_000), default=20, show_default=True)
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True)
@click.option("--kind", "kinds", multiple=True, type=click.Choice(list(KINDS)))
def main(model: Path, each: int, seed: int, kinds: tuple[str, ...]) -> None:
    """Print a table by kind; --kind chooses some."""
    opened = find_model(str(model), None, Path("logs"), Path("checkpoints"))
    click.echo("| kind | pictures | right | refused |\n|---|---|---|---|")
    for kind in kinds or KINDS:
        found = count(opened, kind, each, seed)
        click.echo(
            f"| {kind}{'' if kind in HARD else ' (plain)'} | {found.pictures} | {found.right} | "
            f"{found.refused} |"
        )


if __name__ == "__main__":
    main()
