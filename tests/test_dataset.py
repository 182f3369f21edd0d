from __future__ import annotations

import contextlib
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import warnings
import zipfile
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_keras.data import dataset as dataset_module
from mnist_keras.data.dataset import Dataset, describe, from_arrays, load
from mnist_keras.data.identity import digest
from mnist_keras.data.sampling import split
from mnist_keras.errors import UserError

KEYS = ("x_train", "y_train", "x_test", "y_test")
FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
SHIPPED = Path(str(resources.files("mnist_keras.data")))

TRAINING_PER_CLASS = [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
TEST_PER_CLASS = [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]

PROPERTY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(scope="module")
def mnist() -> Dataset:
    return load()


def assert_same(one: Dataset, other: Dataset) -> None:
    for key in KEYS:
        np.testing.assert_array_equal(getattr(one, key), getattr(other, key))
    assert (one.identity, one.sha256) == (other.identity, other.sha256)


def assert_holds(loaded: Dataset, arrays: dict[str, np.ndarray]) -> None:
    for key in KEYS:
        np.testing.assert_array_equal(getattr(loaded, key), arrays[key])
        assert getattr(loaded, key).dtype == np.uint8


def refused(path: Path | str | None) -> str:
    """The line that `load` refuses a path with."""
    with pytest.raises(UserError) as caught:
        load(path)
    line = str(caught.value)
    assert line
    assert line.isprintable(), "a refusal is one line"
    assert "; expected " in line
    return line


def npy(array: np.ndarray, version: tuple[int, int] | None = None) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array, version=version)
    return stream.getvalue()


def write_zip(
    path: Path, members: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED
) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", method) as archive:
        warnings.simplefilter("ignore")  # zipfile warns of a name that is there twice
        for name, content in members:
            archive.writestr(name, content)
    return path


def write_members(path: Path, arrays: dict[str, np.ndarray], **changes: bytes) -> Path:
    """An archive of the arrays in which some members are replaced by other bytes."""
    members = {key: npy(array) for key, array in arrays.items()} | changes
    return write_zip(path, [(f"{key}.npy", content) for key, content in members.items()])


def peak_memory(path: Path) -> int:
    tracemalloc.start()
    try:
        refused(path)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


class TestShipped:
    def test_has_the_published_counts(self, mnist):
        assert mnist.identity == "mnist"
        assert mnist.x_train.shape == (60_000, 28, 28)
        assert mnist.x_test.shape == (10_000, 28, 28)
        assert (mnist.n_train, mnist.n_test, mnist.classes) == (60_000, 10_000, 10)
        assert np.bincount(mnist.y_train).tolist() == TRAINING_PER_CLASS
        assert np.bincount(mnist.y_test).tolist() == TEST_PER_CLASS
        assert {getattr(mnist, key).dtype for key in KEYS} == {np.dtype(np.uint8)}

    def test_first_labels_are_the_well_known_ones(self, mnist):
        assert mnist.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        assert mnist.y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]

    def test_sha256_is_that_of_the_files_own_checksums(self, mnist):
        sums = [
            hashlib.sha256(gzip.decompress((SHIPPED / f"{FILES[key]}.gz").read_bytes()))
            for key in KEYS
        ]
        text = "".join(f"{line.hexdigest()}\n" for line in sums) + "10\n"
        assert mnist.sha256 == hashlib.sha256(text.encode()).hexdigest()

    def test_readme_has_every_checksum(self, mnist):
        readme = (SHIPPED / "README.md").read_text(encoding="utf-8")
        for key in KEYS:
            assert f"`{FILES[key]}` |" in readme
            assert digest(getattr(mnist, key)) in readme

    def test_is_known_as_mnist_from_a_folder_and_from_npz(self, mnist, tmp_path):
        for name in FILES.values():
            shutil.copy(SHIPPED / f"{name}.gz", tmp_path)
        np.savez(
            tmp_path / "mnist.npz",
            x_train=mnist.x_train,
            y_train=mnist.y_train.astype(np.int64),
            x_test=mnist.x_test,
            y_test=mnist.y_test,
        )
        for path in (tmp_path, tmp_path / "mnist.npz"):
            loaded = load(path)
            assert_same(loaded, mnist)
            assert loaded.source == str(path)

    def test_one_changed_pixel_is_not_mnist(self, mnist):
        x_test = mnist.x_test.copy()
        x_test[9_999, 27, 27] ^= 1
        arrays = {key: getattr(mnist, key) for key in KEYS}
        assert from_arrays(arrays).identity == "mnist"
        assert from_arrays(arrays | {"x_test": x_test}).identity.startswith("data-")

    def test_a_damaged_installation_is_refused(self, monkeypatch, idx_folder, tmp_path):
        package = tmp_path / "package"
        package.mkdir()
        monkeypatch.setattr(dataset_module.resources, "files", lambda _: package)
        assert "install mnist-keras again" in refused(None)
        for name in FILES.values():
            content = gzip.compress((idx_folder / name).read_bytes())
            (package / f"{name}.gz").write_bytes(content)
        assert "differs from the published files; " in refused(None)
        (package / f"{FILES['y_test']}.gz").write_bytes(content[:-9])
        assert "install mnist-keras again" in refused(None)

    def test_loading_imports_neither_tensorflow_nor_pydantic(self):
        code = (
            "import sys; from mnist_keras.data.dataset import load; load()\n"
            "print(sorted({'tensorflow', 'keras', 'scipy', 'pydantic', 'PIL'} & set(sys.modules)))"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
        assert (done.stdout, done.stderr) == ("[]\n", "")


class TestFolder:
    def test_every_spelling_gives_the_same_set(self, idx_folder, small_arrays):
        plain = load(idx_folder)
        assert_holds(plain, small_arrays)
        assert plain.identity == f"data-{plain.sha256[:12]}"
        for name in FILES.values():
            path = idx_folder / name
            (idx_folder / f"{name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        assert_same(load(str(idx_folder)), plain)
        for name in FILES.values():
            packed = idx_folder / f"{name}.gz"
            dotted = name.replace("-idx", ".idx")
            (idx_folder / dotted).write_bytes(gzip.decompress(packed.read_bytes()))
            packed.unlink()
        assert_same(load(idx_folder), plain)
        (idx_folder / f"{dotted}.gz").write_bytes(gzip.compress((idx_folder / dotted).read_bytes()))
        (idx_folder / dotted).unlink()
        assert_same(load(idx_folder), plain)

    def test_plain_file_is_read_before_the_gzipped_one(self, idx_folder, small_dataset):
        (idx_folder / f"{FILES['x_train']}.gz").write_bytes(b"not gzip")
        assert_same(load(idx_folder), small_dataset)

    def test_missing_files_are_all_named(self, idx_folder):
        (idx_folder / FILES["x_test"]).unlink()
        (idx_folder / FILES["y_train"]).unlink()
        line = refused(idx_folder)
        assert f"lacks {FILES['y_train']}, {FILES['x_test']};" in line
        assert str(idx_folder) in line

    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize("packed", [False, True])
    def test_length_must_be_exact(self, idx_folder, key, packed):
        path = idx_folder / FILES[key]
        content = path.read_bytes()
        target = path.with_name(f"{path.name}.gz") if packed else path
        path.unlink()
        for wrong in (content[:-1], content[:9], content[:5], content[:2], b"", content + b"\0"):
            target.write_bytes(gzip.compress(wrong) if packed else wrong)
            assert target.name in refused(idx_folder)
        target.write_bytes(gzip.compress(content) if packed else content)
        load(idx_folder)

    @pytest.mark.parametrize(
        ("key", "start"),
        [
            ("x_train", b"\x00\x00\x09\x03"),
            ("x_train", b"\x00\x00\x08\x02"),
            ("x_train", b"\x01\x00\x08\x03"),
            ("y_test", b"\x00\x00\x0c\x01"),
            ("y_test", b"\x00\x00\x0c\x02"),
        ],
    )
    def test_wrong_magic_is_shown(self, idx_folder, key, start):
        path = idx_folder / FILES[key]
        path.write_bytes(start + path.read_bytes()[4:])
        assert f"{path} begins with {start.hex(' ')}; expected 00 00 08 " in refused(idx_folder)

    @pytest.mark.parametrize(
        ("key", "shape"),
        [
            ("x_train", (200, 2000, 28)),
            ("x_train", (200, 1, 28)),
            ("x_train", (9, 28, 28)),
            ("x_test", (0, 28, 28)),
            ("x_train", (1_000_001, 28, 28)),
            ("x_train", (2**32 - 1, 28, 28)),
            ("y_train", (9,)),
            ("y_test", (0,)),
            ("y_train", (2**32 - 1,)),
        ],
    )
    def test_wrong_shape_is_refused_before_memory_is_taken(self, idx_folder, key, shape):
        path = idx_folder / FILES[key]
        start = path.read_bytes()[:4] + np.array(shape, ">u4").tobytes()
        path.write_bytes(start)
        assert peak_memory(idx_folder) < 2**20
        line = refused(idx_folder)
        assert f"{path} has the shape {'x'.join(map(str, shape))}" in line
        assert "; expected 1" in line

    def test_a_label_over_nine_makes_a_class_more(self, idx_folder):
        path = idx_folder / FILES["y_train"]
        content = bytearray(path.read_bytes())
        content[8 + 17] = 10
        path.write_bytes(content)
        dataset = load(idx_folder)
        assert dataset.y_train[17] == 10
        assert dataset.identity.endswith("-28x28x1-c11")

    def test_counts_of_images_and_labels_must_agree(self, idx_folder, small_arrays):
        path = idx_folder / FILES["y_test"]
        labels = small_arrays["y_test"][:49]
        path.write_bytes(b"\0\0\x08\x01" + np.array([49], ">u4").tobytes() + labels.tobytes())
        assert "has 49 labels; expected 50" in refused(idx_folder)

    def test_gzip_bomb_is_not_unpacked(self, idx_folder):
        path = idx_folder / FILES["y_test"]
        bomb = gzip.compress(path.read_bytes() + bytes(100 * 2**20), compresslevel=1)
        path.with_name(f"{path.name}.gz").write_bytes(bomb)
        path.unlink()
        assert peak_memory(idx_folder) < 4 * 2**20
        assert "goes on after its last element; expected 58 bytes unpacked" in refused(idx_folder)

    def test_links_to_files_are_followed(self, idx_folder, small_dataset, tmp_path):
        for name in FILES.values():
            (idx_folder / name).rename(tmp_path / name)
            (idx_folder / name).symlink_to(tmp_path / name)
        assert_same(load(idx_folder), small_dataset)

    def test_only_regular_files_are_read(self, idx_folder, tmp_path):
        path = idx_folder / FILES["x_train"]
        path.unlink()
        path.symlink_to(tmp_path / "nowhere")
        assert f"{path} cannot be read (No such file" in refused(idx_folder)
        path.unlink()
        path.symlink_to(path)
        assert f"{path} cannot be read (Too many levels" in refused(idx_folder)
        path.unlink()
        path.symlink_to("/dev/zero")
        assert f"{path} is a device, pipe or socket" in refused(idx_folder)
        path.unlink()
        path.mkdir()
        assert "is a folder; expected a regular file" in refused(idx_folder)
        path.rmdir()
        os.mkfifo(path)
        assert "is a device, pipe or socket" in refused(idx_folder)

    def test_names_must_tell_what_is_gzipped(self, idx_folder):
        path = idx_folder / FILES["y_test"]
        content = path.read_bytes()
        path.write_bytes(gzip.compress(content))
        assert f"{path} is gzipped; expected a plain IDX file" in refused(idx_folder)
        packed = path.rename(f"{path}.gz")
        load(idx_folder)
        packed.write_bytes(content)
        assert (
            f"{packed} begins with 00 00 08 01, so it is not gzipped; expected a gzipped IDX file; "
            f"if it is a plain IDX file, rename it to {path.name}"
        ) in refused(idx_folder)

    def test_linked_folder_is_read(self, idx_folder, small_dataset, tmp_path):
        (tmp_path / "link").symlink_to(idx_folder)
        assert_same(load(tmp_path / "link"), small_dataset)

    def test_a_path_of_odd_characters_stays_on_one_line(self, idx_folder):
        odd = idx_folder.rename(idx_folder.with_name("a\nb\udc80\x1b[31m"))
        assert load(odd).source == repr(str(odd))
        (odd / FILES["x_test"]).unlink()
        assert "a\\nb\\udc80\\x1b[31m" in refused(odd)


class TestClassNames:
    def test_default_is_one_number_for_each_label(self, small_arrays):
        assert from_arrays(small_arrays).class_names == tuple("0123456789")
        halved = {k: v // 2 if k[0] == "y" else v for k, v in small_arrays.items()}
        assert from_arrays(halved).class_names == tuple("01234")

    def test_a_label_that_only_the_test_set_has_counts(self, small_arrays):
        few = {k: np.minimum(v, 3) if k == "y_train" else v for k, v in small_arrays.items()}
        assert from_arrays(few).classes == 10

    def test_classes_file_names_the_labels(self, idx_folder, small_dataset):
        names = ["T-shirt/top", "Hose", "Pullover", "Kleid", "き", "f", "g", "h", "i", "Ankle boot"]
        text = "\ufeff" + "\r\n".join(names) + "\r\n\r\n"
        (idx_folder / "classes.txt").write_bytes(text.encode())
        named = load(idx_folder)
        assert named.class_names == tuple(names)
        assert_same(named, small_dataset)

    def test_a_class_without_images_makes_another_set(self, small_arrays):
        fewer = {k: np.minimum(v, 8) if k[0] == "y" else v for k, v in small_arrays.items()}
        nine = from_arrays(fewer)
        assert from_arrays(fewer, tuple("abcdefghi")).identity == nine.identity
        assert from_arrays(fewer, tuple("abcdefghij")).identity != nine.identity

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            (b"", "has 0 names"),
            (b"\n \n", "has 0 names"),
            (b"\n".join(b"%d" % i for i in range(1001)), "has 1001 names"),
            (b"a\nb\nc\na\n", "has the same name twice"),
            (b"a\nb\x1b[31m\n", "has the name 'b\\x1b[31m'"),
            (b"a\n" + 65 * b"b", "has the name 'bbb"),
            (b"\xff\xfe", "is not UTF-8 text"),
            (b"a" * (262_144 + 1), "is longer than 262144 bytes"),
            (b"a\nb", "has 2 class names and the highest label 9"),
        ],
    )
    def test_bad_classes_file_is_refused(self, idx_folder, content, found):
        (idx_folder / "classes.txt").write_bytes(content)
        assert found in refused(idx_folder)

    def test_classes_file_must_be_a_regular_file(self, idx_folder):
        (idx_folder / "classes.txt").symlink_to("/dev/zero")
        assert "classes.txt is a device, pipe or socket" in refused(idx_folder)


class TestNpz:
    @pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
    @pytest.mark.parametrize("dtype", ["u1", "i1", "<i2", ">u4", "<i8", ">i8", "<u8"])
    def test_gives_the_set_of_the_folder(self, tmp_path, small_arrays, small_dataset, save, dtype):
        path = tmp_path / "small.NPZ"
        labels = {key: small_arrays[key].astype(dtype) for key in ("y_train", "y_test")}
        with path.open("wb") as file:
            save(file, **small_arrays | labels)
        assert_same(load(path), small_dataset)

    def test_fortran_order_is_read_as_numpy_reads_it(self, tmp_path, small_arrays, small_dataset):
        path = tmp_path / "small.npz"
        np.savez(path, **{k: np.asfortranarray(array) for k, array in small_arrays.items()})
        with zipfile.ZipFile(path) as archive:
            assert b"'fortran_order': True" in archive.read("x_train.npy")[:200]
        loaded = load(path)
        assert_same(loaded, small_dataset)
        assert loaded.x_train.flags.c_contiguous

    def test_other_arrays_and_versions_are_allowed(self, tmp_path, small_arrays, small_dataset):
        arrays = small_arrays | {"notes": np.array(["a"])}
        newer = npy(small_arrays["x_test"], version=(2, 0))
        assert_same(load(write_members(tmp_path / "a.npz", arrays, x_test=newer)), small_dataset)

    def test_header_of_python_2_is_read(self, tmp_path, small_arrays, small_dataset):
        old = npy(small_arrays["y_test"]).replace(b"(50,), } ", b"(50L,), }")
        assert_same(
            load(write_members(tmp_path / "a.npz", small_arrays, y_test=old)), small_dataset
        )

    def test_missing_and_repeated_members_are_named(self, tmp_path, small_arrays):
        members = [(f"{key}.npy", npy(array)) for key, array in small_arrays.items()]
        path = tmp_path / "a.npz"
        line = refused(write_zip(path, members[::2]))
        assert "lacks y_train, y_test, and holds x_train, x_test;" in line
        assert "has x_test more than once;" in refused(write_zip(path, [*members, members[2]]))

    @pytest.mark.parametrize(
        ("key", "change", "found"),
        [
            ("x_train", lambda a: a / np.float32(255), "x_train is float32; expected uint8"),
            ("x_train", lambda a: np.full(a.shape, np.nan), "x_train is float64; expected uint8"),
            ("x_train", lambda a: a.astype(np.int8), "x_train is int8 with pixels from -96 to 63;"),
            ("x_train", lambda a: a * np.int64(2), "x_train is int64 with pixels from 0 to 446;"),
            (
                "x_test",
                lambda a: a.reshape(25, 2, 784),
                "x_test has images of 2x784; expected 28x28, as",
            ),
            (
                "x_test",
                lambda a: a[..., None, None][..., [0, 0], :],
                "x_test has images of 28x28 with 2 channels; expected 28x28",
            ),
            ("x_test", lambda a: a[:0], "x_test has the shape 0x28x28; expected 1 to"),
            ("x_train", lambda a: a[:9], "x_train has the shape 9x28x28; expected 10 to"),
            ("y_train", lambda a: a.astype(float), "y_train is float64; expected integers"),
            ("y_train", lambda a: a > 4, "y_train is bool; expected integers"),
            ("y_train", lambda a: np.eye(10)[a], "200x10, as one-hot labels have; expected 10"),
            ("y_train", lambda a: np.eye(10, dtype=np.uint8)[a], "store labels.argmax(axis=1)"),
            ("y_train", lambda a: a.sum(), "y_train has the shape of a single number"),
            ("y_train", lambda a: a[1:], "y_train has 199 labels; expected 200"),
            ("y_test", lambda a: a.astype(np.int16) - 1, "has the label -1 at"),
            (
                "y_test",
                lambda a: a.astype(np.int64) + 1000,
                "at 0; expected integers from 0 to 999",
            ),
            ("y_test", lambda a: a.astype("m8[s]"), "y_test is timedelta64[s]; expected"),
            ("y_test", lambda a: a.astype("U2"), "y_test is <U2; expected"),
        ],
    )
    def test_wrong_arrays_are_named(self, tmp_path, small_arrays, key, change, found):
        path = tmp_path / "a.npz"
        np.savez(path, **small_arrays | {key: change(small_arrays[key])})
        line = refused(path)
        assert found in line
        assert line.startswith(f"{path}: {key} ")

    def test_nothing_is_unpickled(self, tmp_path, small_arrays):
        path = tmp_path / "a.npz"
        with pytest.raises(ValueError, match="allow_pickle"):
            np.savez(path, allow_pickle=False, **small_arrays | {"y_test": np.array([Bomb()])})
        np.savez(path, **small_arrays | {"y_test": np.array([Bomb()] * 50, dtype=object)})
        assert "y_test is object; expected integers" in refused(path)

    @pytest.mark.parametrize(
        "shape",
        [
            "(1000001, 28, 28)",
            "(-1, 28, 28)",
            "(4611686018427387904, 28, 28)",
            "(0x" + 4000 * "f" + ", 28, 28)",
            "(" + 2000 * "1, " + ")",
            "()",
        ],
    )
    def test_forged_shapes_are_refused(self, tmp_path, small_arrays, shape):
        forged = header(f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}}}")
        path = write_members(tmp_path / "a.npz", small_arrays, x_test=forged)
        assert "x_test has the shape" in refused(path)
        assert peak_memory(path) < 4 * 2**20

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{}",
            "[1, 2",
            "{'descr': '|u1', 'fortran_order': 0, 'shape': (50, 28, 28)}",
            "{'descr': 'no type', 'fortran_order': False, 'shape': (50, 28, 28)}",
            "{'descr': '|u1', 'fortran_order': False, 'shape': (50.0, 28, 28)}",
            "{'descr': ('|u1', 1, 2, 3), 'fortran_order': False, 'shape': (50, 28, 28)}",
            "{'descr': [], 'fortran_order': False, 'shape': (50, 28, 28)}",
            9000 * "(",
            9000 * "-" + "1",
            9000 * "[" + "1",
            "'" + 3000 * "\\d" + "'",
            "'''",
            "\x00",
            "  1\n 2",
            20_000 * " ",
        ],
    )
    def test_forged_headers_are_refused(self, tmp_path, small_arrays, text):
        path = write_members(tmp_path / "a.npz", small_arrays, x_test=header(text))
        assert "x_test " in refused(path)

    @pytest.mark.parametrize(
        "content", [b"", b"\x93NUMPY", b"\x93NUMPY\x09\x00", b"PK", b"\0" * 99]
    )
    def test_members_that_are_no_arrays_are_refused(self, tmp_path, small_arrays, content):
        path = write_members(tmp_path / "a.npz", small_arrays, x_train=content)
        assert "x_train has no array header that can be read" in refused(path)

    @pytest.mark.parametrize("change", [-1, 1])
    def test_member_length_must_be_exact(self, tmp_path, small_arrays, change):
        content = npy(small_arrays["y_test"])
        content = content[:-1] if change < 0 else content + b"\0"
        path = write_members(tmp_path / "a.npz", small_arrays, y_test=content)
        assert f"y_test has {len(content)} bytes; expected {len(content) - change}" in refused(path)

    def test_bombs_are_not_unpacked(self, tmp_path, small_arrays):
        size = 100 * 2**20
        long_header = b"\x93NUMPY\x02\x00" + np.array([size], "<u4").tobytes() + bytes(size)
        long_data = npy(small_arrays["x_test"]) + bytes(size)
        for content in (long_header, long_data):
            path = write_members(tmp_path / "a.npz", small_arrays, x_test=content)
            assert path.stat().st_size < 2**20
            assert peak_memory(path) < 8 * 2**20

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_methods_without_a_bound_are_refused(self, tmp_path, small_arrays, method):
        members = [(f"{key}.npy", npy(array)) for key, array in small_arrays.items()]
        path = write_zip(tmp_path / "a.npz", members, method)
        assert "is packed in an unusual way" in refused(path)

    def test_table_of_contents_is_bounded(self, tmp_path):
        path = write_zip(tmp_path / "a.npz", [(f"{i:0200}", b"") for i in range(6000)])
        assert "its table of contents is too long" in refused(path)

    def test_encrypted_archives_are_refused(self, tmp_path, small_arrays):
        path = write_members(tmp_path / "a.npz", small_arrays)
        content = bytearray(path.read_bytes())
        place = content.index(b"PK\x01\x02")
        content[place + 8] |= 1
        path.write_bytes(content)
        assert "encrypted" in refused(path)

    def test_checksums_are_compared(self, tmp_path, small_arrays):
        path = tmp_path / "a.npz"
        np.savez(path, **small_arrays)
        content = bytearray(path.read_bytes())
        content[content.index(small_arrays["x_test"].tobytes()) + 5] ^= 1
        path.write_bytes(content)
        assert "Bad CRC-32" in refused(path)

    def test_only_regular_files_are_read(self, tmp_path, small_arrays):
        path = write_members(tmp_path / "a.npz", small_arrays)
        (tmp_path / "link.npz").symlink_to(path)
        assert_holds(load(tmp_path / "link.npz"), small_arrays)
        os.mkfifo(tmp_path / "pipe.npz")
        assert "is a device, pipe or socket" in refused(tmp_path / "pipe.npz")


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("it was unpickled",))


def header(text: str) -> bytes:
    """A forged .npy header of version 1.0 without any data after it."""
    content = text.encode("latin1")
    return b"\x93NUMPY\x01\x00" + np.array([len(content)], "<u2").tobytes() + content


class TestPaths:
    def test_what_is_no_data_set_is_refused(self, tmp_path):
        line = refused(tmp_path)
        assert f"{tmp_path} is no data set; expected a data set: the four IDX files (train-" in line
        assert "No such file" in refused(tmp_path / "nowhere")
        assert "embedded null" in refused("a\0b")
        assert "is no data set" in refused("/dev/zero")
        assert "too long" in refused("a" * 5000)

    def test_empty_npz_is_refused(self, tmp_path):
        (tmp_path / "a.npz").touch()
        assert "is no NumPy archive or damaged" in refused(tmp_path / "a.npz")

    def test_lack_of_memory_is_told(self, idx_folder, monkeypatch):
        def fail(*_):
            raise MemoryError

        monkeypatch.setattr(dataset_module, "find_contents", fail)
        assert "does not fit into memory" in refused(idx_folder)


def mutations() -> st.SearchStrategy:
    """Changes of a file: (how, where as a fraction, with which byte), one to four of them."""
    change = st.tuples(
        st.sampled_from(["set", "insert", "delete", "cut", "repeat"]),
        st.floats(0, 1, exclude_max=True),
        st.integers(0, 255),
    )
    return st.lists(change, min_size=1, max_size=4)


def mutate(content: bytes, changes: list[tuple[str, float, int]], span: int) -> bytes:
    """Apply the changes within the first `span` bytes, or the last where it is negative."""
    data = bytearray(content)
    for how, fraction, byte in changes:
        first, last = (
            (0, min(span, len(data))) if span > 0 else (max(0, len(data) + span), len(data))
        )
        place = first + int(fraction * (last - first))
        if how == "set":
            data[place : place + 1] = bytes([byte])
        elif how == "insert":
            data[place:place] = bytes([byte])
        elif how == "delete":
            del data[place : place + 1 + byte]
        elif how == "cut":
            del data[place:]
        else:
            data += data[place : place + byte]
    return bytes(data)


def load_or_refuse(path: Path) -> Dataset | None:
    """The data set, or None where it is refused in one line; anything else fails the test."""
    with contextlib.suppress(UserError):
        return load(path)
    refused(path)
    return None


def assert_same_or_refused(path: Path, original: Dataset) -> None:
    loaded = load_or_refuse(path)
    if loaded is not None:
        assert_same(loaded, original)


class TestMutations:
    @PROPERTY
    @given(key=st.sampled_from(KEYS), changes=mutations())
    def test_idx_header(self, idx_folder, small_dataset, key, changes):
        path = idx_folder / FILES[key]
        content = path.read_bytes()
        length = 16 if key[0] == "x" else 8
        try:
            path.write_bytes(mutate(content[:length], changes, length) + content[length:])
            assert_same_or_refused(idx_folder, small_dataset)
        finally:
            path.write_bytes(content)

    @PROPERTY
    @given(key=st.sampled_from(KEYS), changes=mutations(), span=st.sampled_from([20, 10**9, -20]))
    def test_gzipped_idx(self, idx_folder, small_dataset, key, changes, span):
        path = idx_folder / FILES[key]
        content = path.read_bytes()
        packed = path.with_name(f"{path.name}.gz")
        path.unlink()
        try:
            packed.write_bytes(mutate(gzip.compress(content, mtime=0), changes, span))
            assert_same_or_refused(idx_folder, small_dataset)
        finally:
            packed.unlink()
            path.write_bytes(content)

    @PROPERTY
    @given(
        compressed=st.booleans(),
        changes=mutations(),
        span=st.sampled_from([200, 10**9, -300, -60]),
    )
    def test_npz(self, tmp_path, small_arrays, small_dataset, compressed, changes, span):
        stream = io.BytesIO()
        (np.savez_compressed if compressed else np.savez)(stream, **small_arrays)
        path = tmp_path / "a.npz"
        path.write_bytes(mutate(stream.getvalue(), changes, span))
        assert_same_or_refused(path, small_dataset)

    @PROPERTY
    @given(changes=mutations())
    def test_npy_header_under_a_right_checksum(
        self, tmp_path, small_arrays, small_dataset, changes
    ):
        content = npy(small_arrays["y_test"])
        mutated = mutate(content[:128], changes, 80) + content[128:]
        path = write_members(tmp_path / "a.npz", small_arrays, y_test=mutated)
        loaded = load_or_refuse(path)
        if loaded is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # NumPy warns of headers that only look old
                expected = np.lib.format.read_array(io.BytesIO(mutated), allow_pickle=False)
            np.testing.assert_array_equal(loaded.y_test, expected)

    @PROPERTY
    @given(content=st.binary(max_size=400))
    def test_any_bytes(self, idx_folder, small_dataset, content):
        for name in ("any.npz", f"{FILES['x_train']}.gz", FILES["x_train"]):
            (idx_folder / FILES["x_train"]).unlink(missing_ok=True)
            path = idx_folder / name
            path.write_bytes(content)
            refused(path if name.endswith("npz") else idx_folder)
            path.unlink()


class TestDataset:
    def test_arrays_cannot_be_written_to(self, small_dataset, small_arrays):
        for loaded in (small_dataset, from_arrays(small_arrays)):
            for key in KEYS:
                with pytest.raises(ValueError, match="read-only"):
                    getattr(loaded, key)[0] = 0
        assert small_arrays["x_train"].flags.writeable

    def test_every_array_shape_and_place_is_part_of_the_identity(self, small_arrays):
        identities = {from_arrays(small_arrays).sha256}
        for key in KEYS:
            changed = small_arrays[key].copy()
            changed.flat[-1] ^= 1
            identities.add(from_arrays(small_arrays | {key: changed}).sha256)
        swapped = dict(
            zip(KEYS, (small_arrays[key] for key in (*KEYS[2:], *KEYS[:2])), strict=True)
        )
        identities.add(from_arrays(swapped).sha256)
        shorter = {key: array[:49] for key, array in small_arrays.items()}
        identities.add(from_arrays(shorter).sha256)
        assert len(identities) == 7

    def test_from_arrays_names_what_is_wrong(self, small_arrays):
        with pytest.raises(UserError, match=r"^toy: x_test is float64; expected uint8 pixels"):
            from_arrays(small_arrays | {"x_test": np.zeros((50, 28, 28))}, source="toy")

    def test_describe_is_plain_json(self, mnist, small_dataset):
        told = describe(mnist)
        assert json.loads(json.dumps(told)) == told
        assert told == {
            "source": "MNIST, shipped with mnist-keras",
            "identity": "mnist",
            "sha256": mnist.sha256,
            "image_shape": [28, 28],
            "training_images": 60_000,
            "validation_images": 0,
            "test_images": 10_000,
            "classes": 10,
            "class_names": list("0123456789"),
            "training_images_per_class": TRAINING_PER_CLASS,
            "test_images_per_class": TEST_PER_CLASS,
            "notes": [],
        }
        assert describe(small_dataset)["training_images_per_class"] == [20] * 10

    def test_describe_counts_a_class_without_images(self, small_arrays):
        told = describe(
            from_arrays(
                {k: np.minimum(v, 1) if k[0] == "y" else v for k, v in small_arrays.items()},
                ("zero", "more", "never"),
            )
        )
        assert told["training_images_per_class"] == [20, 180, 0]
        assert told["notes"] == ["no training image is of never"]
        assert told["test_images_per_class"] == [5, 45, 0]


class TestSplit:
    def test_mnist_is_cut_in_48000_and_12000(self):
        training, validation = split(60_000, 0)
        assert (len(training), len(validation)) == (48_000, 12_000)

    @given(n=st.integers(10, 3000), seed=st.integers(0, 2**32 - 1))
    def test_parts_are_disjoint_and_complete(self, n, seed):
        training, validation = split(n, seed)
        assert training.dtype == validation.dtype == np.int64
        assert len(validation) == n // 5
        assert sorted([*training, *validation]) == list(range(n))

    def test_is_decided_by_the_seed_alone(self):
        np.random.seed(1)
        first = split(1000, 7)
        np.random.seed(2)
        for one, other in zip(first, split(1000, 7), strict=True):
            np.testing.assert_array_equal(one, other)
        # Two independent draws of 200 out of 1000 share 40 on average.
        common = np.intersect1d(first[1], split(1000, 8)[1])
        assert 15 < len(common) < 70

    @pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
    def test_differs_from_every_epochs_order(self, seed):
        drawn = np.concatenate(split(1000, seed)[::-1])
        for epoch in [*range(100), 8020]:
            order = np.random.Generator(np.random.PCG64([seed, epoch])).permutation(1000)
            assert not np.array_equal(order, drawn)

    def test_bad_arguments_are_refused(self):
        with pytest.raises(ValueError, match="n is 9; expected at least 10"):
            split(9, 0)
        with pytest.raises(ValueError, match="non-negative"):
            split(10, -1)
