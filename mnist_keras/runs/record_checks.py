"""What may stand in the files of a run's folder, which may come from another machine."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mnist_keras.examination import Examination
from mnist_keras.metrics import MONITORED, VALIDATION_SCORES
from mnist_keras.schema import describe_problem

MAX_JSON_BYTES = 1 << 20
MAX_TABLE_BYTES = 16 << 20
"""Ten thousand epochs take less."""
LARGEST = 1e12
"""Seconds, megabytes or percent that nothing takes."""

_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_Seconds = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
_Epoch = Annotated[int, Field(ge=1, le=10_000)]
_Count = Annotated[int, Field(ge=0, le=10**18)]
_Text = Annotated[str, Field(max_length=1000)]


class _Environment(BaseModel):
    model_config = ConfigDict(strict=True)

    threads: _Count = 0
    gpus: list[_Text] = []
    processor: _Text = ""
    vector_instructions: list[_Text] = []
    onednn: bool | None = None
    variables: dict[_Text, _Text] = {}
    data_sha256: _Text | None = None


class _Result(BaseModel):
    """The fields of result.json that anything is computed from; others may stand beside them."""

    model_config = ConfigDict(strict=True)

    val_accuracy: _Share
    test_accuracy: _Share
    train_accuracy: _Share
    best_epoch: _Epoch
    epochs_run: _Epoch
    stopped_early: bool
    parameters: _Count
    train_seconds: _Seconds
    seconds_per_epoch: _Seconds
    compile_seconds: _Seconds
    concurrent_runs: _Count
    last_val_accuracy: _Share
    last_test_accuracy: _Share
    resources: dict[_Text, dict[_Text, float | None]]
    environment: _Environment
    resumed: dict[Literal["times", "bit_exact"], int | bool] | None = None
    copied_from: _Text | None = None
    examination: Examination | None = None


def read_text(path: Path, most: int) -> str:
    """The text of a regular file of at most so many bytes, without a byte order mark.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no regular file, longer, or no UTF-8.
    """
    # Reading a pipe would wait for ever.
    if path.exists() and not path.is_file():
        raise ValueError("not a regular file")
    with path.open("rb") as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise ValueError(f"longer than {most >> 20} MiB")
    return content.decode("utf-8-sig")


def check_result(result: Mapping[str, Any]) -> None:
    """Check the types and ranges of a result's values.

    Raises:
        ValueError: one of them is impossible; its text says which.
    """
    try:
        _Result.model_validate(result)
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(describe_problem({**problem, "input": _brief(problem["input"])})) from None


def check_epoch(name: str, value: float) -> float:
    """A value of a column of epochs.csv. Only a loss may be infinite or negative.

    A loss may be no number, and so may a score, whose network ended in such.

    Raises:
        ValueError: the value is impossible.
    """
    most = MONITORED[name].high or LARGEST if name in VALIDATION_SCORES else LARGEST
    if name.endswith("accuracy"):
        most = 1.0
    is_no_number = name in VALIDATION_SCORES and math.isnan(value)
    if not (name.endswith("loss") or is_no_number or 0 <= value <= most):
        raise ValueError(f"{name} is {value}")
    return value


class _Quoted(str):
    """A text whose repr is itself."""

    def __repr__(self) -> str:
        return str(self)


def _brief(value: object) -> str:
    """What arrived, as far as it fits in a line."""
    try:
        text = repr(value)
    # An integer of thousands of digits, or lists in lists in lists.
    except (ValueError, RecursionError):
        text = f"an endless {type(value).__name__}"
    return _Quoted(text if len(text) <= 100 else f"{text[:97]}...")
