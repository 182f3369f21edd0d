"""The one verb that trains."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import tensorflow as tf

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import Dataset, load
from mnist_keras.errors import UserError
from mnist_keras.limits import GRAPHS_OF_A_PROCESS
from mnist_keras.notebook.kernel import notebook_shell
from mnist_keras.notebook.training import LiveTraining
from mnist_keras.own_networks import OwnNetwork
from mnist_keras.runs.locking import locked
from mnist_keras.runs.records import (
    EpochRow,
    RunFolder,
    RunRecord,
    read_config,
    read_run,
    remove_leftovers,
    run_folder,
    write_bytes,
)
from mnist_keras.training.environment import grow_gpu_memory, use_threads
from mnist_keras.training.globals import our_globals
from mnist_keras.training.identity import identify
from mnist_keras.training.interruptions import Interruptions
from mnist_keras.training.options import RunOptions, covers
from mnist_keras.training.refusals import as_python_raises_it
from mnist_keras.training.session import Session
from mnist_keras.training.state import DamagedStateError, remove_state
from mnist_keras.training.warm import WarmEngines

_engines = WarmEngines(GRAPHS_OF_A_PROCESS)


def train(
    config: RunConfig, *, data: Dataset | None = None, options: RunOptions | None = None
) -> RunRecord:
    """Train one configuration to its result, or return the result that is there already.

    An interrupted run goes on where its state was taken. In a notebook the epochs are shown below
    the cell as they come.

    Args:
        config: what to train.
        data: the data set; MNIST as shipped by default.
        options: how and where.

    Raises:
        UserError: the data set or the user's own network is not the configuration's, the folder
            cannot be used or is in use.
        RunStopped: the options' `should_stop` said so; the run can go on.
        MemoryError: TensorFlow ran out of memory.
        OSError: a file could not be written; what was finished before is kept.
    """
    options = options or RunOptions()
    data = data or load()
    if data.identity != config.data:
        raise UserError(
            f"the data set {data.source} is {data.identity}, but the configuration's data is "
            f"{config.data}; give the one that the run was configured for"
        )
    folder = run_folder(options.logs, options.checkpoints, options.study, config.name)
    if _is_finished(config, options, folder):
        return _read_record(folder)
    if options.threads is not None:
        use_threads(options.threads)
    grow_gpu_memory()
    _check_network(config)  # which begins TensorFlow
    folder.create()
    with locked(folder), _shown_in_notebook(config, options) as options:
        return _train_locked(config, data, options, folder)


@contextmanager
def _shown_in_notebook(config: RunConfig, options: RunOptions) -> Iterator[RunOptions]:
    """The options with which the epochs are shown below a notebook's cell, where there is one."""
    if notebook_shell() is None:
        yield options
        return
    live = LiveTraining(config)

    def on_epoch(rows: list[EpochRow]) -> None:
        live.epoch(rows)
        options.on_epoch(rows)

    try:
        yield replace(options, on_epoch=on_epoch)
    finally:
        live.end()


def _check_network(config: RunConfig) -> None:
    """Check that a network of the user's own still is what the configuration knows it as."""
    if config.network is None:
        return
    network = config.find()
    assert isinstance(network, OwnNetwork)
    found = identify(network, config.settings, config.shape, config.classes)
    if found.sha256 != config.network.sha256:
        raise UserError(
            f"{network.place}: {config.label} has changed since this training was configured; "
            "give the command again, which takes it as it is now"
        )


def _is_finished(config: RunConfig, options: RunOptions, folder: RunFolder) -> bool:
    """Whether what is asked for is there, so that it need only be read, by whoever may do that."""
    there = folder.result.is_file() and folder.config.is_file()
    if options.fresh or not there or folder.has_leftover_state:
        return False
    _check_is_of(config, folder)
    return covers(_read_record(folder).epochs, options)


def _train_locked(
    config: RunConfig, data: Dataset, options: RunOptions, folder: RunFolder
) -> RunRecord:
    if options.fresh:
        _start_anew(folder)
    _open(config, folder)
    if folder.result.is_file():
        record = _read_record(folder)
        if covers(record.epochs, options):
            remove_state(folder.state)  # a death may have left it behind
            return record
        options.on_note("the finished run lacks the curve on the test set; it is trained again")
        _start_anew(folder)
        _open(config, folder)
    try:
        with our_globals(), Interruptions() as interruptions:
            try:
                Session(config, data, options, folder, interruptions, _engines).run()
            except DamagedStateError as error:
                options.on_note(f"{error}; the run is set aside, and trained from its beginning")
                _start_anew(folder)
                _open(config, folder)
                Session(config, data, options, folder, interruptions, _engines).run()
    except tf.errors.OpError as error:
        refusal = as_python_raises_it(error)
        if refusal is None:
            raise
        raise refusal from error
    return _read_record(folder)


def _start_anew(folder: RunFolder) -> None:
    folder.set_aside()
    folder.create()


def _open(config: RunConfig, folder: RunFolder) -> None:
    """Write the configuration, or check that the folder is this configuration's."""
    for place in (folder.logs, folder.checkpoints):
        remove_leftovers(place)
    if not folder.config.is_file():
        if any(folder.checkpoints.iterdir()) or folder.result.is_file():
            _start_anew(folder)  # a death while the run was set aside, or a part of it was removed
        _keep_source(config, folder)
        write_bytes(folder.config, config.to_json().encode())
    else:
        _check_is_of(config, folder)


def _check_is_of(config: RunConfig, folder: RunFolder) -> None:
    if read_config(folder.config) != config:
        raise UserError(
            f"{folder.config} holds another configuration than its name says; "
            "train it again with --fresh, or in its study with --repair; its folder is set aside"
        )


def _keep_source(config: RunConfig, folder: RunFolder) -> None:
    """Copy the file of a network of the user's own beside the run, where nothing ever runs it."""
    network = config.find()
    if isinstance(network, OwnNetwork):
        write_bytes(folder.logs / network.source.name, network.source.read_bytes())


def _read_record(folder: RunFolder) -> RunRecord:
    record = read_run(folder.logs)
    if record is None:
        raise UserError(f"{folder.logs} was changed while it was in use; run the command again")
    return record
