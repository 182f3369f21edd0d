from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hostile_files import HOSTILE, READERS, SUFFIXES, make
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_keras.errors import UserError

NAMES = [f"{kind}: {name}" for kind, files in HOSTILE.items() for name in files]
HANGS_AFTER = 60.0
"""Seconds for one file; tests/soak has the real bound, which a busy machine may miss."""
MAX_MB = 200


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    """How the reading of each file ended, in a process that does nothing else."""
    root = tmp_path_factory.mktemp("hostile")
    here = Path(__file__).parent
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, pathlib, hostile_files;"
            "hostile_files.measure_all(pathlib.Path(sys.argv[1]))",
            str(root),
        ],
        cwd=root,
        env={**os.environ, "PYTHONPATH": f"{here}{os.pathsep}{here.parent}"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_there_are_many():
    assert len(NAMES) == len(set(NAMES)) > 100


@pytest.mark.parametrize("kind", READERS)
def test_the_file_that_they_are_made_from_is_sound(kind, tmp_path):
    READERS[kind](make(kind, "sound", tmp_path / "sound"))


@pytest.mark.parametrize("name", NAMES)
def test_is_refused_in_one_line(outcomes, name):
    outcome = outcomes[name]
    assert outcome["end"] == "refused", outcome
    assert outcome["message"].isprintable()
    assert len(outcome["message"]) < 1000
    assert outcome["mb"] < MAX_MB
    assert outcome["seconds"] < HANGS_AFTER
    assert not outcome["touched"]


MUTATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("flip"), st.integers(0, 10**9), st.integers(0, 7)),
        st.tuples(st.just("put"), st.integers(0, 10**9), st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("insert"), st.integers(0, 10**9), st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("cut"), st.integers(0, 10**9), st.just(0)),
        st.tuples(st.just("drop"), st.integers(0, 10**9), st.integers(1, 8)),
    ),
    min_size=1,
    max_size=4,
)


def mutated(content: bytes, mutations, within: int) -> bytes:
    """Content with changes, most of them among its first bytes, where its structure is."""
    data = bytearray(content)
    for kind, place, value in mutations:
        at = place % max(1, min(len(data), within if place % 3 else len(data)))
        if kind == "flip" and data:
            data[at] ^= 1 << value
        elif kind == "put":
            data[at : at + len(value)] = value
        elif kind == "insert":
            data[at:at] = value
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at : at + value]
    return bytes(data)


def assert_read_or_refused(kind: str, path: Path) -> None:
    messages = []
    try:
        READERS[kind](path)
    except UserError as error:
        messages.append(str(error))
    assert all(message.isprintable() for message in messages)


def examples(count: int):
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture],
    )


class TestMutations:
    """Any change of a sound file is read or refused; nothing else happens."""

    def check(self, kind, root, mutations, within, target=""):
        path = root / f"it{SUFFIXES.get(kind, '.npz')}"
        if not path.exists():
            make(kind, "sound", root / "sound").rename(path)
        changed = path / target if target else path
        sound = changed.read_bytes()
        try:
            changed.write_bytes(mutated(sound, mutations, within))
            assert_read_or_refused(kind, path)
        finally:
            changed.write_bytes(sound)

    @examples(150)
    @given(mutations=MUTATIONS)
    def test_idx(self, tmp_path, mutations):
        self.check("idx", tmp_path, mutations, 20, "train-images-idx3-ubyte")

    @examples(150)
    @given(mutations=MUTATIONS)
    def test_npz(self, tmp_path, mutations):
        self.check("npz", tmp_path, mutations, 200)

    @examples(150)
    @given(mutations=MUTATIONS)
    def test_state(self, tmp_path, mutations):
        self.check("state", tmp_path, mutations, 2000)

    @examples(150)
    @given(mutations=MUTATIONS)
    def test_toml(self, tmp_path, mutations):
        self.check("toml", tmp_path, mutations, 2000)

    @examples(150)
    @given(mutations=MUTATIONS)
    def test_result(self, tmp_path, mutations):
        run = (
            next(make("run", "sound", tmp_path / "s").iterdir())
            if not (tmp_path / "it").exists()
            else next((tmp_path / "it").iterdir())
        )
        self.check("run", tmp_path, mutations, 2000, f"{run.name}/result.json")

    @examples(12)
    @given(mutations=MUTATIONS)
    def test_weights(self, tmp_path, mutations):
        """HDF5 runs in a process of its own for each; tests/soak tries thousands."""
        self.check("weights", tmp_path, mutations, 3000)
