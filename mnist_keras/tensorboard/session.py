"""A finished run as a session of TensorBoard's HParams tab.

What is shown is a pure function of the run's configuration and result, so it can be written again
for a copy of the run. All seeds of a configuration are sessions of one group.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.hparams import api_pb2, metadata, plugin_data_pb2

from mnist_keras.architectures import BUILT_IN
from mnist_keras.config import BUILT_IN_SETTINGS, OF_EVERY_RUN, RunConfig, is_usual
from mnist_keras.runs.caveats import in_brackets, marks_of
from mnist_keras.runs.records import RunFolder
from mnist_keras.settings import IN_EVERY_NAME
from mnist_keras.tensorboard.files import scalar, write_events

METRICS = {
    "val_accuracy": "validation accuracy at the best epoch",
    "test_accuracy": "test accuracy with the best epoch's weights",
    "val_loss": "validation loss at the best epoch",
    "seconds_per_epoch": "mean seconds of training an epoch",
}
"""The fields of result.json that are shown, and what they are."""

PREFIX = "result/"
"""Begins the metrics' tags: one group in the Scalars tab, behind those of the curves."""

SHOWN_FIRST = ("architecture", "hidden", "learning_rate", "batch_size", "epochs")
"""What studies vary. TensorBoard shows five columns unless asked for more."""


def write_session(
    folder: RunFolder, study: str, config: RunConfig, result: Mapping[str, Any], ended: float
) -> None:
    """Write the run's session, in the place of an older one.

    Args:
        folder: the run's folder.
        study: its study: a copy in another study is no further session of the first one's group.
        config: its configuration.
        result: what its result.json holds, or will hold.
        ended: when it ended, in seconds since 1970.

    Raises:
        OSError: the file cannot be written.
    """
    values = [
        _hparams_value(metadata.EXPERIMENT_TAG, experiment=_experiment(config)),
        _hparams_value(
            metadata.SESSION_START_INFO_TAG,
            session_start_info=_start(study, config, ended - result["train_seconds"]),
        ),
        *_metrics(config, result),
        _hparams_value(
            metadata.SESSION_END_INFO_TAG,
            session_end_info=plugin_data_pb2.SessionEndInfo(
                status=api_pb2.STATUS_SUCCESS, end_time_secs=ended
            ),
        ),
    ]
    write_events(folder.session, values, step=result["best_epoch"] - 1, wall_time=ended)


def _hparams_value(tag: str, **content: Any) -> Summary.Value:
    return Summary.Value(
        tag=tag,
        metadata=metadata.create_summary_metadata(plugin_data_pb2.HParamsPluginData(**content)),
        tensor=metadata.NULL_TENSOR,
    )


def shown_settings(config: RunConfig) -> dict[str, Any]:
    """The settings that are shown: all but the seed, which tells the sessions of a group apart."""
    return {
        name: value
        for name, value in config.model_dump().items()
        if name not in ("seed", "network") and not is_usual(name, value)
    }


def _experiment(config: RunConfig) -> api_pb2.Experiment:
    """The columns of the table: those of all built-in networks, and what else this run has.

    TensorBoard takes them from any one of the runs, so all of them name what their sources vary.
    """
    published = [name for network in BUILT_IN.values() for name in network.training]
    of_all = ("architecture", *BUILT_IN_SETTINGS, *IN_EVERY_NAME, *published, "data")
    columns = {**dict.fromkeys(of_all), **shown_settings(config)}
    return api_pb2.Experiment(
        hparam_infos=[_column(name, value) for name, value in columns.items()],
        metric_infos=[
            api_pb2.MetricInfo(
                name=api_pb2.MetricName(tag=PREFIX + name),
                display_name=name,
                description=description,
            )
            for name, description in METRICS.items()
        ],
    )


def _column(name: str, value: Any) -> api_pb2.HParamInfo:
    setting = {**BUILT_IN_SETTINGS, **OF_EVERY_RUN}.get(name)
    is_number = type(value) in (int, float)
    if setting is not None:
        is_number = setting.kind in ("whole", "number")
    return api_pb2.HParamInfo(
        name=name,
        description=setting.help if setting else "",
        differs=name in SHOWN_FIRST,
        type=api_pb2.DATA_TYPE_FLOAT64 if is_number else api_pb2.DATA_TYPE_STRING,
    )


def _start(study: str, config: RunConfig, began: float) -> plugin_data_pb2.SessionStartInfo:
    configuration = config.name.removesuffix(f"-s{config.seed}")
    start = plugin_data_pb2.SessionStartInfo(
        group_name=f"{configuration} ({study})", start_time_secs=began
    )
    for name, value in shown_settings(config).items():
        if isinstance(value, tuple):
            value = "-".join(map(str, value)) or None
        if isinstance(value, bool):
            value = str(value).lower()
        if isinstance(value, str):
            start.hparams[name].string_value = value
        elif value is not None:
            start.hparams[name].number_value = value
    return start


def _metrics(config: RunConfig, result: Mapping[str, Any]) -> list[Summary.Value]:
    """The metrics that are known; a loss that overflowed is not."""
    mark = in_brackets(marks_of([config]))
    known = {name: result.get(name) for name in METRICS}
    return [
        scalar(PREFIX + name, value, f"{METRICS[name]}{mark}")
        for name, value in known.items()
        if value is not None and math.isfinite(value)
    ]
