"""Find the model that somebody names. It is loaded, with TensorFlow, when it first reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mnist_keras.config import RunConfig
from mnist_keras.data import MNIST
from mnist_keras.data.dataset import Dataset, load
from mnist_keras.data.form import MNIST_FORM, Form, recorded_form
from mnist_keras.data.kinds import kind_of
from mnist_keras.data.reading import shown
from mnist_keras.errors import UserError
from mnist_keras.pictures.readings import all_names
from mnist_keras.report.evaluation.ensemble import member_records
from mnist_keras.runs.caveats import marks_of
from mnist_keras.runs.lookup import find_runs
from mnist_keras.runs.records import RunFolder, read_run
from mnist_keras.statistics.ensembles import Combine

if TYPE_CHECKING:
    from mnist_keras.training.predict import Network

MODEL_SUFFIXES = (".keras", ".h5")
"""How the name of a model's file ends; anything else names a run."""


@dataclass(frozen=True)
class Model:
    """A trained model.

    Attributes:
        open_network: loads it.
        title: what it is called.
        names: of its classes.
        form: of the images that it was trained on.
        mark: of its run.
    """

    open_network: Callable[[], Network]
    title: str
    names: tuple[str, ...]
    form: Form = MNIST_FORM
    mark: str = ""

    @property
    def heading(self) -> str:
        """Its name and its mark."""
        return f"{self.title} ({self.mark})" if self.mark else self.title

    @cached_property
    def network(self) -> Network:
        """The network itself.

        Raises:
            UserError: its file is not there or cannot be used.
        """
        return self.open_network()


def find_model(
    text: str,
    data: Path | None,
    logs: Path,
    checkpoints: Path,
    networks: Sequence[str] = (),
    combine: Combine = "mean",
) -> Model:
    """The model that `text` names: a run, an ensemble, or a `.keras` or `.weights.h5` file.

    Args:
        text: see `lookup.find_runs`, several being an ensemble; or a path.
        data: the data set whose class names and form are used; without it the names are those that
            a run's record has.
        logs: the folder of records.
        checkpoints: the folder of weights and models.
        networks: the user's own networks, one of which the run may be of.
        combine: how the probabilities of an ensemble become one.

    Raises:
        UserError: there is no such run, or it was trained on another data set.
    """
    if text.endswith(MODEL_SUFFIXES):
        return _model_of_file(Path(text), load(data) if data else None)
    folders = find_runs(text, logs, checkpoints)
    if len(folders) > 1:
        return _model_of_ensemble(folders, data, networks, combine)
    return _model_of_run(folders[0], data, networks)


def _model_of_file(path: Path, dataset: Dataset | None) -> Model:
    def open_network() -> Network:
        from mnist_keras.training.stored import load_stored

        return load_stored(path, kind)

    kind = kind_of(dataset.identity if dataset else MNIST)
    names = all_names(dataset.class_names if dataset else (), kind.classes)
    form = dataset.form if dataset else MNIST_FORM
    return Model(open_network, shown(path.name), names, form)


def _model_of_run(folder: RunFolder, data: Path | None, networks: Sequence[str]) -> Model:
    def open_network() -> Network:
        from mnist_keras.training.predict import load_run_model

        return load_run_model(folder, networks)

    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was read; run the command again")
    config = record.config
    dataset = _dataset_of(config, data)
    names = all_names(dataset.class_names if dataset else record.class_names, config.classes)
    form = dataset.form if dataset else form_of_run(config, record.result or {})
    return Model(open_network, config.name, names, form, marks_of([config]))


def _model_of_ensemble(
    folders: Sequence[RunFolder], data: Path | None, networks: Sequence[str], combine: Combine
) -> Model:
    def open_network() -> Network:
        from mnist_keras.training.ensembles import load_ensemble

        return load_ensemble(folders, combine, networks)

    records = member_records(folders)
    one = _model_of_run(folders[0], data, networks)
    title = f"{len(folders)} networks, {combine}"
    return replace(
        one, open_network=open_network, title=title, mark=marks_of([r.config for r in records])
    )


def _dataset_of(config: RunConfig, data: Path | None) -> Dataset | None:
    if data is None:
        return None
    dataset = load(data, quick=config.quick)
    if dataset.identity != config.data:
        trained = "MNIST" if config.data == MNIST else config.data
        raise UserError(
            f"{dataset.source} is the data set {dataset.identity}, but the run {config.name} was "
            f"trained on {trained}; give that one with --data, or leave --data out"
        )
    return dataset


def form_of_run(config: RunConfig, result: Mapping[str, Any]) -> Form:
    """The form of a run's images, from its record."""
    if config.data == MNIST or (config.quick and config.data == load(quick=True).identity):
        return MNIST_FORM
    return recorded_form(result, config.data, config.kind.image_shape)
