"""Runs a study as a user starts it, and the same trainings by a peer in one process."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.apart import Job, available_cores, run_apart, run_command_of_ours
from benchmarks.contest import CONTESTANTS, ONE_THREAD, OURS, Entrant
from benchmarks.inputs import make_work
from benchmarks.work import Work
from mnist_keras.data.dataset import load
from mnist_keras.data.sampling import split
from mnist_keras.runs.records import RunRecord, read_runs
from mnist_keras.studies.loading import load_study

SEED = 0


@dataclass(frozen=True)
class StudyRun:
    """A study of one seed by one contestant.

    Attributes:
        round: from 1.
        study: its name.
        contestant: who trained.
        setting: how.
        seconds: wall-clock from the start of the first process to the end of the last.
        trainings_seconds: until the last of `trainings` had its result; this project's command goes
            on with the confirmation and the report.
        trainings: what was trained; this project's confirmation is not among them.
        validation_accuracies: of each training's last epoch.
        images: how many images a validation accuracy is measured on.
        versions: of the packages that computed it.
        gflop: arithmetic of the trainings, counted from their layers.
        peak_gflops: matrix-multiply peak of all cores, measured just before the round.
    """

    round: int
    study: str
    contestant: str
    setting: str
    seconds: float
    trainings_seconds: float
    trainings: tuple[Work, ...]
    validation_accuracies: list[float]
    images: int
    versions: dict[str, str]
    gflop: float
    peak_gflops: float

    @property
    def share_of_peak(self) -> float:
        """The trainings' arithmetic over what the machine could have computed meanwhile."""
        return self.gflop / (self.peak_gflops * self.trainings_seconds)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)


def run_ours(study: str, number: int, data: Path, epochs: int | None, folder: Path) -> StudyRun:
    """`mnist-keras study NAME --seeds 1`, with nothing trained before.

    Args:
        study: name of a study that is built in.
        number: the round.
        data: all images, an .npz file.
        epochs: of every training; None for what the study says.
        folder: a temporary one; holds the runs and the images that the peers will train.

    Raises:
        UserError: the command failed; the line is the last one that it wrote.
    """
    place = folder / f"{study}-{number}"
    peak_gflops = _measure_peak(data)
    command = [
        *([study] if study.startswith("compare") else ["study", study]),
        *("--seeds=1", f"--data={data}"),
        *([] if epochs is None else [f"--epochs={epochs}"]),
        *(f"--logs={place / 'logs'}", f"--checkpoints={place / 'checkpoints'}"),
    ]
    started, begin = time.time(), time.perf_counter()
    run_command_of_ours(*command)
    seconds = time.perf_counter() - begin
    records = _table_records(study, place / "logs" / study, epochs)
    peer_data = _peer_data(data, records[0], place)
    environment = (records[0].result or {})["environment"]
    trainings = tuple(_work(record, peer_data) for record in records)
    return StudyRun(
        round=number,
        study=study,
        contestant=OURS,
        setting=f"{len(available_cores())} at once",
        seconds=seconds,
        trainings_seconds=max(_finished(record) for record in records) - started,
        trainings=trainings,
        validation_accuracies=[float(record.curve("val_accuracy")[-1]) for record in records],
        images=_validation_images(peer_data),
        versions={name: environment[name] for name in ("tensorflow", "keras", "numpy")},
        gflop=_count_arithmetic(trainings),
        peak_gflops=peak_gflops,
    )


def run_peer(ours: StudyRun, entrant: Entrant, python: str) -> StudyRun:
    """The trainings that this project made, by a peer: in one process, or in one on each core.

    Raises:
        UserError: a process failed.
    """
    contestant = CONTESTANTS[entrant.contestant]
    cores = available_cores()
    works = [_at_setting(work, entrant) for work in ours.trainings]
    shares = [share for share in _shares(works, entrant.at_once) if share]
    jobs = [
        Job(
            contestant.module,
            works[share[0]],
            python=python if contestant.peer else Job.python,
            core=cores[place] if entrant.setting.threads == 1 else None,
            then=tuple(works[number] for number in share[1:]),
        )
        for place, share in enumerate(shares)
    ]
    answers = run_apart(jobs)
    trained = {
        number: each
        for share, answer in zip(shares, answers, strict=True)
        for number, each in zip(share, (answer, *answer["then"]), strict=True)
    }
    seconds = max(answer["process_seconds"] for answer in answers)
    return StudyRun(
        round=ours.round,
        study=ours.study,
        contestant=entrant.contestant,
        setting=entrant.setting_name,
        seconds=seconds,
        trainings_seconds=seconds,
        trainings=tuple(works),
        validation_accuracies=[trained[number]["test_accuracy"] for number in range(len(works))],
        images=ours.images,
        versions=answers[0]["versions"],
        gflop=ours.gflop,
        peak_gflops=ours.peak_gflops,
    )


def _shares(works: list[Work], processes: int) -> list[list[int]]:
    """Which trainings each process makes: the longest first, each to the one with least to do."""
    shares: list[list[int]] = [[] for _ in range(processes)]
    steps = [0.0] * processes
    for number in sorted(range(len(works)), key=lambda one: -_steps(works[one])):
        least = steps.index(min(steps))
        shares[least].append(number)
        steps[least] += _steps(works[number])
    return shares


def _steps(work: Work) -> float:
    """Weight updates of a training but for a factor: what its time goes by, roughly."""
    return work.epochs / work.batch_size


def _measure_peak(data: Path) -> float:
    """GFLOP/s of all cores at the same time."""
    work = make_work("shallow", data, epochs=1, setting=ONE_THREAD)
    answers = run_apart([Job("peak", work, core=core) for core in available_cores()])
    return sum(float(answer["peak_gflops"]) for answer in answers)


def _count_arithmetic(trainings: tuple[Work, ...]) -> float:
    first, *then = trainings
    (answer,) = run_apart([Job("arithmetic", first, then=tuple(then))])
    return sum(float(each["gflop"]) for each in (answer, *answer["then"]))


def _table_records(study: str, logs: Path, epochs: int | None) -> list[RunRecord]:
    """The finished runs of the study's tables, in the study's order."""
    design = load_study(study)
    if epochs is not None:
        design = design.override(epochs=epochs)
    runs = {record.config.replace(data="mnist"): record for record in read_runs(logs)}
    return [runs[config] for config in design.run_configs(range(SEED, SEED + 1))]


def _finished(record: RunRecord) -> float:
    """When the run's result was written, seconds since the epoch."""
    return (record.folder / "result.json").stat().st_mtime


def _work(record: RunRecord, data: Path) -> Work:
    config = record.config
    return Work(
        architecture=config.architecture,
        hidden=config.settings.get("hidden", ()),
        batch_size=config.batch_size,
        learning_rate=config.learning_rate,
        epochs=len(record.curve("val_accuracy")),
        seed=config.seed,
        data=str(data),
    )


def _at_setting(work: Work, entrant: Entrant) -> Work:
    return Work(**{**vars(work), "setting": entrant.setting})


def _peer_data(data: Path, record: RunRecord, place: Path) -> Path:
    """The images as the study uses them: what it validates on takes the place of the test set."""
    if record.config.selected_on_test:
        return data
    images = load(data)
    train, held_out = split(images.n_train, SEED)
    path = place / "peer.npz"
    np.savez(
        path,
        x_train=images.x_train[train],
        y_train=images.y_train[train],
        x_test=images.x_train[held_out],
        y_test=images.y_train[held_out],
    )
    return path


def _validation_images(data: Path) -> int:
    return load(data).n_test
