"""The state of an interrupted run: one checked file, its predecessor kept."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mnist_keras.errors import UserError
from mnist_keras.records import EpochRow, replace_file

MAGIC = b"mnist-keras state 1\n"
_DIGEST_BYTES = hashlib.sha256().digest_size
_GROUPS = ("variables", "optimizer", "best_weights")


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
    with replace_file(path) as beside:
        beside.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload)
        if path.exists():
            path.replace(previous_generation(path))


def load_state(path: Path) -> tuple[RunState, str | None] | None:
    """Read the newest whole state: the file itself, else its previous generation.

    A damaged file gives way to the generation that is read instead of it, so that the next state
    to be written does not push that one out.

    Returns:
        The state and, where the newest file was damaged, a line that says so; None if there is
        no state.

    Raises:
        UserError: there is a state, but no generation of it is whole.
    """
    problems = []
    for candidate in (path, previous_generation(path)):
        if not candidate.is_file():
            continue
        try:
            state = _unpack(candidate.read_bytes())
        except (ValueError, KeyError, TypeError, OSError, zipfile.BadZipFile) as error:
            problems.append(f"{candidate} is damaged ({error})")
            continue
        if not problems:
            return state, None
        candidate.replace(path)
        return state, f"{problems[0]}; going on from its previous generation"
    if problems:
        raise UserError(f"{'; '.join(problems)}; start the run again with --fresh")
    return None


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


def _unpack(content: bytes) -> RunState:
    start = len(MAGIC) + _DIGEST_BYTES
    payload = content[start:]
    if content[: len(MAGIC)] != MAGIC:
        raise ValueError("not a state of this version")
    if content[len(MAGIC) : start] != hashlib.sha256(payload).digest():
        raise ValueError("its checksum is wrong")
    with np.load(io.BytesIO(payload), allow_pickle=False) as arrays:
        groups = {
            group: [arrays[name] for name in sorted(arrays.files) if name.startswith(f"{group}.")]
            for group in _GROUPS
        }
        rest = json.loads(arrays["rest"].tobytes())
    parts: dict[str, Any] = {**groups, **rest}
    return RunState(**parts)
