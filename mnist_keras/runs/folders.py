"""Where one run keeps its files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mnist_keras.atomic import is_writable
from mnist_keras.errors import UserError

REPLACED = ".replaced-"
"""Marks, with a number behind it, the folder of a run that another has taken the place of."""


@dataclass(frozen=True)
class RunFolder:
    """Where one run keeps its files: `logs/<study>/<run>` and `checkpoints/<study>/<run>`."""

    logs: Path
    checkpoints: Path

    @property
    def config(self) -> Path:
        """The configuration, written first."""
        return self.logs / "config.json"

    @property
    def epochs(self) -> Path:
        """A row an epoch."""
        return self.logs / "epochs.csv"

    @property
    def predictions(self) -> Path:
        """Test labels and probabilities of the best epoch's weights."""
        return self.logs / "predictions.npz"

    @property
    def result(self) -> Path:
        """The result, written last: a run that has one is done."""
        return self.logs / "result.json"

    @property
    def session(self) -> Path:
        """TensorBoard's event file of the run's hyperparameters and best metrics."""
        return self.logs / "events.out.tfevents.session"

    @property
    def pictures(self) -> Path:
        """TensorBoard's event file of the run's pictures."""
        return self.logs / "events.out.tfevents.pictures"

    @property
    def model(self) -> Path:
        """The best epoch's model, a plain Sequential."""
        return self.checkpoints / "model.keras"

    @property
    def exports(self) -> Path:
        """A folder for each format in which the model was exported."""
        return self.checkpoints / "export"

    @property
    def variables(self) -> Path:
        """The best epoch's variables of a network of the user's own, in the model's order."""
        return self.checkpoints / "variables.npz"

    @property
    def state(self) -> Path:
        """What an interrupted run goes on from; gone when the run is done."""
        return self.checkpoints / "state.npz"

    @property
    def has_leftover_state(self) -> bool:
        """Whether a death has left a state behind that this user may remove."""
        return self.state.exists() and is_writable(self.checkpoints)

    @property
    def lock(self) -> Path:
        """Held by the process that trains this run; beside the folder, which may be set aside."""
        return self.checkpoints.with_name(f".{self.checkpoints.name}.lock")

    def create(self) -> None:
        """Make both folders.

        Raises:
            UserError: one cannot be made.
        """
        for folder in (self.logs, self.checkpoints):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise UserError(
                    f"cannot make the folder {folder}: {error.strerror}; "
                    "choose another with --logs and --checkpoints"
                ) from None

    def set_aside(self) -> None:
        """Rename what there is of both folders to a free name with `.replaced-N`."""
        if self.session.is_file():
            # TensorBoard, which reads every folder, would count the run twice.
            self.session.rename(self.logs / "session.set-aside")
        number = 1
        while any(_replaced(folder, number).exists() for folder in (self.logs, self.checkpoints)):
            number += 1
        for folder in (self.logs, self.checkpoints):
            if folder.exists() and any(folder.iterdir()):
                folder.rename(_replaced(folder, number))


def run_folder(logs: Path, checkpoints: Path, study: str, run: str) -> RunFolder:
    """The folder of a run of a study below the two output folders."""
    return RunFolder(Path(logs) / study / run, Path(checkpoints) / study / run)


def _replaced(folder: Path, number: int) -> Path:
    return folder.with_name(f"{folder.name}{REPLACED}{number}")
