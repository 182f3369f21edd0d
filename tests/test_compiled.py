"""What XLA has compiled, on disk: never other bits, never of another machine, never damaged."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_runs import folder_below, noisy_data, small_config, what_was_computed

from mnist_keras.runs.records import read_run
from mnist_keras.training import arithmetic, compiled

PROGRAM = """
import sys
from pathlib import Path
from small_runs import noisy_data, small_config, train_below
from mnist_keras.training.environment import use_threads
use_threads(1)  # before a network of one's own is built to be known
data = noisy_data()
train_below(Path(sys.argv[1]), small_config(sys.argv[2], data), data, threads=1)
"""

UNCOMPILED = f"{Path(__file__).with_name('own_nets.py')}:uncompiled"

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="kept on Linux alone")


def train_apart(
    root: Path, cache: Path, network: str = "shallow", **variables: str
) -> dict[str, object]:
    """Train in a process of its own with this cache; what was computed."""
    environment = {
        **{name: value for name, value in os.environ.items() if name != "TF_XLA_FLAGS"},
        "XDG_CACHE_HOME": str(cache),
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path]),
        **variables,
    }
    subprocess.run([sys.executable, "-c", PROGRAM, str(root), network], env=environment, check=True)
    return what_was_computed(folder_below(root, small_config(network, noisy_data())))


def recorded_variables(root: Path) -> dict[str, str]:
    record = read_run(folder_below(root, small_config("shallow", noisy_data())).logs)
    assert record is not None
    assert record.result is not None
    variables: dict[str, str] = record.result["environment"]["variables"]
    return variables


def files(cache: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in cache.rglob("*.pb")}


@on_linux
def test_the_next_process_takes_what_the_last_one_compiled_and_gives_the_same_bits(tmp_path):
    off = train_apart(tmp_path / "off", tmp_path / "cache", TF_XLA_FLAGS=arithmetic.XLA_CACHE)
    assert files(tmp_path / "cache") == {}
    first = train_apart(tmp_path / "first", tmp_path / "cache")
    kept = files(tmp_path / "cache")
    assert len(kept) >= 2  # a step of training, one of evaluation
    (folder,) = (tmp_path / "cache/mnist-keras/compiled").iterdir()
    assert folder.stat().st_mode & 0o077 == 0
    for name, content in kept.items():
        checksum = (folder / f"{name}.sha256").read_text()
        assert checksum == hashlib.sha256(content).hexdigest()
    second = train_apart(tmp_path / "second", tmp_path / "cache")
    assert files(tmp_path / "cache") == kept
    assert first == second == off
    with_cache, without = (recorded_variables(tmp_path / name) for name in ("first", "off"))
    assert with_cache == without == arithmetic.deciding_variables()

    # What was damaged since is compiled again.
    damaged, cut, unknown = sorted(kept)[0], sorted(kept)[1], folder / "unknown.pb"
    content = bytearray(kept[damaged])
    content[len(content) // 2] ^= 0xFF
    (folder / damaged).write_bytes(content)
    (folder / cut).write_bytes(kept[cut][:1000])
    unknown.write_bytes(b"no checksum")
    assert train_apart(tmp_path / "third", tmp_path / "cache") == first
    assert not unknown.exists()
    assert files(tmp_path / "cache").keys() == kept.keys()


@on_linux
def test_what_tensorflow_refuses_is_compiled_again_and_not_given_up(tmp_path):
    """A file that TensorFlow cannot read, though its checksum is right, costs a compilation."""
    first = train_apart(tmp_path / "first", tmp_path / "cache")
    for path in (tmp_path / "cache").rglob("*.pb"):
        path.write_bytes(b"something else")
        checksum = hashlib.sha256(b"something else").hexdigest()
        path.with_name(path.name + ".sha256").write_text(checksum)
    assert train_apart(tmp_path / "second", tmp_path / "cache") == first
    assert all(len(content) > 1000 for content in files(tmp_path / "cache").values())


@on_linux
def test_a_network_that_xla_cannot_compile_costs_the_others_nothing(tmp_path):
    train_apart(tmp_path / "first", tmp_path / "cache")
    kept = files(tmp_path / "cache")
    train_apart(tmp_path / "other", tmp_path / "cache", UNCOMPILED)
    assert files(tmp_path / "cache").items() >= kept.items()
    assert not list((tmp_path / "cache").rglob("*.aside"))


@on_linux
def test_without_a_place_to_write_to_it_is_trained_as_before(tmp_path):
    (tmp_path / "cache").write_text("a file")
    train_apart(tmp_path / "run", tmp_path / "cache")


@on_linux
def test_below_a_path_that_no_flag_can_hold_it_is_trained_as_before(tmp_path):
    train_apart(tmp_path / "run", tmp_path / "of Jane Doe")
    assert not (tmp_path / "of Jane Doe" / "mnist-keras").exists()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, and a process that has not begun to keep anything."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    return tmp_path / "mnist-keras" / "compiled"


@on_linux
def test_another_processor_and_other_flags_have_a_folder_of_their_own(home, tmp_path, monkeypatch):
    processor = arithmetic.CPUINFO.read_text()
    older = tmp_path / "cpuinfo"
    older.write_text(processor.replace("avx512f ", "").replace("model name\t: ", "model name\t: X"))
    slower = tmp_path / "slower"
    slower.write_text("\n".join(
        "cpu MHz\t\t: 1.000" if line.startswith("cpu MHz") else line
        for line in processor.splitlines()
    ))  # fmt: skip
    found = []
    for cpuinfo, flags in ((arithmetic.CPUINFO, ""), (older, ""), (slower, ""),
                           (arithmetic.CPUINFO, "--tf_xla_clustering_debug")):  # fmt: skip
        monkeypatch.setattr(compiled, "CPUINFO", cpuinfo)
        monkeypatch.setenv("TF_XLA_FLAGS", flags)
        compiled.keep_compiled()
        assert os.environ["TF_XLA_FLAGS"].startswith(flags)
        found.append(compiled.compiled_folder())
    here, other, same, flagged = found
    assert here == same
    assert len({here, other, flagged}) == 3
    assert {here, other, flagged} == set(home.iterdir())


@on_linux
@pytest.mark.parametrize("flags", ["flags.txt", " flags.txt", "/etc/xla flags"])
def test_flags_that_are_a_file_are_left_as_they_are(home, monkeypatch, flags):
    monkeypatch.setenv("TF_XLA_FLAGS", flags)
    compiled.keep_compiled()
    assert os.environ["TF_XLA_FLAGS"] == flags
    assert not home.exists()


@on_linux
@pytest.mark.parametrize("name", ["Jane Doe", "tab\there", "it's", 'a"b', "back\\slash"])
def test_a_path_that_is_no_single_word_is_named_in_no_flag(tmp_path, monkeypatch, name):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / name))
    monkeypatch.delenv("TF_XLA_FLAGS", raising=False)
    compiled.keep_compiled()
    assert "TF_XLA_FLAGS" not in os.environ
    assert not (tmp_path / name).exists()


@on_linux
def test_of_too_much_the_oldest_is_removed_of_whatever_machine(home, monkeypatch):
    monkeypatch.setattr(compiled, "MOST_BYTES", 2500)
    compiled.keep_compiled()
    folder = compiled.compiled_folder()
    assert folder is not None
    other = home / "0123456789abcdef"
    other.mkdir()
    paths = [folder / "new.pb", other / "middle.pb", folder / "old.pb", other / "oldest.pb"]
    for age, path in enumerate(paths):
        path.write_bytes(bytes(1000))
        path.with_name(path.name + ".sha256").write_text(hashlib.sha256(bytes(1000)).hexdigest())
        os.utime(path, (10**9 - age, 10**9 - age))
    compiled.keep_compiled()
    assert {path.name for path in home.glob("*/*.pb*")} == {
        "new.pb", "new.pb.sha256", "middle.pb", "middle.pb.sha256",
    }  # fmt: skip


@on_linux
def test_nothing_is_kept_where_there_is_no_room_for_all_of_it(home, monkeypatch):
    compiled.keep_compiled()
    assert compiled.compiled_folder() is not None  # as a worker finds it
    monkeypatch.setattr(compiled, "MOST_BYTES", 2**60)
    compiled.keep_compiled()
    assert "TF_XLA_FLAGS" not in os.environ


@on_linux
def test_what_killed_processes_were_writing_is_removed_after_an_hour(home, monkeypatch):
    compiled.keep_compiled()
    folder = compiled.compiled_folder()
    assert folder is not None
    left = {}
    for age in (60, 7200):
        names = (f"{age}.pb.tmp", f"{age}.pb.aside", f".writing-{age}")
        left[age] = [folder / name for name in names]
        for path in left[age]:
            path.mkdir() if path.name.startswith(".") else path.write_bytes(b"half")
            os.utime(path, (time.time() - age,) * 2)
    compiled.keep_compiled()
    assert [path.exists() for path in (*left[60], *left[7200])] == [True] * 3 + [False] * 3


def test_where_compiled_code_is_kept_decides_nothing(monkeypatch):
    monkeypatch.setenv("TF_XLA_FLAGS", f"--tf_xla_a=1 {arithmetic.XLA_CACHE}/somewhere")
    assert arithmetic.deciding_variables()["TF_XLA_FLAGS"] == "--tf_xla_a=1"
    monkeypatch.setenv("TF_XLA_FLAGS", f"{arithmetic.XLA_CACHE}/somewhere")
    assert "TF_XLA_FLAGS" not in arithmetic.deciding_variables()
