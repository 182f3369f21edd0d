from __future__ import annotations

import hashlib
import io
import math
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mnist_keras import atomic
from mnist_keras.config import make_config
from mnist_keras.errors import UserError
from mnist_keras.runs.records import remove_leftovers
from mnist_keras.training.state import (
    MAGIC,
    DamagedStateError,
    RunState,
    check_fits,
    load_state,
    previous_generation,
    remove_state,
    save_state,
)


def make_state(epochs=2):
    generator = np.random.default_rng(epochs)
    weights = [
        generator.normal(size=(3, 2)).astype(np.float32),
        np.array([math.nan, math.inf], np.float32),
    ]
    return RunState(
        config={"architecture": "shallow", "hidden": [128], "patience": None},
        rows=[
            {"epoch": epoch, "loss": 1 / epoch, "val_loss": math.nan}
            for epoch in range(1, epochs + 1)
        ],
        variables=[*weights, np.array([1, 2**32 - 1], np.uint32)],
        optimizer=[np.array(7, np.int64), np.float32(1e-3), *weights],
        best_weights=weights,
        early_stopping={"wait": 1, "best": 0.1 + 0.2, "best_epoch": 0, "stopped_epoch": 0},
        finished=False,
        peaks={"ram_mb": 846.25},
        environment={"threads": 1, "gpus": [], "processor": "a processor"},
        resumed={"times": 1, "bit_exact": True},
    )


def assert_equal(one, other):
    for group in ("variables", "optimizer", "best_weights"):
        left, right = getattr(one, group), getattr(other, group)
        assert [array.dtype for array in left] == [array.dtype for array in right]
        assert [array.shape for array in left] == [array.shape for array in right]
        assert [array.tobytes() for array in left] == [array.tobytes() for array in right]
    assert repr(without_arrays(one)) == repr(without_arrays(other))


def without_arrays(state):
    return replace(state, variables=[], optimizer=[], best_weights=[])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "state.npz"


@pytest.fixture
def generations(path):
    """Two generations on disk; returns the newer file's bytes."""
    save_state(path, make_state(1))
    save_state(path, make_state(2))
    return path.read_bytes()


class TestSaveAndLoad:
    def test_returns_exactly_what_was_saved(self, path):
        state = make_state()
        save_state(path, state)
        loaded, note = load_state(path)
        assert note is None
        assert_equal(loaded, state)
        assert loaded.epochs == 2

    def test_keeps_the_order_of_many_arrays(self, path):
        arrays = [np.array(number) for number in range(120)]
        save_state(path, replace(make_state(), variables=arrays))
        loaded, _ = load_state(path)
        assert [int(array) for array in loaded.variables] == list(range(120))

    def test_keeps_the_previous_generation(self, path, generations):
        assert_equal(load_state(path)[0], make_state(2))
        path.unlink()
        loaded, note = load_state(path)
        assert note is None
        assert_equal(loaded, make_state(1))

    def test_there_may_be_none(self, path):
        assert load_state(path) is None

    def test_removes_both_generations(self, path, generations):
        remove_state(path)
        assert list(path.parent.iterdir()) == []
        remove_state(path)


class TestDamage:
    def test_cuts_are_noticed(self, path, generations):
        whole = len(generations)
        for length in [*range(64), *range(64, whole, 13), *range(whole - 32, whole)]:
            self.assert_older_generation_is_loaded(path, generations[:length])

    def test_flipped_bits_are_noticed(self, path, generations):
        bits = 8 * len(generations)
        header = 8 * (len(MAGIC) + hashlib.sha256().digest_size)
        random = np.random.default_rng(4).choice(np.arange(header, bits), 200, replace=False)
        for bit in [*range(header), *random]:
            damaged = bytearray(generations)
            damaged[bit // 8] ^= 1 << (bit % 8)
            self.assert_older_generation_is_loaded(path, bytes(damaged))

    def test_what_is_appended_is_noticed(self, path, generations):
        self.assert_older_generation_is_loaded(path, generations + b"\0")

    def assert_older_generation_is_loaded(self, path, damaged):
        path.write_bytes(damaged)
        save = previous_generation(path).read_bytes()
        loaded, note = load_state(path)
        assert loaded.epochs == 1
        assert str(path) in note
        assert "damaged" in note
        assert "\n" not in note
        previous_generation(path).write_bytes(save)

    def test_the_good_generation_outlives_the_next_state(self, path, generations):
        path.write_bytes(generations[:100])
        load_state(path)
        save_state(path, make_state(3))
        path.write_bytes(b"")
        assert_equal(load_state(path)[0], make_state(1))

    def test_two_damaged_generations_are_an_error(self, path, generations):
        path.write_bytes(generations[:-1])
        previous_generation(path).write_bytes(b"")
        with pytest.raises(DamagedStateError) as error:
            load_state(path)
        message = str(error.value)
        assert str(path) in message
        assert str(previous_generation(path)) in message
        assert "\n" not in message

    def test_another_version_s_state_is_an_error(self, path):
        payload = b"another format"
        magic = MAGIC.replace(b"1", b"2")
        path.write_bytes(magic + hashlib.sha256(payload).digest() + payload)
        with pytest.raises(DamagedStateError, match="version"):
            load_state(path)

    def test_a_pickle_is_never_loaded(self, path):
        file = io.BytesIO()
        np.savez(file, rest=np.array([Trap()], dtype=object))
        payload = file.getvalue()
        path.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload)
        with pytest.raises(DamagedStateError):
            load_state(path)
        assert not Trap.sprung


class Variable:
    """What is asked of a Keras variable."""

    def __init__(self, array):
        self.shape, self.dtype = array.shape, array.dtype.name


TWO_EPOCHS = make_config({"architecture": "shallow", "epochs": 2})
FIGURES = {"loss": 0.1, "accuracy": 0.5, "val_loss": 0.1, "val_accuracy": 0.5, "seconds": 1.0}


class TestFits:
    """A sound file that another run, or no run, has written."""

    def variables(self, state):
        groups = ("variables", "optimizer", "best_weights")
        return {name: [Variable(array) for array in getattr(state, name)] for name in groups}

    def state(self, path, **changes):
        rows = [{"epoch": 1, **FIGURES}, {"epoch": 2, **FIGURES}]
        save_state(path, replace(make_state(), rows=rows, **changes))
        return load_state(path)[0]

    def test_its_own(self, path):
        state = self.state(path)
        check_fits(path, state, TWO_EPOCHS, self.variables(state))

    @pytest.mark.parametrize(
        ("group", "array"),
        [
            ("variables", np.zeros((2, 3), np.float32)),
            ("best_weights", np.zeros((3, 2), np.float64)),
            ("optimizer", None),
        ],
    )
    def test_other_arrays(self, path, group, array):
        state = self.state(path)
        variables = self.variables(state)
        variables[group] = variables[group][1:]
        if array is not None:
            variables[group].insert(0, Variable(array))
        with pytest.raises(
            UserError, match=rf"{group.replace('_', ' ')} of another model"
        ) as error:
            check_fits(path, state, TWO_EPOCHS, variables)
        assert str(error.value).startswith(f"{path} has ")
        assert "--fresh" in str(error.value)

    def test_more_epochs_than_the_run_has(self, path):
        state = self.state(path)
        with pytest.raises(UserError, match="other epochs"):
            check_fits(path, state, TWO_EPOCHS.replace(epochs=1), self.variables(state))

    @pytest.mark.parametrize("column", FIGURES)
    def test_an_epoch_without_its_figures(self, path, column):
        state = self.state(path)
        del state.rows[1][column]
        with pytest.raises(UserError, match="other epochs"):
            check_fits(path, state, TWO_EPOCHS, self.variables(state))

    def test_an_epoch_without_what_is_monitored(self, path):
        state = self.state(path)
        config = TWO_EPOCHS.replace(monitor="val_brier")
        with pytest.raises(UserError, match="other epochs"):
            check_fits(path, state, config, self.variables(state))
        for row in state.rows:
            row["val_brier"] = 0.1
        check_fits(path, state, config, self.variables(state))


class Trap:
    sprung = False

    def __reduce__(self):
        return spring, ()


def spring():
    Trap.sprung = True


class Death(BaseException):
    """Stands for the end of the process: nothing that comes after it happens."""


class Mortal:
    """Lets an operation happen, unless the process has died before it."""

    def __init__(self, lives):
        self.lives = lives

    def wrap(self, operation):
        def mortal(*arguments, **options):
            self.lives -= 1
            if self.lives < 0:
                raise Death
            return operation(*arguments, **options)

        return mortal


OPERATIONS = [
    (atomic.tempfile, "mkdtemp"),
    (Path, "write_bytes"),
    (Path, "replace"),
    (atomic.os, "fsync"),
    (shutil, "rmtree"),
]


def save_and_die(path, state, lives):
    """Save a state in a process that ends before its operation number `lives`, from 0."""
    mortal = Mortal(lives)
    with pytest.MonkeyPatch.context() as patch:
        for place, name in OPERATIONS:
            patch.setattr(place, name, mortal.wrap(getattr(place, name)))
        try:
            save_state(path, state)
        except Death:
            return True
    return False


def test_a_death_at_any_operation_leaves_a_state(path):
    save_state(path, make_state(1))
    save_state(path, make_state(2))
    found = []
    lives = 0
    while save_and_die(path, make_state(3), lives):
        loaded, note = load_state(path)
        assert note is None
        found.append(loaded.epochs)
        remove_leftovers(path.parent)
        assert {file.name for file in path.parent.iterdir()} <= {
            path.name,
            previous_generation(path).name,
        }
        remove_state(path)
        save_state(path, make_state(1))
        save_state(path, make_state(2))
        lives += 1
    # Folder, content, sync, rotation, replacement, sync of the folder, removal of its folder.
    assert found == [2, 2, 2, 2, 2, 3, 3]
    assert load_state(path)[0].epochs == 3


def test_a_death_between_the_two_renames_leaves_the_older_state_alone(path):
    save_state(path, make_state(1))
    assert save_and_die(path, make_state(2), lives=4)
    assert not path.exists()
    loaded, note = load_state(path)
    assert note is None
    assert_equal(loaded, make_state(1))
    save_state(path, make_state(2))
    assert load_state(path)[0].epochs == 2
