"""Death at every single write, sync, rename and delete of a run of two epochs."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from small_runs import folder_below, noisy_data, small_config, train_below, what_was_computed

from mnist_keras.training import callbacks

OPERATIONS = [
    (Path, "mkdir"),
    (Path, "write_bytes"),
    (Path, "replace"),
    (Path, "rename"),
    (Path, "unlink"),
    (os, "fsync"),
    (shutil, "rmtree"),
    (tempfile, "mkdtemp"),
]


class Death(BaseException):
    """Stands for the end of the process: nothing that comes after it happens."""


class Mortal:
    """Counts operations, and lets none happen from number `lives` (from 0) on."""

    def __init__(self, lives=None):
        self.lives = lives
        self.count = 0

    def wrap(self, operation):
        def mortal(*arguments, **options):
            if self.lives is not None and self.count >= self.lives:
                raise Death
            self.count += 1
            return operation(*arguments, **options)

        return mortal


def train_and_die(root, config, data, lives=None):
    """Train in a process that ends before its operation number `lives`; returns their count."""
    mortal = Mortal(lives)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks, "STATE_INTERVAL", 0.0)
        for place, name in OPERATIONS:
            patch.setattr(place, name, mortal.wrap(getattr(place, name)))
        try:
            train_below(root, config, data, tensorboard=False)
        except Death:
            assert lives is not None
    return mortal.count


def test_a_death_at_any_operation_of_a_run_changes_no_bit(tmp_path, tell):
    data = noisy_data()
    config = small_config("shallow", data, epochs=2)
    operations = train_and_die(tmp_path / "whole", config, data)
    whole = what_was_computed(folder_below(tmp_path / "whole", config))
    assert operations > 30
    for lives in range(operations):
        root = tmp_path / str(lives)
        assert train_and_die(root, config, data, lives) == lives
        train_below(root, config, data, tensorboard=False)
        folder = folder_below(root, config)
        assert what_was_computed(folder) == whole, f"death before operation {lives}"
        assert not folder.state.exists()
        assert not list(root.rglob(".writing-*"))
    tell(f"death before each of the {operations} writes, syncs, renames and deletes of a run")
