"""Which runs read the drawings, and what the page calls them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mnist_keras.config import ARCHITECTURE_NAMES, RunConfig
from mnist_keras.data import MNIST
from mnist_keras.data.form import Form
from mnist_keras.errors import UserError
from mnist_keras.pictures.model import form_of_run
from mnist_keras.report.evaluation.ensemble import evaluate_ensemble
from mnist_keras.runs.lookup import TOGETHER, find_runs
from mnist_keras.runs.records import RunFolder, RunRecord, read_run, run_folder, scan_runs
from mnist_keras.statistics.ensembles import Combine


@dataclass(frozen=True)
class Reader:
    """A finished run that reads the drawings.

    Attributes:
        folder: where its model is.
        config: what was trained.
        result: its result.json.
        class_names: a name for each output.
        settings: what tells it apart from the other readers of its architecture, in words; empty
            where there is no other.
        others: of an ensemble, the members beside `folder` and `config`, which are its first.
    """

    folder: RunFolder
    config: RunConfig
    result: dict[str, Any]
    class_names: tuple[str, ...]
    settings: str
    others: tuple[tuple[RunFolder, RunConfig], ...] = ()

    @property
    def label(self) -> str:
        """Its name on the page, different from those of the other readers."""
        return f"{self.architecture} ({self.settings})" if self.settings else self.architecture

    @property
    def architecture(self) -> str:
        """The architecture; "ensemble" of several runs."""
        return "ensemble" if self.others else self.config.architecture

    @property
    def folders(self) -> tuple[RunFolder, ...]:
        """Where the models of its members are; of a single run one."""
        return (self.folder, *(folder for folder, _ in self.others))

    @property
    def configs(self) -> tuple[RunConfig, ...]:
        """What was trained, likewise."""
        return (self.config, *(config for _, config in self.others))

    @property
    def name(self) -> str:
        """The run's name, or those of the members joined."""
        return TOGETHER.join(config.name for config in self.configs)

    @property
    def form(self) -> Form:
        """The form of the images that it was trained on."""
        return form_of_run(self.config, self.result)

    @property
    def study(self) -> str:
        """The study that it belongs to."""
        return self.folder.logs.parent.name


def choose_readers(
    runs: Sequence[str],
    logs: Path,
    checkpoints: Path,
    networks: Sequence[str] = (),
    combine: Combine = "mean",
) -> list[Reader]:
    """The runs that were asked for, in that order; without any, the best of each architecture.

    Runs joined by + are an ensemble, by `combine`; the ensembles come last. Of networks of the
    user's own, those in `networks` are taken without being asked for.

    Raises:
        UserError: there is no such run, or it is not done, or there is none at all.
    """
    if not runs:
        return _as_readers(_best_of_each_architecture(logs, checkpoints, networks))
    asked = dict.fromkeys(tuple(find_runs(run, logs, checkpoints)) for run in runs)
    single = [folders[0] for folders in asked if len(folders) == 1]
    several = [folders for folders in asked if len(folders) > 1]
    return [
        *_as_readers([(folder, _record(folder)) for folder in single]),
        *_as_ensembles(several, combine),
    ]


def _record(folder: RunFolder) -> RunRecord:
    record = read_run(folder.logs)
    assert record is not None  # find_run has read it
    return record


def _best_of_each_architecture(
    logs: Path, checkpoints: Path, networks: Sequence[str]
) -> list[tuple[RunFolder, RunRecord]]:
    """By validation accuracy; on equal ones the first by study and name.

    Accuracies on different data sets say nothing about each other, and the page is for digits: runs
    on other data are taken only where there is none on MNIST.
    """
    known = {name.rpartition(":")[2] for name in networks}
    finished = [
        (folder, record)
        for folder, record in _finished_with_model(logs, checkpoints)
        if record.config.network is None or record.config.label in known
    ]
    on_mnist = [pair for pair in finished if pair[1].config.data == MNIST]
    best: dict[str, tuple[RunFolder, RunRecord]] = {}
    for folder, record in on_mnist or finished:
        architecture = record.config.architecture
        if architecture not in best or _accuracy(record) > _accuracy(best[architecture][1]):
            best[architecture] = (folder, record)
    if not best:
        raise UserError(
            f"no finished run with its model is in {logs} and {checkpoints}; train one first: "
            "mnist-keras train shallow"
        )
    own = sorted(name for name in best if name not in ARCHITECTURE_NAMES)
    return [best[name] for name in (*ARCHITECTURE_NAMES, *own) if name in best]


def _finished_with_model(logs: Path, checkpoints: Path) -> list[tuple[RunFolder, RunRecord]]:
    studies = sorted(path for path in logs.iterdir() if path.is_dir()) if logs.is_dir() else []
    pairs = [
        (run_folder(logs, checkpoints, study.name, record.config.name), record)
        for study in studies
        for record in scan_runs(study)[0]
        if record.done
    ]
    return [(folder, record) for folder, record in pairs if folder.model.is_file()]


def _accuracy(record: RunRecord) -> float:
    assert record.result is not None
    return float(record.result["val_accuracy"])


def _as_readers(pairs: Sequence[tuple[RunFolder, RunRecord]]) -> list[Reader]:
    runs = [(folder.logs.parent.name, record.config) for folder, record in pairs]
    return [
        Reader(folder, record.config, record.result or {}, record.class_names, settings)
        for (folder, record), settings in zip(pairs, telling_settings(runs), strict=True)
    ]


def _as_ensembles(several: Sequence[tuple[RunFolder, ...]], combine: Combine) -> list[Reader]:
    readers = []
    for number, folders in enumerate(several, 1):
        found = evaluate_ensemble(folders, combine)
        first, *others = found.members
        parameters = sum(one.result["parameters"] for one in found.members if one.result)
        settings = f"{len(folders)} networks, {combine}"
        readers.append(
            Reader(
                folder=folders[0],
                config=first.config,
                result={"parameters": parameters, "test_accuracy": found.numbers.accuracy},
                class_names=first.class_names,
                settings=settings if len(several) == 1 else f"{settings}, number {number}",
                others=tuple((f, o.config) for f, o in zip(folders[1:], others, strict=True)),
            )
        )
    return readers


def telling_settings(runs: Sequence[tuple[str, RunConfig]]) -> list[str]:
    """What tells each run, given as study and configuration, apart from those of its architecture.

    The settings that are not the same in all of them, and where one configuration is there from
    two studies the study, as in "hidden 64, seed 1" or "seed 0, study shallow".
    """
    counts = Counter(config for _, config in runs)
    return [
        ", ".join(
            [
                *_differing(config, [other for _, other in runs]),
                *([f"study {study}"] if counts[config] > 1 else []),
            ]
        )
        for study, config in runs
    ]


def _differing(config: RunConfig, others: Sequence[RunConfig]) -> list[str]:
    rivals = [other for other in others if other.architecture == config.architecture]
    settings = config.model_dump()
    known = [rival.model_dump() for rival in rivals]
    return [
        f"{name.replace('_', ' ')} {_text(value)}"
        for name, value in settings.items()
        if name != "network" and any(rival.get(name) != value for rival in known)
    ]


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value).lower()
