"""Files that are damaged or forged, each named by what is wrong with it, and their readers."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from mnist_keras.config import make_config
from mnist_keras.data.dataset import load
from mnist_keras.data.formats.idx import FILES
from mnist_keras.data.predictions import read_predictions
from mnist_keras.data.weights import open_weights
from mnist_keras.errors import UserError
from mnist_keras.runs.records import read_run
from mnist_keras.studies.loading import load_study
from mnist_keras.training.state import MAGIC, load_state

CONFIG = make_config({"architecture": "perceptron", "epochs": 2})
Maker = Callable[[Path], None]


def arrays() -> dict[str, np.ndarray]:
    """The smallest sound data set."""
    return {
        "x_train": np.zeros((20, 28, 28), np.uint8),
        "y_train": np.arange(20, dtype=np.uint8) % 10,
        "x_test": np.zeros((10, 28, 28), np.uint8),
        "y_test": np.arange(10, dtype=np.uint8),
    }


def idx(array: np.ndarray, shape: tuple[int, ...] | None = None) -> bytes:
    """An IDX file, with a forged shape if one is given."""
    lengths = struct.pack(f">{array.ndim}I", *(shape or array.shape))
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


def npz(packing: int = zipfile.ZIP_STORED, **members: bytes | np.ndarray) -> bytes:
    """A NumPy archive; bytes are a member as it is."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content if isinstance(content, bytes) else npy(content))
    return file.getvalue()


def npy(array: np.ndarray) -> bytes:
    """A .npy file."""
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def npy_header(text: str, body: bytes = b"") -> bytes:
    """A .npy file with a forged header."""
    encoded = text.encode().ljust(118 - 10) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(encoded)) + encoded + body


PERCEPTRON = {"flatten": [], "dense": [(784, 10), (10,)]}


def hdf5(change: Callable[[h5py.File], Any] = lambda file: None, **options: Any) -> bytes:
    """The weights of a perceptron, with a change made to them."""
    content = io.BytesIO()
    with h5py.File(content, "w", **options) as file:
        for layer, shapes in PERCEPTRON.items():
            variables = file.create_group(f"layers/{layer}/vars")
            for number, shape in enumerate(shapes):
                variables[str(number)] = np.full(shape, 0.5, np.float32)
        file.create_group("vars")
        change(file)
    return content.getvalue()


def replaced(**options: Any) -> Callable[[h5py.File], None]:
    """Puts another array in the place of the bias."""

    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars"].create_dataset("1", **options)

    return change


def linked(link: Any) -> Callable[[h5py.File], None]:
    """Puts a link in the place of the bias."""

    def change(file: h5py.File) -> None:
        del file["layers/dense/vars/1"]
        file["layers/dense/vars/1"] = link

    return change


def keras_archive(
    weights: bytes,
    packing: int = zipfile.ZIP_STORED,
    name: str = "model.weights.h5",
    times: int = 1,
) -> bytes:
    """A .keras archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", packing) as archive:
        for _ in range(times):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # that the name is there already
                archive.writestr(name, weights)
    return file.getvalue()


def state(**changes: Any) -> bytes:
    """A state file with a right checksum; `changes` are members, or values of its JSON."""
    rest = {
        "config": {},
        "rows": [{"epoch": 1, "loss": 0.5}],
        "early_stopping": {"wait": 0, "best": 0.5, "best_epoch": 0, "stopped_epoch": 0},
        "finished": False,
        "peaks": {},
        "environment": {},
        "resumed": {},
    }
    members: dict[str, Any] = {"variables.000": np.zeros(3, np.float32)}
    for name, value in changes.items():
        (rest if name in rest else members)[name] = value
    members.setdefault("rest", np.frombuffer(json.dumps(rest).encode(), np.uint8))
    return sealed(npz(**members))


def sealed(payload: bytes) -> bytes:
    """A state file of this content."""
    return MAGIC + hashlib.sha256(payload).digest() + payload


RESULT = {
    "val_accuracy": 0.5,
    "test_accuracy": 0.5,
    "train_accuracy": 0.5,
    "best_epoch": 1,
    "epochs_run": 1,
    "stopped_early": True,
    "parameters": 7850,
    "train_seconds": 1.0,
    "seconds_per_epoch": 1.0,
    "compile_seconds": 1.0,
    "concurrent_runs": 1,
    "last_val_accuracy": 0.5,
    "last_test_accuracy": 0.5,
    "resources": {},
    "environment": {},
}
EPOCHS = "epoch,loss,accuracy,val_loss,val_accuracy,seconds\n1,0.5,0.5,0.5,0.5,1.0\n"
STUDY = 'name = "mine"\ntitle = "Mine"\n[base]\narchitecture = "shallow"\n'
FACTOR = '[[factors]]\nfield = "{}"\nlabel = "it"\nvalues = {}\n'
SOUND_STUDY = STUDY + FACTOR.format("epochs", "[1, 2]")


def _folder(path: Path, name: str, content: bytes) -> None:
    """A folder of IDX files, one of which is this one."""
    path.mkdir()
    for key, array in arrays().items():
        (path / FILES[key]).write_bytes(idx(array))
    target = path / name
    if name.endswith(".gz"):
        (path / name.removesuffix(".gz")).unlink()
    target.write_bytes(content)


def _run(path: Path, **files: bytes) -> None:
    """A run's folder below `path`, whose files are sound save these."""
    folder = path / CONFIG.name
    folder.mkdir(parents=True)
    sound = {"config": CONFIG.to_json(), "result": json.dumps(RESULT), "epochs": EPOCHS}
    for stem, text in sound.items():
        file = folder / (f"{stem}.csv" if stem == "epochs" else f"{stem}.json")
        file.write_bytes(files.get(stem, text.encode()))


def in_folder(key: str, content: bytes, suffix: str = "") -> Maker:
    return lambda path: _folder(path, FILES[key] + suffix, content)


def in_run(**files: bytes) -> Maker:
    return lambda path: _run(path, **files)


def file(content: bytes | str) -> Maker:
    data = content.encode() if isinstance(content, str) else content
    return lambda path: path.write_bytes(data) and None


def result(**changes: Any) -> Maker:
    return in_run(result=json.dumps({**RESULT, **changes}).encode())


def members(**changes: Any) -> bytes:
    return npz(**{**arrays(), **changes})


def read_weights(path: Path) -> None:
    with open_weights(path) as weights:
        weights.read()


READERS: dict[str, Callable[[Path], Any]] = {
    "idx": load,
    "npz": load,
    "weights": read_weights,
    "state": load_state,
    "run": lambda path: read_run(path / CONFIG.name),
    "predictions": read_predictions,
    "toml": lambda path: load_study(path).trials(),
}
SUFFIXES = {"idx": "", "run": "", "toml": ".toml", "weights": ".weights.h5"}

SOUND: dict[str, Maker] = {
    "idx": in_folder("x_train", idx(arrays()["x_train"])),
    "npz": file(members()),
    "weights": file(hdf5()),
    "state": file(state()),
    "run": in_run(),
    "predictions": file(npz(labels=np.arange(10), probabilities=np.eye(10))),
    "toml": file(SOUND_STUDY),
}


def _virtual() -> h5py.VirtualLayout:
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("/etc/passwd", "x", (10,))
    return layout


LIE = "{{'descr': '{}', 'fortran_order': False, 'shape': {}}}"
X, Y = arrays()["x_train"], arrays()["y_train"]

HOSTILE: dict[str, dict[str, Maker]] = {
    "idx": {
        "empty": in_folder("x_train", b""),
        "header cut": in_folder("x_train", idx(X)[:9]),
        "one byte short": in_folder("x_train", idx(X)[:-1]),
        "one byte long": in_folder("x_train", idx(X) + b"\0"),
        "floats": in_folder("x_train", b"\0\0\x0d\x03" + idx(X)[4:]),
        "labels for images": in_folder("x_train", idx(Y)),
        "four thousand million images": in_folder("x_train", idx(X, (2**32 - 1, 28, 28))),
        "images of no pixel": in_folder("x_train", idx(X, (20, 0, 28))),
        "a million images, most not there": in_folder("x_train", idx(X, (1_000_000, 28, 28))),
        "other number of labels": in_folder("y_train", idx(Y[:15])),
        "gzip by name only": in_folder("x_train", idx(X), ".gz"),
        "gzip cut": in_folder("x_train", gzip.compress(idx(X))[:-9], ".gz"),
        "gzip with wrong checksum": in_folder(
            "x_train", gzip.compress(idx(X))[:-8] + bytes(8), ".gz"
        ),
        "gzip bomb behind the last image": in_folder(
            "x_train", gzip.compress(idx(X) + bytes(1 << 26)), ".gz"
        ),
        "gzip bomb of black images": in_folder(
            "x_train",
            gzip.compress(idx(np.zeros((1, 28, 28), np.uint8), (10**6, 28, 28)), 1)
            + gzip.compress(bytes(1 << 24)),
            ".gz",
        ),
    },
    "npz": {
        "empty": file(b""),
        "cut": file(members()[:-40]),
        "no labels": file(npz(x_train=X, x_test=X)),
        "pickled objects": file(members(y_train=np.array([print], object))),
        "2**62 images": file(members(x_train=npy_header(LIE.format("|u1", (2**62, 28, 28))))),
        "a million images, none there": file(
            members(x_train=npy_header(LIE.format("|u1", (10**6, 28, 28))))
        ),
        "negative shape": file(members(x_train=npy_header(LIE.format("|u1", (-1, 28, 28))))),
        "a header that is code": file(members(x_train=npy_header("__import__('os').abort()"))),
        "a header of brackets": file(members(x_train=npy_header("(" * 100))),
        "a bomb of black images": file(
            npz(zipfile.ZIP_DEFLATED, **{**arrays(), "x_train": np.zeros((90_000, 28, 28), "u1")})
        ),
        "packed with lzma": file(npz(zipfile.ZIP_LZMA, **arrays())),
        "float labels": file(members(y_train=Y.astype(float))),
        "a table of contents beyond the end": file(members()[:-6] + b"\xff\xff\xff\x7f\0\0"),
    },
    "weights": {
        "empty": file(b""),
        "text": file("weights"),
        "HDF5's first bytes only": file(b"\x89HDF\r\n\x1a\n"),
        "half": file(hdf5()[: len(hdf5()) // 2]),
        "last byte missing": file(hdf5()[:-1]),
        "no layers": file(hdf5(lambda file: file.pop("layers"))),
        "soft link": file(hdf5(linked(h5py.SoftLink("/layers/dense/vars/0")))),
        "link to itself": file(hdf5(linked(h5py.SoftLink("/layers/dense/vars/1")))),
        "link to another file": file(hdf5(linked(h5py.ExternalLink("/etc/passwd", "/")))),
        "layers linked elsewhere": file(
            hdf5(lambda f: (f.move("layers", "a"), f.__setitem__("layers", h5py.SoftLink("/a"))))
        ),
        "data in another file": file(
            hdf5(replaced(shape=(10,), dtype="f4", external=[("/etc/passwd", 0, 40)]))
        ),
        "virtual data": file(
            hdf5(
                lambda f: (
                    f.pop("layers/dense/vars/1"),
                    f["layers/dense/vars"].create_virtual_dataset("1", _virtual()),
                )
            )
        ),
        "a group for an array": file(
            hdf5(lambda f: (f.pop("layers/dense/vars/1"), f.create_group("layers/dense/vars/1")))
        ),
        "an array for a layer": file(hdf5(lambda f: f.create_dataset("layers/conv2d", data=[1]))),
        "doubles": file(hdf5(replaced(data=np.zeros(10)))),
        "big-endian": file(hdf5(replaced(data=np.zeros(10, ">f4")))),
        "strings": file(hdf5(replaced(data=["a"] * 10))),
        "records": file(hdf5(replaced(data=np.zeros(10, "f4,f4")))),
        "references": file(hdf5(replaced(shape=(10,), dtype=h5py.ref_dtype))),
        "a scalar": file(hdf5(replaced(data=np.float32(1)))),
        "no values": file(hdf5(replaced(shape=(10,), dtype="f4"))),
        "a terabyte of fill values": file(hdf5(replaced(shape=(2**38,), dtype="f4"))),
        "a bomb of zeros": file(
            hdf5(replaced(data=np.zeros(1 << 22, "f4"), compression=9, chunks=(1 << 20,)))
        ),
        "NaN": file(hdf5(replaced(data=np.full(10, np.nan, "f4")))),
        "infinity": file(hdf5(replaced(data=np.full(10, np.inf, "f4")))),
        "five arrays in a layer": file(
            hdf5(
                lambda f: [
                    f["layers/dense/vars"].create_dataset(name, data=np.zeros(1, "f4"))
                    for name in "234"
                ]
            )
        ),
        "a thousand layers": file(
            hdf5(lambda f: [f.create_group(f"layers/dense_{n}/vars") for n in range(1000)])
        ),
        "a layer whose name breaks the line": file(
            hdf5(lambda f: f["layers"].create_group("..\n\u001b[31m"))
        ),
        "data before HDF5": file(hdf5(userblock_size=512)),
        "archive without weights": file(keras_archive(hdf5(), name="other.h5")),
        "archive with weights twice": file(keras_archive(hdf5(), times=2)),
        "archive cut": file(keras_archive(hdf5())[:-30]),
        "archive of text": file(keras_archive(b"weights")),
        "archive packed with bzip2": file(keras_archive(hdf5(), zipfile.ZIP_BZIP2)),
        "archive that is a bomb": file(keras_archive(bytes(1 << 27), zipfile.ZIP_DEFLATED)),
        "archive with a wrong checksum": file(
            keras_archive(hdf5()).replace(bytes.fromhex("0000003f") * 9, bytes(36), 1)
        ),
    },
    "state": {
        "empty": file(b""),
        "another version": file(state().replace(b"state 1", b"state 9")),
        "wrong checksum": file(state()[:-1] + b"\xff"),
        "no archive": file(sealed(b"none")),
        "pickled objects": file(state(**{"variables.000": np.array([print], object)})),
        "2**60 numbers": file(state(**{"variables.000": npy_header(LIE.format("<f4", (2**60,)))})),
        "negative shape": file(state(**{"variables.000": npy_header(LIE.format("<f4", (-4,)))})),
        "texts for weights": file(state(**{"variables.000": np.array(["a"])})),
        "no epoch": file(state(rows=[])),
        "epoch 7 first": file(state(rows=[{"epoch": 7}])),
        "an unknown column": file(state(rows=[{"epoch": 1, "evil": 1}])),
        "a best epoch that never was": file(
            state(early_stopping={"wait": 0, "best": 0.5, "best_epoch": 5, "stopped_epoch": 0})
        ),
        "callbacks' methods replaced": file(state(early_stopping={"on_epoch_end": 1})),
        "JSON nested deeply": file(state(rest=np.frombuffer(b"[" * 99_999, np.uint8))),
        "no JSON": file(state(rest=np.zeros(9, np.uint8))),
    },
    "run": {
        "config: empty": in_run(config=b""),
        "config: binary": in_run(config=bytes(range(256))),
        "config: a list": in_run(config=b"[1]"),
        "config: nested deeply": in_run(config=b'{"a":' * 90_000),
        "config: 2 MiB": in_run(config=b'{"a": "' + b"a" * (2 << 20) + b'"}'),
        "config: an endless integer": in_run(config=b'{"seed": ' + b"9" * 5000 + b"}"),
        "config: a seed of NaN": in_run(config=b'{"architecture": "perceptron", "seed": NaN}'),
        "result: accuracy as text": result(val_accuracy="high"),
        "result: accuracy of 7": result(test_accuracy=7.0),
        "result: accuracy of infinity": result(test_accuracy=float("inf")),
        "result: negative seconds": result(train_seconds=-1.0),
        "result: 10**400 parameters": result(parameters=10**400),
        "result: environment as list": result(environment=[1]),
        "result: threads as text": result(environment={"threads": "many"}),
        "result: resources as number": result(resources=3),
        "result: true epochs": result(epochs_run=True),
        "result: other number of epochs": result(epochs_run=3),
        "epochs: binary": in_run(epochs=b"\x89HDF\n"),
        "epochs: last line cut": in_run(epochs=EPOCHS.encode()[:-3]),
        "epochs: unknown column": in_run(epochs=b"epoch,evil\n1,1\n"),
        "epochs: accuracy of 1e308": in_run(epochs=b"epoch,accuracy\n1,1e308\n"),
        "epochs: endless seconds": in_run(epochs=b"epoch,seconds\n1,inf\n"),
        "epochs: a cell of 200 kB": in_run(epochs=b"epoch,loss\n1," + b"1" * 200_000 + b"\n"),
        "epochs: 17 MiB": in_run(epochs=b"epoch,loss\n" + b"1,1\n" * (17 << 18)),
        "epochs: a quote that is not closed": in_run(epochs=b'epoch,loss\n1,"1\n'),
    },
    "predictions": {
        "empty": file(b""),
        "no probabilities": file(npz(labels=Y)),
        "pickled labels": file(npz(labels=np.array([print], object), probabilities=np.eye(10))),
        "2**60 labels": file(
            npz(labels=npy_header(LIE.format("<i8", (2**60,))), probabilities=np.eye(10))
        ),
        "one-dimensional": file(npz(labels=Y, probabilities=np.zeros(20))),
        "more labels than rows": file(npz(labels=Y, probabilities=np.zeros((19, 10)))),
        "labels as a number": file(npz(labels=np.array(3), probabilities=np.zeros((1, 10)))),
    },
    "toml": {
        "binary": file(bytes(range(256))),
        "not closed": file('name = "'),
        "2 MiB": file("# " + "a" * (2 << 20)),
        "lists in lists": file("a = " + "[" * 100_000),
        "tables in tables": file("x = " + "{a = " * 50_000),
        "a key of 100,000 parts": file(SOUND_STUDY + "a." * 100_000 + "a = 1"),
        "a table of 100,000 parts": file("[" + "a." * 100_000 + "a]"),
        "many keys in a deep table": file("[" + "a." * 900 + "a]\n" + "b.c = 1\n" * 90_000),
        "an endless integer": file(STUDY + FACTOR.format("epochs", "[" + "9" * 90_000 + "]")),
        "an endless hexadecimal": file(STUDY + FACTOR.format("epochs", "[0x" + "f" * 9_000 + "]")),
        "a rate of NaN": file(STUDY + FACTOR.format("learning_rate", "[nan]")),
        "a rate of infinity": file(STUDY + FACTOR.format("learning_rate", "[inf]")),
        "a date for epochs": file(STUDY + FACTOR.format("epochs", "[1979-05-27]")),
        "9,000 values": file(STUDY + FACTOR.format("epochs", list(range(1, 9_000)))),
        "50,000 empty trials": file(STUDY + "[[trials]]\n" * 50_000),
        "a name out of the folder": file(SOUND_STUDY.replace('"mine"', '"../../mine"')),
        "an absolute name": file(SOUND_STUDY.replace('"mine"', '"/tmp/mine"')),
        "a name with a line break": file(SOUND_STUDY.replace('"mine"', '"a\\nb"')),
        "the name of a study that is shipped": file(SOUND_STUDY.replace('"mine"', '"shallow"')),
    },
}


def make(kind: str, name: str, root: Path) -> Path:
    """Write one hostile file, or the sound one, into an empty folder; returns what to read."""
    root.mkdir(parents=True)
    path = root / f"it{SUFFIXES.get(kind, '.npz')}"
    (SOUND if name == "sound" else HOSTILE[kind])[kind if name == "sound" else name](path)
    return path


def read_and_measure(kind: str, path: Path) -> dict[str, Any]:
    """How a file's reading ends, with its seconds and the MB that this process grew by at most."""
    Path("/proc/self/clear_refs").write_text("5")  # the high-water mark begins anew
    before = _status("VmRSS")
    begin = time.perf_counter()
    try:
        READERS[kind](path)
        end, message = "read", ""
    except UserError as error:
        end, message = "refused", str(error)
    except BaseException as error:
        end, message = type(error).__name__, str(error)
    seconds = time.perf_counter() - begin
    return {
        "end": end,
        "message": message,
        "seconds": seconds,
        "mb": (_status("VmHWM") - before) / 1024,
    }


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def tree(root: Path) -> dict[str, tuple[int, int]]:
    """Every file and folder below a folder, with size and time of change."""
    return {
        str(path.relative_to(root)): (path.lstat().st_size, path.lstat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
    }


def measure_all(root: Path) -> None:
    """Read every file in this process, and print how each ended."""
    outcomes = {}
    for kind, files in HOSTILE.items():
        READERS[kind](make(kind, "sound", root / kind / "sound"))  # imports what it needs
        for number, name in enumerate(files):
            path = make(kind, name, root / kind / str(number))
            before = tree(root)
            outcome = read_and_measure(kind, path)
            outcome["touched"] = tree(root) != before
            outcomes[f"{kind}: {name}"] = outcome
    print(json.dumps(outcomes))
