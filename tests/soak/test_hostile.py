"""Damaged states of a real run, hostile files within their time, and HDF5 on mutated files."""

from __future__ import annotations

import collections
import random
import time

import pytest
from hostile_files import HOSTILE, hdf5, make, read_and_measure, read_weights
from small_runs import folder_below, noisy_data, small_config

from mnist_keras.errors import UserError
from mnist_keras.training import callbacks
from mnist_keras.training.options import RunOptions
from mnist_keras.training.state import DamagedStateError, load_state, previous_generation
from mnist_keras.training.train import train

SEED = 20241125
WEIGHTS_MUTATIONS = 300


class Stop(BaseException):
    """Ends a training."""


@pytest.fixture(scope="module")
def generations(tmp_path_factory):
    """The state file of a LeNet-5 that was stopped after its third epoch, and its predecessor."""
    root = tmp_path_factory.mktemp("stopped")
    data = noisy_data()
    config = small_config("lenet5", data)

    def stop(rows):
        if len(rows) == 4:
            raise Stop

    options = RunOptions(
        logs=root / "logs", checkpoints=root / "checkpoints", tensorboard=False, on_epoch=stop
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(callbacks, "STATE_INTERVAL", 0.0)
        with pytest.raises(Stop):
            train(config, data=data, options=options)
    return folder_below(root, config).state


def damages(content: bytes):
    for length in range(0, len(content), 1024):
        yield f"cut at {length}", content[:length]
    for bit in random.Random(SEED).sample(range(8 * len(content)), 200):
        damaged = bytearray(content)
        damaged[bit // 8] ^= 1 << (bit % 8)
        yield f"bit {bit}", bytes(damaged)


def test_a_damaged_state_gives_way_to_the_older_one(generations, tell):
    path, older = generations, previous_generation(generations)
    content, before = path.read_bytes(), older.read_bytes()
    assert load_state(path)[0].epochs == 3
    count = 0
    for what, damaged in damages(content):
        path.write_bytes(damaged)
        older.write_bytes(before)
        state, note = load_state(path)
        assert state.epochs == 2, what
        assert "is damaged" in note, what
        older.write_bytes(damaged)
        path.write_bytes(damaged)
        with pytest.raises(DamagedStateError, match=r"damaged.*damaged"):
            load_state(path)
        count += 1
    path.write_bytes(content)
    older.write_bytes(before)
    assert count > 900
    tell(f"a state of {len(content):,} bytes, damaged in {count} ways: none was loaded")


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_files_take_two_seconds_at_most(kind, tmp_path, tell):
    make(kind, "sound", tmp_path / "sound")
    outcomes = []
    for number, name in enumerate(HOSTILE[kind]):
        outcome = read_and_measure(kind, make(kind, name, tmp_path / str(number)))
        assert outcome["end"] == "refused", name
        assert outcome["seconds"] < 2, name
        assert outcome["mb"] < 200, name
        outcomes.append(outcome)
    tell(
        f"{kind}: {len(outcomes)} hostile files refused, in at most "
        f"{max(outcome['seconds'] for outcome in outcomes):.2f} s and "
        f"{max(outcome['mb'] for outcome in outcomes):.0f} MB more"
    )


def mutate(content: bytes, source: random.Random) -> bytes:
    """A few changes, most of them where the file's structure is, which has few zeros."""
    data = bytearray(content)
    hot = [place for place, value in enumerate(content) if value]
    for _ in range(source.choice([1, 1, 1, 2, 4, 16])):
        at = min(source.choice(hot), len(data) - 9)
        if at < 0:
            break
        kind = source.random()
        if kind < 0.4:
            data[at] ^= 1 << source.randrange(8)
        elif kind < 0.6:
            data[at] = source.choice([0, 1, 2, 0x7F, 0x80, 0xFF])
        elif kind < 0.8:
            number = source.choice([0, 2**64 - 1, 2**63, len(data), source.randrange(len(data))])
            data[at : at + 8] = number.to_bytes(8, "little")
        elif kind < 0.9:
            data[at:at] = source.randbytes(source.randrange(1, 9))
        elif kind < 0.97:
            del data[at : at + source.randrange(1, 9)]
        else:
            del data[at:]
    return bytes(data)


@pytest.mark.parametrize("version", ["earliest", "latest"])
def test_mutated_weights_are_read_or_refused(version, tmp_path, tell):
    """Through the real reader; both of HDF5's formats, as newer versions write the other one."""
    content, source = hdf5(libver=version), random.Random(SEED)
    path = tmp_path / "it.weights.h5"
    ends = collections.Counter()
    for _ in range(WEIGHTS_MUTATIONS):
        path.write_bytes(mutate(content, source))
        begin = time.perf_counter()
        try:
            read_weights(path)
            ends["read"] += 1
        except UserError as error:
            ends["HDF5 died" if "by signal" in str(error) else "refused"] += 1
        assert time.perf_counter() - begin < 10
    tell(f"{WEIGHTS_MUTATIONS} mutated weights files, HDF5 format {version}: {dict(ends)}")
    assert ends["refused"] > WEIGHTS_MUTATIONS / 10
