from __future__ import annotations

import csv
import errno
import json
import math
import signal
import subprocess
import sys

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_keras.config import make_config
from mnist_keras.errors import UserError
from mnist_keras.runs.record_checks import LARGEST
from mnist_keras.runs.records import (
    EPOCH_COLUMNS,
    RESULT_FIELDS,
    read_epochs,
    read_json,
    read_run,
    read_runs,
    remove_leftovers,
    replace_file,
    run_folder,
    write_bytes,
    write_epochs,
    write_json,
)

CONFIG = make_config({"architecture": "perceptron", "epochs": 2})

POSSIBLE = {
    name: st.floats(0, 1)
    if name.endswith("accuracy")
    else st.floats(allow_nan=False)
    if name.endswith("loss")
    else st.floats(0, LARGEST)
    for name in EPOCH_COLUMNS[1:]
}
"""What a column of epochs.csv may hold."""

ROWS = [
    {"epoch": 1.0, "loss": 0.7, "accuracy": 0.5, "val_loss": 0.8, "val_accuracy": 0.25},
    {"epoch": 2.0, "loss": 0.1, "accuracy": 2 / 3, "val_loss": 0.75, "val_accuracy": 0.3},
]

RESULT = {
    "val_accuracy": 0.3,
    "test_accuracy": 0.2,
    "train_accuracy": 2 / 3,
    "best_epoch": 2,
    "epochs_run": 2,
    "stopped_early": False,
    "parameters": 7850,
    "train_seconds": 1.0,
    "seconds_per_epoch": 0.5,
    "compile_seconds": 0.1,
    "concurrent_runs": 1,
    "last_val_accuracy": 0.3,
    "last_test_accuracy": 0.2,
    "resources": {},
    "environment": {},
}

KILLED_WHILE_WRITING = """
import os, signal, sys
from pathlib import Path
from mnist_keras.runs.records import replace_file
with replace_file(Path(sys.argv[1])) as beside:
    beside.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""

WRITES_PAST_A_LIMIT = """
import resource, sys
from pathlib import Path
import h5py, numpy
from mnist_keras.runs.records import replace_file
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
try:
    with replace_file(Path(sys.argv[1])) as beside, h5py.File(beside, "w") as file:
        file["array"] = numpy.zeros(100_000)
except OSError as error:
    print(error.errno, error.filename, error.strerror, sep="|")
"""


@pytest.fixture
def run(tmp_path):
    """The folder of a finished run, as training leaves it."""
    folder = run_folder(tmp_path / "logs", tmp_path / "checkpoints", "study", CONFIG.name)
    folder.create()
    write_bytes(folder.config, CONFIG.to_json().encode())
    write_epochs(folder.epochs, ROWS, sync=True)
    write_json(folder.result, RESULT)
    return folder


def assert_one_line(error, path):
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    return message


class TestReplaceFile:
    def test_takes_the_old_file_s_place(self, tmp_path):
        path = tmp_path / "model.keras"
        path.write_bytes(b"old")
        with replace_file(path) as beside:
            assert beside.name == "model.keras"
            beside.write_bytes(b"new")
            assert path.read_bytes() == b"old"
        assert path.read_bytes() == b"new"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
    def test_leaves_the_old_file_when_its_writer_raises(self, tmp_path, error):
        path = tmp_path / "file"
        path.write_bytes(b"old")

        def write_half():
            with replace_file(path) as beside:
                beside.write_bytes(b"half")
                raise error

        with pytest.raises(error):
            write_half()
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_leaves_the_old_file_when_its_writer_is_killed(self, tmp_path):
        path = tmp_path / "file"
        path.write_bytes(b"old")
        killed = subprocess.run([sys.executable, "-c", KILLED_WHILE_WRITING, str(path)])
        assert killed.returncode == -signal.SIGKILL
        assert path.read_bytes() == b"old"
        assert len(list(tmp_path.iterdir())) == 2
        remove_leftovers(tmp_path)
        assert list(tmp_path.iterdir()) == [path]

    def test_names_the_file_and_the_reason_in_one_line(self, tmp_path):
        path = tmp_path / "weights.h5"
        path.write_bytes(b"old")
        child = subprocess.run(
            [sys.executable, "-c", WRITES_PAST_A_LIMIT, str(path)],
            capture_output=True,
            text=True,
            check=True,
        )
        assert child.stdout == f"{errno.EFBIG}|{path}|File too large\n"
        assert path.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [path]

    def test_refuses_a_folder_that_is_not_there(self, tmp_path):
        path = tmp_path / "none" / "file"
        with pytest.raises(FileNotFoundError) as error:
            write_bytes(path, b"")
        assert error.value.filename == str(path)


class TestRemoveLeftovers:
    def test_removes_nothing_else(self, tmp_path):
        (tmp_path / ".writing-abc").mkdir()
        (tmp_path / ".writing-abc" / "model.keras").touch()
        (tmp_path / "writing-kept").mkdir()
        (tmp_path / "kept").touch()
        remove_leftovers(tmp_path)
        assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "writing-kept"]


class TestJson:
    def test_writes_null_for_what_json_has_no_number_for(self, tmp_path):
        path = tmp_path / "file.json"
        write_json(path, {"b": [1.5, math.nan, (math.inf,)], "a": {"c": -math.inf, "d": None}})
        assert path.read_text() == (
            '{\n  "a": {\n    "c": null,\n    "d": null\n  },\n'
            '  "b": [\n    1.5,\n    null,\n    [\n      null\n    ]\n  ]\n}\n'
        )

    def test_returns_what_was_written(self, tmp_path):
        path = tmp_path / "file.json"
        write_json(path, RESULT)
        assert read_json(path) == RESULT

    def test_a_value_that_json_cannot_hold_leaves_the_old_file(self, tmp_path):
        path = tmp_path / "file.json"
        write_json(path, {"a": 1})
        with pytest.raises(TypeError):
            write_json(path, {"a": object()})
        assert read_json(path) == {"a": 1}


class TestEpochs:
    def test_leaves_cells_empty_that_have_no_value(self, tmp_path):
        path = tmp_path / "epochs.csv"
        write_epochs(path, [{"epoch": 1.0, "loss": 0.5, "vram_mb": 846.0}], sync=False)
        assert path.read_text() == (
            "epoch,loss,accuracy,val_loss,val_accuracy,seconds,cpu_percent,ram_mb,process_ram_mb,"
            "gpu_percent,vram_mb,test_loss,test_accuracy\n1,0.5,,,,,,,,,846.0,,\n"
        )
        assert read_epochs(path) == [{"epoch": 1.0, "loss": 0.5, "vram_mb": 846.0}]

    @given(st.lists(st.fixed_dictionaries({}, optional=POSSIBLE), max_size=4))
    def test_returns_every_number_exactly(self, tmp_path_factory, rows):
        path = tmp_path_factory.mktemp("rows") / "epochs.csv"
        rows = [{**row, "epoch": float(number)} for number, row in enumerate(rows, start=1)]
        write_epochs(path, rows, sync=False)
        assert read_epochs(path) == rows
        with path.open(newline="") as file:
            assert next(csv.reader(file)) == list(EPOCH_COLUMNS)

    def test_keeps_a_loss_that_is_not_a_number(self, tmp_path):
        path = tmp_path / "epochs.csv"
        write_epochs(path, [{"epoch": 1, "loss": math.nan, "val_loss": math.inf}], sync=False)
        (row,) = read_epochs(path)
        assert math.isnan(row["loss"])
        assert row["val_loss"] == math.inf

    def test_a_spreadsheet_s_byte_order_mark_and_line_ends_are_taken(self, tmp_path):
        path = tmp_path / "epochs.csv"
        rows = [{"epoch": 1.0, "loss": 0.5}, {"epoch": 2.0, "loss": 0.25}]
        write_epochs(path, rows, sync=False)
        path.write_bytes(path.read_text().replace("\n", "\r\n").encode("utf-8-sig"))
        assert read_epochs(path) == rows

    def test_no_file_is_no_epoch(self, tmp_path):
        assert read_epochs(tmp_path / "epochs.csv") == []

    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"\x89HDF\r\n\x1a\n", "decode"),
            (b"loss,epoch\n1,1\n", "first column"),
            (b"epoch,loss\n1,0.5\n2,0.", "not whole"),
            (b"epoch,loss\n1\n", "row 1 is not as wide"),
            (b"epoch,loss\n1,0.5,0.5\n", "row 1 is not as wide"),
            (b"epoch,loss\n1,many\n", "many"),
            (b"epoch,loss\n1,0.5\n1,0.5\n", "row 2 is of epoch 1"),
            (b"epoch,loss\n2,0.5\n", "row 1 is of epoch 2"),
            (b"epoch,loss\n,0.5\n", "row 1 is of epoch "),
        ],
    )
    def test_refuses_what_is_no_such_table(self, tmp_path, content, reason):
        path = tmp_path / "epochs.csv"
        path.write_bytes(content)
        with pytest.raises(UserError) as error:
            read_epochs(path)
        assert reason in assert_one_line(error, path)


class TestReadRun:
    def test_reads_what_was_written(self, run):
        record = read_run(run.logs)
        assert record.folder == run.logs
        assert record.config == CONFIG
        assert record.epochs == ROWS
        assert record.result == RESULT
        assert record.done

    def test_a_run_without_result_is_not_done(self, run):
        run.result.unlink()
        record = read_run(run.logs)
        assert record.result is None
        assert not record.done

    def test_a_curve_has_nan_where_a_cell_is_empty(self, run):
        row = {"epoch": 2, "val_accuracy": 0.5}
        write_epochs(run.epochs, [ROWS[0], row], sync=False)
        curve = read_run(run.logs).curve("loss")
        assert curve.dtype == np.float64
        np.testing.assert_array_equal(curve, [ROWS[0]["loss"], math.nan])

    def test_refuses_a_finished_run_that_lacks_the_accuracy_of_an_epoch(self, run):
        write_epochs(run.epochs, [ROWS[0], {"epoch": 2, "loss": 0.1}], sync=False)
        with pytest.raises(UserError) as error:
            read_run(run.logs)
        assert "lacks the val_accuracy of an epoch" in assert_one_line(error, run.epochs)

    @pytest.mark.parametrize("field", RESULT_FIELDS)
    def test_refuses_a_result_that_lacks_a_field(self, run, field):
        write_json(run.result, {**RESULT, field: math.nan})
        with pytest.raises(UserError) as error:
            read_run(run.logs)
        assert f"lacks {field}" in assert_one_line(error, run.result)

    @pytest.mark.parametrize("name", ["config", "result", "epochs"])
    def test_refuses_every_cut_of_a_file(self, run, name):
        path = getattr(run, name)
        whole = path.read_bytes()
        # A row that is cut off whole is missed by comparison with the result; JSON may lose its
        # last newline.
        lengths = range(len(whole) - 1) if name != "epochs" else range(1, len(whole))
        for length in lengths:
            path.write_bytes(whole[:length])
            with pytest.raises(UserError) as error:
                read_run(run.logs)
            assert_one_line(error, path if name != "epochs" else run.logs)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"[]",
            b"null",
            b"\xff\xfe",
            b"[" * 100_000,
            b'{"architecture": "perceptron", "epochs": 2, "colour": 1}',
            b'{"architecture": "perceptron", "epochs": "many"}',
            b'{"architecture": ["perceptron"]}',
            b'{"epochs": 2}',
        ],
    )
    def test_refuses_a_damaged_configuration(self, run, content):
        run.config.write_bytes(content)
        with pytest.raises(UserError) as error:
            read_run(run.logs)
        assert_one_line(error, run.config)

    def test_refuses_another_number_of_epochs_than_the_result_has(self, run):
        write_epochs(run.epochs, ROWS[:1], sync=False)
        with pytest.raises(UserError) as error:
            read_run(run.logs)
        assert "1 rows" in assert_one_line(error, run.logs)


class TestReadRuns:
    def test_reads_only_folders_of_runs(self, run):
        study = run.logs.parent
        other = CONFIG.replace(seed=3)
        write_run(study / other.name, other)
        write_run(study / "renamed by hand", CONFIG)
        write_run(study / f"{CONFIG.name}.replaced-1", CONFIG)
        (study / f"{CONFIG.name}.replaced-2").mkdir()
        (study / f"{CONFIG.name}.replaced-2" / "config.json").write_text("damaged")
        (study / "figures").mkdir()
        (study / "results.csv").write_text("run\n")
        assert [record.config for record in read_runs(study)] == [CONFIG, other]

    def test_a_study_that_is_not_there_has_none(self, tmp_path):
        assert read_runs(tmp_path / "none") == []


class TestRunFolder:
    def test_has_the_files_of_the_contract(self, tmp_path):
        folder = run_folder(tmp_path / "logs", tmp_path / "checkpoints", "deep", "run")
        logs, checkpoints = tmp_path / "logs" / "deep", tmp_path / "checkpoints" / "deep"
        assert folder.config == logs / "run" / "config.json"
        assert folder.epochs == logs / "run" / "epochs.csv"
        assert folder.predictions == logs / "run" / "predictions.npz"
        assert folder.result == logs / "run" / "result.json"
        assert folder.model == checkpoints / "run" / "model.keras"
        assert folder.state.parent == checkpoints / "run"

    def test_names_the_folder_that_cannot_be_made(self, tmp_path):
        (tmp_path / "logs").write_text("a file")
        with pytest.raises(UserError) as error:
            run_folder(tmp_path / "logs", tmp_path / "checkpoints", "study", "run").create()
        assert_one_line(error, tmp_path / "logs" / "study" / "run")

    def test_sets_both_folders_aside_under_one_free_number(self, run):
        weights = run.checkpoints / "weights_epoch_01.weights.h5"
        with h5py.File(weights, "w") as file:
            file["array"] = np.arange(3)
        contents = {path.name: path.read_bytes() for path in [*run.logs.iterdir(), weights]}
        taken = run.logs.with_name(f"{CONFIG.name}.replaced-1")
        taken.mkdir()

        run.set_aside()

        assert not run.logs.exists()
        assert not run.checkpoints.exists()
        assert list(taken.iterdir()) == []
        kept = [
            folder.with_name(f"{CONFIG.name}.replaced-2") for folder in (run.logs, run.checkpoints)
        ]
        assert {
            path.name: path.read_bytes() for folder in kept for path in folder.iterdir()
        } == contents

    def test_sets_aside_what_there_is(self, run):
        run.set_aside()
        assert not run.logs.exists()
        assert list(run.checkpoints.iterdir()) == []
        run.create()
        run.set_aside()
        run.checkpoints.rmdir()
        run.set_aside()
        assert not list(run.logs.parent.glob("*.replaced-2"))
        assert json.loads(
            run.logs.with_name(f"{CONFIG.name}.replaced-1").joinpath("result.json").read_text()
        )


def write_run(logs, config):
    logs.mkdir()
    (logs / "config.json").write_text(config.to_json())
