"""The trainings of the race, each by a process of its own: what the clock of the user says."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from benchmarks.apart import Job, available_cores, run_apart, run_command_of_ours
from benchmarks.contest import OURS
from benchmarks.inputs import save_images
from benchmarks.options import MNIST_IMAGES
from benchmarks.work import PYTORCH_EXAMPLE, TRAIN_MNIST_FAST, Setting, Work
from mnist_keras.config import RunConfig
from mnist_keras.running.study_runs import prepare
from mnist_keras.runs.records import read_run

STUDY = "race"
PYTORCH = "plain PyTorch"
IN_PYTORCH = (PYTORCH_EXAMPLE, TRAIN_MNIST_FAST)
Entrant = tuple[str, str]
"""A recipe, and the program that trains it."""


@dataclass(frozen=True)
class Measured:
    """One training.

    Attributes:
        recipe: name of the trial in the study.
        program: who trained it.
        seed: of the training.
        process_seconds: from the start of the process until the result was written, with
            everything: imports, images, compilation, training, a look at the test images after each
            epoch, and what the program writes.
        compile_seconds: tracing and compilation, as far as it came before the first epoch.
        epoch_seconds: training alone, of each epoch.
        accuracies: fraction of the test images that are right, after each epoch.
    """

    recipe: str
    program: str
    seed: int
    process_seconds: float
    compile_seconds: float
    epoch_seconds: list[float]
    accuracies: list[float]

    @property
    def who(self) -> tuple[str, str, int]:
        """Recipe, program and seed: what is measured once."""
        return self.recipe, self.program, self.seed

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


class Race:
    """The study, trained one process after another.

    Args:
        seeds: how many of each recipe.
        folder: a temporary one, for the images that the peer trains on.
        peer_python: the interpreter that has PyTorch.
        data: None for the MNIST that comes with the package.
        epochs: of every training; None for what the study says.
        logs: where this project's runs are recorded.
        checkpoints: where their weights are kept.
    """

    def __init__(
        self,
        *,
        seeds: int,
        folder: Path,
        peer_python: str,
        data: Path | None,
        epochs: int | None,
        logs: Path,
        checkpoints: Path,
    ) -> None:
        self._epochs = [] if epochs is None else [f"--epochs={epochs}"]
        self._run = prepare(
            STUDY,
            seeds=range(seeds),
            jobs=1,
            threads=len(available_cores()),
            data=data,
            logs=logs,
            checkpoints=checkpoints,
            fresh=False,
            overrides={} if epochs is None else {"epochs": epochs},
        )
        self._configs = {
            label.name: trial.config
            for trial in self._run.study.seeded_trials(range(1))
            for label in trial.labels
        }
        self._peer_python = peer_python
        self._folder_of_images = folder

    @cached_property
    def _images(self) -> Path:
        """What the peer trains on; written when it first does."""
        given = self._run.place.data
        return given or save_images(self._folder_of_images / "images.npz", MNIST_IMAGES)

    def entrants(self, programs: Sequence[str]) -> list[Entrant]:
        """Recipes with who trains them, in the study's order."""
        return [
            (name, program)
            for name in self._configs
            for program in programs
            if program == OURS or name in IN_PYTORCH
        ]

    def is_trained(self, recipe: str, seed: int) -> bool:
        """Whether the study has this run already, so that its process cannot be timed any more."""
        record = read_run(self._folder(recipe, seed))
        return record is not None and record.result is not None

    def measure(self, entrant: Entrant, seed: int) -> Measured:
        """Train in a fresh process.

        Raises:
            UserError: the process failed; the line is the last one that it wrote.
        """
        recipe, program = entrant
        return self._ours(recipe, seed) if program == OURS else self._peer(recipe, seed)

    def _ours(self, recipe: str, seed: int) -> Measured:
        # A process that goes on with a training says nothing of how long the whole of it takes.
        begun = read_run(self._folder(recipe, seed)) is not None
        tasks = [task.config for task in self._run.tasks()]
        place = self._run.place
        command = [
            *("study", STUDY, f"--only={1 + tasks.index(self._config(recipe, seed))}"),
            *(f"--seeds={len(self._run.seeds)}", f"--threads={place.threads}", *self._epochs),
            *([f"--data={place.data.absolute()}"] if place.data else []),
            *(["--fresh"] if begun else []),
            *(f"--logs={place.logs.absolute()}", f"--checkpoints={place.checkpoints.absolute()}"),
        ]
        started = time.time()
        run_command_of_ours(*command)
        record = read_run(self._folder(recipe, seed))
        assert record is not None
        assert record.result is not None
        return Measured(
            recipe=recipe,
            program=OURS,
            seed=seed,
            process_seconds=(record.folder / "result.json").stat().st_mtime - started,
            compile_seconds=float(record.result["compile_seconds"]),
            epoch_seconds=record.curve("seconds").tolist(),
            accuracies=record.curve("val_accuracy").tolist(),
        )

    def _peer(self, recipe: str, seed: int) -> Measured:
        config = self._config(recipe, seed)
        work = Work(
            architecture=recipe,
            hidden=(),
            batch_size=config.batch_size,
            learning_rate=config.learning_rate,
            epochs=config.epochs,
            seed=seed,
            data=str(self._images),
            setting=Setting(self._run.place.threads),
        )
        (answer,) = run_apart([Job("race_torch", work, python=self._peer_python)])
        return Measured(
            recipe=recipe,
            program=PYTORCH,
            seed=seed,
            process_seconds=answer["process_seconds"],
            compile_seconds=0.0,
            epoch_seconds=answer["epoch_seconds"],
            accuracies=answer["accuracies"],
        )

    def _config(self, recipe: str, seed: int) -> RunConfig:
        return self._configs[recipe].replace(seed=seed)

    def _folder(self, recipe: str, seed: int) -> Path:
        return self._run.place.folder(self._config(recipe, seed)).logs
