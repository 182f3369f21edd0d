"""The state of an interrupted run: one checked file, its predecessor kept."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, ValidationError, model_validator

from mnist_keras.config import RunConfig
from mnist_keras.data.archive import ARCHIVE_ERRORS, BoundedFile
from mnist_keras.data.npy import read_numbers
from mnist_keras.data.reading import CHUNK, brief
from mnist_keras.errors import UserError
from mnist_keras.runs.records import KNOWN_COLUMNS, EpochRow, replace_file

MAGIC = b"mnist-keras state 1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_NEEDED = {"loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
"""Columns that every epoch has."""
_GROUPS = ("variables", "optimizer", "best_weights")


class DamagedStateError(UserError):
    """There is a state, and nothing of it can be gone on from; the line names each file."""


class _Stopping(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    wait: NonNegativeInt
    best: float
    best_epoch: NonNegativeInt
    stopped_epoch: NonNegativeInt


class _Rest(BaseModel):
    """What of a state is no array."""

    model_config = ConfigDict(extra="forbid", strict=True)

    config: dict[str, Any]
    rows: list[dict[str, int | float]] = Field(min_length=1)
    early_stopping: _Stopping
    finished: bool
    peaks: dict[str, float]
    environment: dict[str, Any]
    resumed: dict[Literal["times", "bit_exact"], int | bool]

    @model_validator(mode="after")
    def _check_rows(self) -> _Rest:
        for number, row in enumerate(self.rows, start=1):
            if row.get("epoch") != number or not row.keys() <= set(KNOWN_COLUMNS):
                raise ValueError(f"row {number} is none of epoch {number}")
        if self.early_stopping.best_epoch >= len(self.rows):
            raise ValueError("the best epoch is none that was trained")
        return self


@dataclass(frozen=True)
class RunState:
    """A run at the end of an epoch: all that its next epoch depends on.

    Attributes:
        config: the run's configuration, as its config.json holds it.
        rows: the rows of epochs.csv so far, one for each epoch that is done.
        variables: the model's weights and dropout generators' states.
        optimizer: the optimizer's variables.
        best_weights: the weights of the best epoch.
        early_stopping: EarlyStopping's wait, best, best_epoch and stopped_epoch.
        finished: no epoch is left to train; only the evaluation is.
        peaks: the highest value of each resource so far.
        environment: threads, processor and versions that computed it.
        resumed: how often the run was resumed, and whether bits may differ for it.
    """

    config: dict[str, Any]
    rows: list[EpochRow]
    variables: list[np.ndarray]
    optimizer: list[np.ndarray]
    best_weights: list[np.ndarray]
    early_stopping: dict[str, Any]
    finished: bool
    peaks: dict[str, float] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    resumed: dict[str, Any] = field(default_factory=dict)

    @property
    def epochs(self) -> int:
        """Epochs that are done."""
        return len(self.rows)


def save_state(path: Path, state: RunState) -> None:
    """Write the state; the file that was there becomes the previous generation.

    A death at any moment leaves a whole file: the new one, or the old one under either name.
    """
    payload = _pack(state)
    with replace_file(path, keep=previous_generation(path)) as beside:
        beside.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload)


def load_state(path: Path) -> tuple[RunState, str | None] | None:
    """Read the newest whole state: the file itself, else its previous generation.

    A damaged file gives way to the generation that is read instead of it, so that the next state
    to be written does not push that one out.

    Returns:
        The state and, where the newest file was damaged, a line that says so; None if there is
        no state.

    Raises:
        DamagedStateError: there is a state, but no generation of it is whole.
    """
    problems = []
    for candidate in (path, previous_generation(path)):
        if not candidate.is_file():
            continue
        try:
            state = _read(candidate)
        except ARCHIVE_ERRORS as error:
            problems.append(f"{candidate} is damaged ({brief(error)})")
            continue
        if not problems:
            return state, None
        candidate.replace(path)
        return state, f"{problems[0]}; going on from its previous generation"
    if problems:
        raise DamagedStateError("; ".join(problems))
    return None


def check_fits(
    path: Path, state: RunState, config: RunConfig, variables: Mapping[str, Sequence[Any]]
) -> None:
    """Check that a run of this configuration, with these variables, can go on from a state.

    Args:
        path: the state's file.
        state: what it holds.
        config: the run's configuration.
        variables: Keras variables that `variables`, `optimizer` and `best_weights` are put into.

    Raises:
        UserError: an array has another shape or type, or an epoch lacks its figures.
    """
    for group, targets in variables.items():
        found = [(array.shape, array.dtype.name) for array in getattr(state, group)]
        if found != [(tuple(target.shape), target.dtype) for target in targets]:
            raise UserError(
                f"{path} has {group.replace('_', ' ')} of another model; "
                "start the run again with --fresh"
            )
    needed = _NEEDED | {config.monitor}
    if state.epochs > config.epochs or not all(row.keys() >= needed for row in state.rows):
        raise UserError(
            f"{path} has other epochs than this run's; start the run again with --fresh"
        )


def remove_state(path: Path) -> None:
    """Remove both generations; nothing happens if there are none."""
    for candidate in (path, previous_generation(path)):
        candidate.unlink(missing_ok=True)


def previous_generation(path: Path) -> Path:
    """Where the predecessor of a state file is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def _pack(state: RunState) -> bytes:
    arrays = {
        f"{group}.{index:03d}": array
        for group in _GROUPS
        for index, array in enumerate(getattr(state, group))
    }
    rest = {name: value for name, value in vars(state).items() if name not in _GROUPS}
    arrays["rest"] = np.frombuffer(json.dumps(rest).encode(), dtype=np.uint8)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def _read(path: Path) -> RunState:
    """Read one generation; memory is taken for no more than the file holds."""
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("not a state of this version")
        expected = file.read(_DIGEST_BYTES)
        found = hashlib.sha256()
        while chunk := file.read(CHUNK):
            found.update(chunk)
        if found.digest() != expected:
            raise ValueError("its checksum is wrong")
    with BoundedFile(path.open("rb", buffering=0)) as content, zipfile.ZipFile(content) as archive:
        return _unpack(archive)


def _unpack(archive: zipfile.ZipFile) -> RunState:
    names = [name.removesuffix(".npy") for name in archive.namelist()]
    groups: dict[str, Any] = {
        group: [read_numbers(archive, name) for name in sorted(names) if _is_of(group, name)]
        for group in _GROUPS
    }
    try:
        rest = _Rest.model_validate_json(read_numbers(archive, "rest", "u").tobytes())
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(f"{_place(problem)}: {problem['msg']}") from None
    return RunState(**groups, **rest.model_dump())


def _is_of(group: str, name: str) -> bool:
    return name.startswith(f"{group}.")


def _place(problem: Any) -> str:
    return ".".join(str(part) for part in problem["loc"]) or "rest"
