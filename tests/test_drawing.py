from __future__ import annotations

import http.client
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from command_line import CommandServer, run_here
from devtools import CONTROL, SHIFT, Browser, Point
from generated_runs import write_run
from PIL import Image
from scipy import ndimage
from served_pages import LONGEST_START, Answer, Page, ask, needs_browser, served_page
from werkzeug.serving import make_server

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.drawing.app import DRAWING_TYPE, SIDE, make_app
from mnist_keras.drawing.choice import Reader, choose_readers, telling_settings
from mnist_keras.errors import UserError
from mnist_keras.pictures.form import ink_as_mnist
from mnist_keras.runs.records import RunFolder, run_folder
from mnist_keras.serving.server import addresses, new_token, open_port


def read_drawing(url: str, drawing: bytes) -> Answer:
    return ask(url, "POST", "/read", drawing, Content_Type=DRAWING_TYPE)


def open_page(folder: Path, *arguments: str) -> AbstractContextManager[Page]:
    """Start `draw` on a free port and wait until it serves."""
    return served_page(folder, "draw", *arguments)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with short trainings on MNIST."""
    folder = tmp_path_factory.mktemp("trained")
    server = CommandServer(folder)
    try:
        for architecture, epochs in (("perceptron", "1"), ("shallow", "3"), ("lenet5", "1")):
            outcome = server.run("train", architecture, "--epochs", epochs, "--threads", "1")
            assert outcome.code == 0, outcome.err
    finally:
        server.close()
    return folder


@pytest.fixture(scope="module")
def page(trained: Path) -> Iterator[Page]:
    with open_page(trained) as page:
        yield page


# Which runs read


def write(
    tmp_path: Path, study: str, config: RunConfig, accuracy: float, model: bool = True, **more: Any
) -> RunFolder:
    """A run of one epoch below tmp_path, with a file in the place of its model."""
    folder = write_run(tmp_path / "logs", study, config, {"val_accuracy": [accuracy]}, **more)
    if model:
        folder.model.write_bytes(b"")
    return folder


def choose(tmp_path: Path, *runs: str) -> list[Reader]:
    return choose_readers(runs, tmp_path / "logs", tmp_path / "checkpoints")


def one_epoch(architecture: str, **fields: Any) -> RunConfig:
    return RunConfig(architecture=architecture, epochs=1, **fields)  # type: ignore[arg-type]


def test_the_best_finished_run_of_each_architecture_reads(tmp_path: Path) -> None:
    write(tmp_path, "a", one_epoch("cnn2", seed=0), 0.98)
    best = write(tmp_path, "b", one_epoch("cnn2", seed=1), 0.99)
    write(tmp_path, "c", one_epoch("cnn2", seed=2), 0.999, done=False)
    write(tmp_path, "c", one_epoch("cnn2", seed=3), 0.999, model=False)
    first = write(tmp_path, "a", one_epoch("perceptron", seed=1), 0.9)
    write(tmp_path, "b", one_epoch("perceptron", seed=0), 0.9)
    assert [(reader.folder, reader.label) for reader in choose(tmp_path)] == [
        (first, "perceptron"),
        (best, "cnn2"),
    ]


def test_runs_on_other_data_read_digits_only_where_no_other_can(tmp_path: Path) -> None:
    other = write(tmp_path, "a", one_epoch("cnn2", data="data-0123456789ab"), 0.999)
    assert [reader.folder for reader in choose(tmp_path)] == [other]
    mnist = write(tmp_path, "a", one_epoch("shallow"), 0.9)
    assert [reader.folder for reader in choose(tmp_path)] == [mnist]


def test_runs_are_read_by_in_the_order_in_which_they_are_named(tmp_path: Path) -> None:
    cnn = write(tmp_path, "a", one_epoch("cnn2"), 0.99)
    perceptron = write(tmp_path, "a", one_epoch("perceptron"), 0.9)
    names = [cnn.logs.name, perceptron.logs.name, cnn.logs.name]
    assert [reader.folder.logs for reader in choose(tmp_path, *names)] == [
        cnn.logs,
        perceptron.logs,
    ]


def test_a_run_that_is_not_done_is_refused(tmp_path: Path) -> None:
    begun = write(tmp_path, "a", one_epoch("cnn2"), 0.99, done=False)
    with pytest.raises(UserError, match="is not finished"):
        choose(tmp_path, begun.logs.name)


def test_readers_are_told_apart_by_what_differs_between_them() -> None:
    small, large = one_epoch("shallow", hidden=(64,)), one_epoch("shallow", hidden=(256,), seed=1)
    assert telling_settings([("a", small), ("a", one_epoch("cnn2")), ("a", large)]) == [
        "hidden 64, seed 0",
        "",
        "hidden 256, seed 1",
    ]
    assert telling_settings([("a", small), ("b", small)]) == ["study a", "study b"]


# The command


def test_without_any_run_one_line_says_how_to_train_one(tmp_path: Path) -> None:
    outcome = run_here(
        "draw", "--logs", str(tmp_path / "logs"), "--checkpoints", str(tmp_path / "checkpoints")
    )
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        f"error: no finished run with its model is in {tmp_path}/logs and {tmp_path}/checkpoints; "
        "train one first: mnist-keras train shallow\n"
    )


def test_a_taken_port_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    write(tmp_path, "a", one_epoch("shallow"), 0.9)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "mnist_keras", "draw", "--port", port],
            cwd=tmp_path, capture_output=True, text=True,
        )  # fmt: skip
    imports, errors = (
        [line for line in done.stderr.splitlines() if line.startswith("import time:") is kept]
        for kept in (True, False)
    )
    assert done.returncode == 1
    assert errors == [
        f"error: port {port} is taken by another program; choose another with --port, or --port 0 "
        "for any that is free"
    ]
    assert any("mnist_keras.drawing" in line for line in imports)
    assert not any("tensorflow" in line for line in imports)


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_is_none_is_a_usage_error(port: str) -> None:
    assert run_here("draw", "--port", port).code == 2


def test_it_says_which_runs_it_has_chosen(page: Page) -> None:
    first, *runs, last = page.lines
    assert first == "the best finished run of each architecture in logs:"
    assert [line.split(":")[0] for line in runs] == [
        "  logs/train/perceptron-lr0.0001-b5-e1-s0",
        "  logs/train/shallow-h128-lr0.001-b64-e3-s0",
        "  logs/train/lenet5-lr0.001-b64-e1-s0",
    ]
    assert last == f"draw at {page.url} - Ctrl-C ends it"


def test_the_browser_of_the_user_is_opened_and_ctrl_c_ends_it(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = trained / "browser"
    browser.write_text('#!/bin/sh\necho "$1" >opened.tmp\nmv opened.tmp opened\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    with open_page(trained, "perceptron", "--open") as page:
        end = time.monotonic() + LONGEST_START
        while not (trained / "opened").is_file():
            assert time.monotonic() < end
            time.sleep(0.05)
        assert (trained / "opened").read_text() == f"{page.url}\n"
        assert ended_while_reading(page, signal.SIGINT) == 130


def test_sigterm_ends_it(trained: Path) -> None:
    with open_page(trained, "perceptron") as page:
        assert ended_while_reading(page, signal.SIGTERM) == 143


def ended_while_reading(page: Page, number: int) -> int:
    """Send a signal while questions are being answered; the exit code."""
    asking = [threading.Thread(target=_ask_until_gone, args=[page.url]) for _ in range(4)]
    for thread in asking:
        thread.start()
    page.process.send_signal(number)
    out, err = page.process.communicate(timeout=60)
    for thread in asking:
        thread.join()
    assert (out, err.strip()) == ("", "stopped; the same command goes on from here")
    return page.process.returncode


def _ask_until_gone(url: str) -> None:
    drawing = drawing_of(load().x_test[0])
    try:
        while True:
            read_drawing(url, drawing)
    except (OSError, http.client.HTTPException):
        pass


# What is asked and answered over HTTP


def drawing_of(image: np.ndarray) -> bytes:
    """A drawing with an image of MNIST's, ten times as large."""
    return bytes(np.kron(image, np.ones((10, 10), np.uint8)))


def test_digits_of_the_test_set_are_read_as_the_preprocessed_pictures(page: Page) -> None:
    mnist = load()
    right = {1: 0, 2: 0}
    for image, label in zip(mnist.x_test[:20], mnist.y_test[:20], strict=True):
        drawing = drawing_of(image)
        answer = read_drawing(page.url, drawing).json
        seen = ink_as_mnist(np.frombuffer(drawing, np.uint8).reshape(SIDE, SIDE) / 255)
        assert answer["seen"][0]["pixels"] == seen.ravel().tolist()
        assert answer["kinds"] == ["scores", "probabilities", "probabilities"]
        assert np.shape(answer["outputs"]) == (3, 10)
        np.testing.assert_allclose(np.sum(answer["outputs"][1:], axis=1), 1, atol=1e-5)
        for run in right:
            right[run] += int(np.argmax(answer["outputs"][run]) == label)
    assert min(right.values()) >= 18


def test_a_perceptron_answers_with_its_scores_as_they_are(page: Page, trained: Path) -> None:
    answer = read_drawing(page.url, drawing_of(load().x_test[0])).json
    (weights,) = (trained / "checkpoints" / "train").glob("perceptron-*/*.weights.h5")
    with h5py.File(weights) as file:
        arrays: list[np.ndarray] = []
        file.visititems(
            lambda _, item: arrays.append(item[()]) if isinstance(item, h5py.Dataset) else None
        )
    (kernel,) = (array for array in arrays if array.shape == (784, 10))
    (bias,) = (array for array in arrays if array.shape == (10,))
    expected = np.array(answer["seen"][0]["pixels"], np.float32) / 255 @ kernel + bias
    np.testing.assert_allclose(answer["outputs"][0], expected, atol=1e-5)
    assert not np.isclose(np.sum(answer["outputs"][0]), 1, atol=1e-5)


def test_requests_at_the_same_time_get_the_answers_that_they_get_alone(page: Page) -> None:
    drawings = [drawing_of(image) for image in load().x_test[:8]]
    alone = [read_drawing(page.url, drawing).json for drawing in drawings]
    together: list[Any] = [None] * len(drawings)

    def keep(number: int) -> None:
        together[number] = read_drawing(page.url, drawings[number]).json

    threads = [threading.Thread(target=keep, args=[number]) for number in range(len(drawings))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert together == alone


def test_the_page_may_load_nothing_from_elsewhere_and_be_framed_nowhere(page: Page) -> None:
    answer = page.ask("GET", "/")
    assert answer.code == 200
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(rb"https?://|<style|style=|<script>|onclick", answer.body)
    assert page.ask("GET", "/static/draw.css").headers["Content-Security-Policy"] == policy


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:1", "127.0.0.1:8000", "LOCALHOST", "127.0.0.2:8000", "[::1]:8000"],
)
def test_names_of_this_machine_are_answered(page: Page, host: str) -> None:
    assert page.ask("GET", "/", Host=host).code == 200


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "localhost@elsewhere.example",
             "elsewhere@localhost", "192.168.0.1", "[::2]", "[", "a b", ""],
)  # fmt: skip
def test_other_names_are_refused_on_every_path(page: Page, host: str) -> None:
    for method, path in (("GET", "/"), ("GET", "/static/draw.css"), ("POST", "/read")):
        answer = page.ask(method, path, Host=host)
        assert answer.code in (400, 403)
        assert list(answer.json) == ["error"]
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


REFUSED: list[tuple[str, str, bytes, str, int, str]] = [
    ("POST", "/read", b"", DRAWING_TYPE, 400,
     "the drawing has 0 bytes; expected 78,400, one for each of 280 x 280 pixels"),
    ("POST", "/read", bytes(784), DRAWING_TYPE, 400,
     "the drawing has 784 bytes; expected 78,400, one for each of 280 x 280 pixels"),
    ("POST", "/read", bytes(78_401), DRAWING_TYPE, 413,
     "the drawing is too large; expected 78,400, one for each of 280 x 280 pixels"),
    ("POST", "/read", bytes(5_000_000), DRAWING_TYPE, 413,
     "the drawing is too large; expected 78,400, one for each of 280 x 280 pixels"),
    ("POST", "/read", bytes(78_400), DRAWING_TYPE, 400,
     "the drawing is empty; draw something first"),
    ("POST", "/read", b"a=1", "application/x-www-form-urlencoded", 415,
     "a drawing is sent as application/octet-stream, not as application/x-www-form-urlencoded"),
    ("GET", "/read", b"", DRAWING_TYPE, 405, "GET is not for /read"),
    ("POST", "/", b"", DRAWING_TYPE, 405, "POST is not for /"),
    ("GET", "/nothing", b"", DRAWING_TYPE, 404, "there is nothing at /nothing; the page is at /"),
    ("GET", "/static/../app.py", b"", DRAWING_TYPE, 404,
     "there is nothing at /static/../app.py; the page is at /"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "body", "kind", "code", "line"), REFUSED)
def test_what_cannot_be_read_is_one_line_of_json(
    page: Page, method: str, path: str, body: bytes, kind: str, code: int, line: str
) -> None:
    answer = page.ask(method, path, body, Content_Type=kind)
    assert (answer.code, answer.json) == (code, {"error": line})


def test_a_body_without_a_length_is_refused(page: Page) -> None:
    chunks = (b"\xff" * 1000 for _ in range(4000))
    answer = ask(page.url, "POST", "/read", chunks, Content_Type=DRAWING_TYPE)
    assert (answer.code, list(answer.json)) == (411, ["error"])


def test_what_is_no_http_is_refused_and_harms_nothing(page: Page) -> None:
    with socket.create_connection(("127.0.0.1", int(page.url[:-1].split(":")[2]))) as connection:
        connection.settimeout(LONGEST_START)
        connection.sendall(b'"\\ what is this? %s %(a)s \xff\r\n\r\n')
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    assert answer.splitlines()[-1] == b'{"error": "this request cannot be understood"}'
    assert page.ask("GET", "/").code == 200


def test_strokes_at_the_edge_and_a_heavy_end_are_seen_whole(page: Page) -> None:
    tee = np.zeros((SIDE, SIDE), np.uint8)
    tee[:60] = tee[:, 130:142] = 255
    ell = np.rot90(tee, 2)
    bar_apart = np.zeros((SIDE, SIDE), np.uint8)
    bar_apart[:24, 60:220] = bar_apart[60:280, 128:152] = 255
    for drawing in (tee, ell, bar_apart):
        answer = read_drawing(page.url, drawing.tobytes())
        assert answer.code == 200
        seen = np.reshape(answer.json["seen"][0]["pixels"], (28, 28)) > 60
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        height, width = (int(np.ptp(places)) + 1 for places in np.nonzero(drawing))
        scale = 20 / max(height, width)
        assert np.ptp(rows) + 1 == pytest.approx(height * scale, abs=1.5)
        assert np.ptp(columns) + 1 == pytest.approx(width * scale, abs=1.5)


def test_nothing_that_is_drawn_is_left_out(page: Page) -> None:
    """In a photograph a frame, circle or speck is none of the digit's; on the page it is."""
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    circle = abs(np.hypot(x, y) - 110) < 8
    bars = (abs(x) < 100) & (abs(abs(y) - 40) < 8)
    speck = (np.hypot(x - 90, y - 90) < 5) | (abs(np.hypot(x + 40, y + 40) - 60) < 12)
    frame = (np.maximum(abs(x), abs(y)) > 130) | (abs(x) < 10) & (abs(y) < 60)
    for ink in (circle | (abs(x) < 8) & (abs(y) < 50), bars, speck, frame):
        answer = read_drawing(page.url, (255 * ink.astype(np.uint8)).tobytes()).json
        seen = np.reshape(answer["seen"][0]["pixels"], (28, 28)) > 100
        assert ndimage.label(seen)[1] == ndimage.label(ink)[1] == 2


def test_noise_is_answered_with_numbers(page: Page) -> None:
    generator = np.random.default_rng(3)
    for noise in (generator.bytes(SIDE**2), b"\x01" + bytes(SIDE**2 - 1), b"\xff" * SIDE**2):
        answer = read_drawing(page.url, noise)
        assert answer.code in (200, 400)
        assert set(answer.json) in ({"error"}, {"seen", "outputs", "kinds"})


# Readers that are made for a test, in a server of this process


def reader(architecture: str, **fields: Any) -> Reader:
    config = one_epoch(architecture, **fields)
    folder = run_folder(Path("logs"), Path("checkpoints"), "a", config.name)
    result = {"parameters": 7850, "test_accuracy": 0.9143}
    return Reader(folder, config, result, tuple("0123456789"), "")


@dataclass(frozen=True)
class Told:
    """Networks whose outputs a test tells."""

    read: Callable[[np.ndarray], Any]
    scores: Sequence[bool]

    def __call__(self, images: Sequence[np.ndarray]) -> np.ndarray:
        return self.read(images[0])


@contextmanager
def serving(
    readers: Sequence[Reader], read: Callable[[np.ndarray], Any], token: str = ""
) -> Iterator[str]:
    """A server of this process; its address."""
    scores = [reader.config.architecture == "perceptron" for reader in readers]
    app = make_app(readers, Told(read, scores), token)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}/"
    finally:
        server.shutdown()
        thread.join()


def sure_of(*digits: int) -> np.ndarray:
    """Probabilities of as many readers, each of which is certain."""
    return np.eye(10, dtype=np.float32)[list(digits)]


def test_a_run_on_other_data_has_the_names_of_its_classes() -> None:
    names = ("coat", "bag", *"23456789")
    other = replace(reader("perceptron"), class_names=names)
    with serving([other, reader("cnn2")], lambda image: sure_of(0, 1)) as url:
        page = urllib.request.urlopen(url).read().decode()
    rows = re.findall(r'<th scope="row">(.*?)</th>', page)
    assert rows == [*names, *"0123456789"]
    assert re.findall(r'<article class="(.*?)"', page) == ["card words", "card"]


@pytest.mark.parametrize(
    ("class_names", "heading", "known"),
    [
        ([tuple("0123456789")] * 2, "Draw a digit", None),
        ([tuple("01234567")], "Draw a digit", None),
        ([tuple("abcdefghij")], "Draw a character", "It knows: a, b, c, d, e, f, g, h, i, j."),
        ([("coat", "<bag>")] * 2, "Draw a picture", "They know: coat, &lt;bag&gt;."),
        ([("coat", "bag"), tuple("0123456789")], "Draw a picture", None),
    ],
    ids=["digits", "fewer digits", "letters", "clothes", "clothes and digits"],
)
def test_the_words_of_the_page_fit_what_the_runs_were_trained_on(
    class_names: list[tuple[str, ...]], heading: str, known: str | None
) -> None:
    readers = [replace(reader("cnn2"), class_names=names) for names in class_names]
    with serving(readers, lambda image: sure_of(0)) as url:
        page = ask(url, "GET", "/").body.decode()
    assert f"<h1>{heading}</h1>" in page
    assert f"<title>{heading} - mnist-keras</title>" in page
    assert re.findall(r'<p class="classes">(.*?)</p>', page) == ([known] if known else [])
    assert ("digit" in page.partition("<body>")[2].replace('class="digit"', "")) == (
        heading == "Draw a digit"
    )


def test_outputs_that_are_no_numbers_are_null() -> None:
    broken = np.array([[np.nan] * 10, [0, 1, *[0] * 8]], np.float32)
    with serving([reader("perceptron"), reader("cnn2")], lambda image: broken) as url:
        answer = read_drawing(url, drawing_of(load().x_test[0])).json
    assert answer["outputs"] == [[None] * 10, [0, 1, *[0] * 8]]


def test_a_fault_of_ours_is_one_line_and_its_traceback_is_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(image: np.ndarray) -> np.ndarray:
        raise ZeroDivisionError("a fault")

    with serving([reader("cnn2")], fail) as url:
        answer = read_drawing(url, drawing_of(load().x_test[0]))
    assert answer.code == 500
    assert answer.json == {
        "error": "mnist-keras made a mistake; the terminal that it runs in shows which"
    }
    assert "ZeroDivisionError: a fault" in caplog.text


def test_cards_say_what_a_figure_must_not_be_shown_without() -> None:
    readers = [
        reader("perceptron"),
        reader("cnn2", validation="test"),
        reader("cnn3", data="data-0123456789ab"),
    ]
    with serving(readers, lambda image: sure_of(1, 2, 3)) as url:
        body = ask(url, "GET", "/").body.decode()
    cards = body.split("<article")[1:]
    for card, text in zip(
        cards,
        ("scores, no probabilities", "selected on the test set", "trained on data-0123456789ab"),
        strict=True,
    ):
        assert text in card
        assert body.count(text) == 1
        assert "91.43 %" in card
        assert "7,850 parameters" in card


# For others in the network

TOKEN = "k7qm-2xvd-9hpt"

WITHOUT_IT = {"error": "this page opens with the whole address that mnist-keras draw has printed"}


def test_nothing_is_answered_without_the_token_or_with_a_guessed_one() -> None:
    drawing = drawing_of(load().x_test[0])
    asked = []

    def read(image: np.ndarray) -> np.ndarray:
        asked.append(image)
        return sure_of(7)

    with serving([reader("cnn2")], read, TOKEN) as url:
        guesses = ["", "/k7qm-2xvd-9hpu", "/k7qm-2xvd-9hp", f"/{TOKEN}x", "/K7QM-2XVD-9HPT",
                   "/%00", "/%E2%82%AC", "/%FF", "/k7qm-2xvd-9hpt%20",
                   f"/x/../{TOKEN}", f"/static/{TOKEN}"]  # fmt: skip
        for guess in guesses:
            for method, path in (
                ("GET", "/"), ("GET", "/static/draw.css"), ("POST", "/read"), ("GET", "/nothing"),
                ("GET", f"/?token={TOKEN}"),
            ):  # fmt: skip
                answer = ask(
                    url, method, guess + path, drawing if method == "POST" else b"",
                    Content_Type=DRAWING_TYPE, Cookie=f"token={TOKEN}",
                )  # fmt: skip
                assert (answer.code, answer.json) == (403, WITHOUT_IT), guess + path
                assert TOKEN not in str(answer.headers)
        assert asked == []
        for method, path in (("GET", "/"), ("GET", "/static/draw.css"), ("POST", "/read")):
            answer = ask(url, method, f"/{TOKEN}{path}", drawing, Content_Type=DRAWING_TYPE)
            assert answer.code == 200
    assert len(asked) == 1


def test_with_the_token_any_name_of_this_machine_is_answered() -> None:
    with serving([reader("cnn2")], lambda image: sure_of(7), TOKEN) as url:
        for host in ("192.168.0.1:8000", "teacher.local", "[fe80::1]:8000"):
            assert ask(url, "GET", f"/{TOKEN}/", Host=host).code == 200
        missing = ask(url, "GET", f"/{TOKEN}/nothing")
        assert missing.json == {
            "error": f"there is nothing at /{TOKEN}/nothing; the page is at /{TOKEN}/"
        }


@pytest.mark.parametrize("token", ["", TOKEN], ids=["this machine", "others too"])
def test_a_page_of_another_origin_is_refused(token: str) -> None:
    drawing = drawing_of(load().x_test[0])
    asked = []

    def read(image: np.ndarray) -> np.ndarray:
        asked.append(image)
        return sure_of(7)

    with serving([reader("cnn2")], read, token) as url:
        place = url.split("/")[2]
        path = f"/{token}/read" if token else "/read"
        for origin in (
            "http://elsewhere.example", "null", f"http://elsewhere.{place}", "http://127.0.0.1:1",
            f"http://{place}.elsewhere.example", f"http://{place}@elsewhere.example", "",
        ):  # fmt: skip
            answer = ask(url, "POST", path, drawing, Content_Type=DRAWING_TYPE, Origin=origin)
            assert (answer.code, answer.json) == (
                403,
                {"error": "pages of other sites may not ask here"},
            )
            assert not [name for name in answer.headers if name.startswith("Access-Control")]
        assert asked == []
        for origin in (f"http://{place}", f"HTTP://{place.upper()}"):
            answer = ask(url, "POST", path, drawing, Content_Type=DRAWING_TYPE, Origin=origin)
            assert answer.code == 200
    assert len(asked) == 2


def test_tokens_are_new_each_time_and_only_where_others_can_ask() -> None:
    with open_port(0) as here, open_port(0, "localhost") as named, open_port(0, "0.0.0.0") as wide:
        assert new_token(here) == new_token(named) == ""
        tokens = {new_token(wide) for _ in range(100)}
        port = wide.getsockname()[1]
        assert addresses(here, "") == [f"http://127.0.0.1:{here.getsockname()[1]}/"]
        first, *others = addresses(wide, TOKEN)
    assert len(tokens) == 100
    assert all(re.fullmatch(r"([a-z2-9]{4}-){2}[a-z2-9]{4}", token) for token in tokens)
    assert first == f"http://127.0.0.1:{port}/{TOKEN}/"
    for other in others:
        assert re.fullmatch(rf"http://(\d+\.){{3}}\d+:{port}/{TOKEN}/", other)
        assert "//127." not in other


@pytest.mark.parametrize("host", ["203.0.113.7", "nowhere.invalid", "a..b", ""])
def test_a_host_that_is_not_this_machine_is_refused_in_one_line(tmp_path: Path, host: str) -> None:
    write(tmp_path, "a", one_epoch("shallow"), 0.9)
    outcome = run_here(
        "draw", "--logs", str(tmp_path / "logs"), "--checkpoints", str(tmp_path / "checkpoints"),
        "--port", "0", "--host", host,
    )  # fmt: skip
    assert outcome.code == 1
    assert outcome.err == (
        f"error: --host is {host!r}, which is no address of this machine; leave it out to draw on "
        "this machine only, or give 0.0.0.0 for all of its addresses\n"
    )


def test_a_class_reaches_the_page_by_the_printed_address_alone(trained: Path) -> None:
    with open_page(trained, "perceptron", "--host", "0.0.0.0") as page:
        found = re.search(r"draw at (http://127\.0\.0\.1:\d+/)(\S+/) - Ctrl-C", page.lines[-1])
        assert found
        drawing = drawing_of(load().x_test[0])
        answer = ask(found[1], "POST", f"/{found[2]}read", drawing, Content_Type=DRAWING_TYPE)
        assert answer.code == 200
        assert read_drawing(found[1], drawing).json == WITHOUT_IT
        for line in page.lines[1:-1]:
            assert line.startswith("for others in the network: http://")
            url = line.split(": ")[1]
            assert url.endswith(f"/{found[2]}")
            answer = ask(url, "POST", f"/{found[2]}read", drawing, Content_Type=DRAWING_TYPE)
            assert answer.code == 200


def test_without_host_no_other_address_of_this_machine_is_listened_on(page: Page) -> None:
    port = int(page.url[:-1].split(":")[2])
    with socket.create_server(("127.0.0.2", port)):
        pass  # it would be taken, if the page listened on all addresses


# Drawn in a real browser


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    try:
        yield browser
    finally:
        browser.close()


VERDICT = "document.getElementById('verdict').textContent"
NOTHING = f"{VERDICT} === 'Nothing is drawn yet.'"


def draw(browser: Browser, *strokes: Sequence[Point], touch: bool = False) -> None:
    """Draw strokes whose points are shares of the drawing area's sides."""
    left, top, width, height = browser.box("#paper")
    for stroke in strokes:
        points = [(left + x * width, top + y * height) for x, y in stroke]
        (browser.touch_stroke if touch else browser.mouse_stroke)(points)


def line(*corners: Point) -> list[Point]:
    """Points along straight lines from corner to corner."""
    points = [corners[0]]
    for (x0, y0), (x1, y1) in pairwise(corners):
        points += [(x0 + (x1 - x0) * t / 10, y0 + (y1 - y0) * t / 10) for t in range(1, 11)]
    return points


ONE = line((0.52, 0.2), (0.48, 0.8))
SEVEN = line((0.28, 0.22), (0.7, 0.22), (0.45, 0.8))
ZERO = [
    (0.5 + 0.2 * float(np.sin(angle)), 0.5 - 0.3 * float(np.cos(angle)))
    for angle in np.linspace(0, 2 * np.pi, 30)
]


EIGHT = [
    (0.5 + 0.22 * float(np.sin(2 * angle)), 0.5 - 0.4 * float(np.cos(angle)))
    for angle in np.linspace(0, 2 * np.pi, 60)
]

SEEN = (
    "Array.from(document.getElementById('seen-1').getContext('2d')"
    ".getImageData(0, 0, 28, 28).data).filter((_, place) => place % 4 === 0)"
)


def winners(browser: Browser) -> dict[str, str]:
    """What each run reads, by the run's label."""
    return browser.evaluate(
        "Object.fromEntries(Array.from(document.querySelectorAll('.card'),"
        " card => [card.dataset.label, card.querySelector('.digit').textContent]))"
    )


def wait_for_answers(browser: Browser) -> None:
    """Wait until the newest drawing has been answered."""
    browser.wait_for("document.getElementById('cards').ariaBusy === 'false'")


def wait_for_readers(browser: Browser, digit: str, *labels: str) -> None:
    """Wait until these runs read a digit."""
    for label in labels:
        browser.wait_for(
            f"document.querySelector('[data-label={label}] .digit').textContent === '{digit}'"
        )


@needs_browser
@pytest.mark.parametrize(
    ("digit", "stroke"), [("1", ONE), ("7", SEVEN), ("0", ZERO)], ids=["1", "7", "0"]
)
def test_a_digit_that_is_drawn_with_the_mouse_wins(
    browser: Browser, page: Page, digit: str, stroke: list[Point]
) -> None:
    browser.look(1280, 900)
    browser.open(page.url)
    assert browser.evaluate(NOTHING)
    draw(browser, stroke)
    wait_for_answers(browser)
    found = winners(browser)
    assert [found["shallow"], found["lenet5"]] == [digit, digit]
    assert set(found) == {"perceptron", "shallow", "lenet5"}
    shown = browser.evaluate(
        "Array.from(document.querySelectorAll('.card'), card =>"
        " [card.querySelector('.best th').textContent, card.querySelector('.sure').textContent,"
        "  Array.from(card.querySelectorAll('.number'), cell => cell.textContent)])"
    )
    for best, sure, numbers in shown:
        assert numbers[int(best)] == sure
    scores, *probabilities = [numbers for _, _, numbers in shown]
    assert all(re.fullmatch(r"\u2212?\d\.\d\d", score) for score in scores)
    for numbers in probabilities:
        assert sum(_percent(number) for number in numbers) == pytest.approx(100, abs=0.6)
    assert browser.console == []
    assert {url.rsplit("/", 1)[0] + "/" for url in browser.requests} == {
        page.url,
        f"{page.url}static/",
    }


def _percent(text: str) -> float:
    return {">99.9 %": 99.95, "<0.1 %": 0.05}.get(text) or float(text.removesuffix(" %"))


@needs_browser
def test_what_the_networks_see_is_a_digit_in_the_form_of_mnist(
    browser: Browser, page: Page
) -> None:
    browser.open(page.url)
    draw(browser, SEVEN)
    wait_for_answers(browser)
    image = np.array(browser.evaluate(SEEN), float).reshape(28, 28)
    rows, columns = np.nonzero(image > 30)
    assert 19 <= np.ptp(rows) + 1 <= 21
    weights = image / image.sum()
    assert weights.sum(axis=1) @ np.arange(28) == pytest.approx(13.5, abs=1)
    assert weights.sum(axis=0) @ np.arange(28) == pytest.approx(13.5, abs=1)
    assert image.max() > 200
    # The upper bar of the seven is there, and nothing to the left of its foot.
    assert columns[rows == rows.min() + 1].size > 8
    assert columns[rows == rows.max() - 1].size < 6


@needs_browser
def test_a_digit_that_is_drawn_with_the_keyboard_alone_wins(browser: Browser, page: Page) -> None:
    browser.look(1280, 900)
    browser.open(page.url)
    browser.press("Tab")
    assert browser.evaluate("document.activeElement.id") == "paper"
    pen = "document.getElementById('pen').textContent"
    assert browser.wait_for(pen) == "pen up"
    browser.press("ArrowRight", 2)
    browser.press(" ")
    assert browser.evaluate(pen) == "pen down"
    browser.press("ArrowDown", 13)
    wait_for_readers(browser, "1", "shallow", "lenet5")
    browser.press("Escape")
    browser.wait_for(NOTHING)
    assert browser.evaluate(pen) == "pen up"
    browser.press("ArrowUp", 13)
    browser.press("ArrowLeft", 8)
    browser.press("Enter")
    browser.press("ArrowRight", 12)
    # Both at once go slantwise, as does the key for it.
    browser.key_down("ArrowLeft")
    browser.key_down("ArrowDown")
    browser.key_up("ArrowLeft")
    browser.press("ArrowDown", 3)
    browser.press("End", 5)
    browser.press("ArrowDown", 6, SHIFT)
    browser.press("ArrowDown", 5)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    assert browser.console == []


def offered(browser: Browser) -> dict[str, bool]:
    """Which of the buttons can be used."""
    return browser.evaluate(
        "Object.fromEntries(['undo', 'redo', 'clear'].map(id =>"
        " [id, document.getElementById(id).getAttribute('aria-disabled') === 'false']))"
    )


@needs_browser
def test_a_step_undone_or_cleared_is_gone_and_comes_back(browser: Browser, page: Page) -> None:
    browser.look(1280, 900)
    browser.open(page.url)
    assert offered(browser) == {"undo": False, "redo": False, "clear": False}
    draw(browser, SEVEN, line((0.3, 0.8), (0.7, 0.8)))
    wait_for_answers(browser)
    browser.click("#undo")
    wait_for_readers(browser, "7", "shallow", "lenet5")
    browser.click("#clear")
    browser.wait_for(NOTHING)
    assert winners(browser) == {"perceptron": "?", "shallow": "?", "lenet5": "?"}
    browser.press("z", modifiers=CONTROL)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    browser.press("Escape")
    browser.wait_for(NOTHING)
    browser.press("z", modifiers=CONTROL)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    browser.press("z", modifiers=CONTROL)
    browser.wait_for(NOTHING)
    assert offered(browser) == {"undo": False, "redo": True, "clear": False}
    assert browser.console == []


@needs_browser
def test_what_was_undone_is_done_again_until_something_else_is_drawn(
    browser: Browser, page: Page
) -> None:
    browser.look(1280, 900)
    browser.open(page.url)
    draw(browser, SEVEN)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    browser.press("Escape")
    for again in (
        lambda: browser.click("#redo"),
        lambda: browser.press("y", modifiers=CONTROL),
        lambda: browser.press("z", modifiers=CONTROL + SHIFT),
    ):
        browser.press("z", 2, CONTROL)
        browser.wait_for(NOTHING)
        again()
        wait_for_readers(browser, "7", "shallow", "lenet5")
        again()
        browser.wait_for(NOTHING)
        assert offered(browser) == {"undo": True, "redo": False, "clear": False}
    browser.press("z", 2, CONTROL)
    draw(browser, ONE)
    wait_for_readers(browser, "1", "shallow", "lenet5")
    assert offered(browser) == {"undo": True, "redo": False, "clear": True}
    browser.press("y", modifiers=CONTROL)
    wait_for_answers(browser)
    assert winners(browser)["lenet5"] == "1"
    assert browser.console == []


@needs_browser
@pytest.mark.parametrize("stroke", [ONE, SEVEN, ZERO, EIGHT], ids=["1", "7", "0", "8"])
def test_a_small_drawing_is_seen_as_a_large_one(browser: Browser, stroke: list[Point]) -> None:
    seen, verdicts = [], []
    with serving([reader("cnn2")], lambda image: sure_of(3)) as url:
        browser.look(1280, 900)
        for size in (1.0, 0.5, 0.2):
            browser.open(url)
            draw(browser, [(0.1 + size * (x - 0.1), 0.9 + size * (y - 0.9)) for x, y in stroke])
            wait_for_answers(browser)
            seen.append(np.reshape(browser.evaluate(SEEN), (28, 28)))
            verdicts.append(browser.evaluate(VERDICT))
    assert verdicts == ["cnn2 reads 3"] * 3
    for smaller in seen[1:]:
        # The mouse is at whole pixels, which moves small strokes by a little.
        assert np.abs(smaller - seen[0]).mean() < 8
    if stroke is EIGHT:
        assert all(holes(image) == 2 for image in seen)


def holes(image: np.ndarray) -> int:
    """How many pieces of paper the ink encloses."""
    return int(ndimage.label(np.pad(image, 1) < 128)[1]) - 1


@needs_browser
def test_a_dot_is_seen_as_a_dot(browser: Browser) -> None:
    with serving([reader("cnn2")], lambda image: sure_of(1)) as url:
        browser.look(1280, 900)
        browser.open(url)
        draw(browser, [(0.9, 0.1)])
        wait_for_answers(browser)
        image = np.reshape(browser.evaluate(SEEN), (28, 28)) > 128
    height, width = (int(np.ptp(places)) + 1 for places in np.nonzero(image))
    assert abs(height - width) <= 1
    assert image.sum() / (height * width) == pytest.approx(np.pi / 4, abs=0.08)


@needs_browser
def test_on_a_phone_a_finger_draws_and_nothing_scrolls(browser: Browser, page: Page) -> None:
    browser.look(360, 740, phone=True)
    browser.open(page.url)
    width = "[innerWidth, document.documentElement.scrollWidth]"
    assert browser.evaluate(width) == [360, 360]
    draw(browser, SEVEN, touch=True)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    assert browser.evaluate("scrollY") == 0
    assert browser.evaluate(width) == [360, 360]
    # The verdict is seen while drawing, and perceptron and network stand side by side.
    _, top, _, height = browser.box("#verdict")
    assert top + height < 740
    first, second = browser.box(".card:nth-child(1)"), browser.box(".card:nth-child(2)")
    assert first[1] == second[1]
    assert first[0] + first[2] < second[0]
    assert browser.console == []


@needs_browser
def test_the_tab_key_reaches_everything_and_shows_where_it_is(browser: Browser, page: Page) -> None:
    browser.look(1280, 900)
    browser.open(page.url)
    draw(browser, ONE)
    wait_for_answers(browser)
    seen = []
    for _ in ("undo", "redo", "clear"):
        browser.press("Tab")
        seen.append(
            browser.evaluate(
                "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle,"
                " getComputedStyle(document.activeElement).outlineWidth]"
            )
        )
    assert seen == [[name, "solid", "3px"] for name in ("undo", "redo", "clear")]
    # Who has cleared with the keyboard is where they were, and can draw on from there.
    browser.press("Enter")
    browser.wait_for(NOTHING)
    assert browser.evaluate("document.activeElement.id") == "clear"
    browser.press("Tab", 3, SHIFT)
    assert browser.evaluate("document.activeElement.id") == "paper"


LONG_NAMES = (
    "T-shirt or top with short sleeves", "Trouser", "Pullover with a round neck", "Dress", "Coat",
    "Sandal", "Shirt", "Sneaker", "Bag", "Donaudampfschifffahrtsgesellschaftskapitaenswesten",
)  # fmt: skip

SIZES = [(844, 390, False), (1280, 800, False), (390, 844, True), (640, 400, False)]
"""Windows in CSS pixels: a telephone on its side, a laptop, a telephone, a laptop at 200 %."""


@needs_browser
@pytest.mark.parametrize(("width", "height", "phone"), SIZES)
def test_long_class_names_leave_the_bars_their_room(
    browser: Browser, width: int, height: int, phone: bool
) -> None:
    readers = [replace(reader(name), class_names=LONG_NAMES) for name in ("perceptron", "cnn2")]
    browser.look(width, height, phone=phone)
    with serving(readers, lambda image: sure_of(9, 0)) as url:
        browser.open(url)
        draw(browser, ONE, touch=phone)
        wait_for_answers(browser)
        bars, full = (
            browser.evaluate(
                f"Array.from(document.querySelectorAll('{what}'),"
                " bar => bar.getBoundingClientRect().width)"
            )
            for what in (".bar div", ".best .bar span")
        )
        assert len(bars) == 20
        assert min(bars) > 100
        assert max(full) == pytest.approx(max(bars), abs=1)
        assert browser.evaluate("document.documentElement.scrollWidth") == width
        assert browser.evaluate(VERDICT).startswith("perceptron reads Donaudampf")


@needs_browser
@pytest.mark.parametrize(("width", "height", "phone"), SIZES)
def test_sheet_and_verdict_are_in_the_window_without_scrolling(
    browser: Browser, page: Page, width: int, height: int, phone: bool
) -> None:
    browser.look(width, height, phone=phone)
    browser.open(page.url)
    draw(browser, SEVEN, touch=phone)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    for part in ("#paper", "#undo", "#clear", "#verdict", ".sight"):
        left, top, across, down = browser.box(part)
        assert min(left, top) >= 0
        assert left + across <= width
        assert top + down <= height, part
    assert browser.evaluate("[scrollY, document.documentElement.scrollWidth]") == [0, width]
    # A drawing is not small there either.
    assert browser.box("#paper")[2] >= 300


@needs_browser
def test_on_a_laptop_the_verdict_stands_over_the_cards(browser: Browser, page: Page) -> None:
    browser.look(1280, 800)
    browser.open(page.url)
    draw(browser, SEVEN)
    wait_for_readers(browser, "7", "shallow", "lenet5")
    left, top, _, height = browser.box("#verdict")
    first = browser.box(".card")
    assert left == first[0]
    assert 0 < first[1] - (top + height) < 40


@needs_browser
@pytest.mark.parametrize("dark", [False, True])
def test_bars_are_seen_in_the_readers_own_colours(
    browser: Browser, tmp_path: Path, dark: bool
) -> None:
    shares = np.array([[0.0, 0.5, 0.3, *[0.2 / 7] * 7]], np.float32)
    browser.look(1280, 800, forced=True, dark=dark)
    with serving([reader("cnn2")], lambda image: shares) as url:
        browser.open(url)
        draw(browser, ONE)
        browser.wait_for(f"{VERDICT} === 'cnn2 reads 1'")
        browser.wait_for("!document.getAnimations().length")
        browser.screenshot(tmp_path / "page.png")
        boxes = [browser.box(f"tr:nth-child({row}) .bar div") for row in (1, 2, 3)]
    picture = Image.open(tmp_path / "page.png").convert("RGB")

    def colours(box: tuple[float, float, float, float]) -> list[tuple[int, int, int]]:
        """Of the frame, and within it at a quarter and at the end."""
        left, top, width, height = box
        points = [(left + 0.5, top + height / 2)]
        points += [(left + share * width, top + height / 2) for share in (0.25, 0.95)]
        return [picture.getpixel((int(x), int(y))) for x, y in points]  # type: ignore[misc]

    empty, best, other = map(colours, boxes)
    paper = empty[1]
    assert empty == [empty[0], paper, paper]
    assert empty[0] != paper
    assert best[1] not in (paper, other[1])
    assert other[1] != paper
    assert best[2] == other[2] == paper


@needs_browser
def test_it_is_dark_where_the_reader_wants_it_dark(browser: Browser, page: Page) -> None:
    backgrounds = []
    for dark in (False, True):
        browser.look(1280, 900, dark=dark)
        browser.open(page.url)
        draw(browser, ONE)
        wait_for_readers(browser, "1", "shallow", "lenet5")
        backgrounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    assert backgrounds == ["rgb(255, 255, 255)", "rgb(21, 25, 28)"]


@needs_browser
def test_a_page_with_a_token_draws_and_asks_below_it(browser: Browser) -> None:
    browser.look(1280, 900)
    with serving([reader("cnn2")], lambda image: sure_of(3), TOKEN) as url:
        browser.open(f"{url}{TOKEN}/")
        draw(browser, ONE)
        browser.wait_for(f"{VERDICT} === 'cnn2 reads 3'")
        wait_for_answers(browser)
        assert browser.console == []
        # The page before may have asked its own server until it was left.
        asked = {request for request in browser.requests if request.startswith(url)}
    assert f"{url}{TOKEN}/read" in asked
    assert all(request.startswith(f"{url}{TOKEN}/") for request in asked)


@needs_browser
def test_a_page_of_another_site_cannot_ask_even_where_it_knows_the_token(
    browser: Browser, tmp_path: Path
) -> None:
    asked = []

    def read(image: np.ndarray) -> np.ndarray:
        asked.append(image)
        return sure_of(3)

    with serving([reader("cnn2")], read, TOKEN) as url:
        page = tmp_path / "other.html"
        page.write_text(f"""<!doctype html><script>
        const ask = (kind, mode) => fetch('{url}{TOKEN}/read', {{method: 'POST', mode,
          headers: {{'Content-Type': kind}}, body: new Uint8Array({SIDE**2}).fill(255)}})
          .then(answer => answer.type, () => 'refused');
        Promise.all([ask('application/octet-stream', 'cors'), ask('text/plain', 'no-cors')])
          .then(answers => {{ document.title = answers.join(); }});
        </script>""")
        browser.open(page.as_uri())
        assert browser.wait_for("document.title") == "refused,refused"
    assert asked == []


@needs_browser
def test_the_newest_answer_wins_over_slow_ones(browser: Browser) -> None:
    asked = []

    def slow(image: np.ndarray) -> np.ndarray:
        asked.append(image)
        time.sleep(0.3)
        return sure_of(len(asked) % 10)

    with serving([reader("cnn2")], slow) as url:
        browser.look(1280, 900)
        browser.open(url)
        draw(browser, SEVEN, ONE, ZERO)
        wait_for_answers(browser)
        count = len(asked)
        assert browser.evaluate(VERDICT) == f"cnn2 reads {count % 10}"
        # Not every point was asked about, only what was newest when an answer had come.
        assert 2 <= count < 10
        # An answer that comes after the drawing was cleared is not shown.
        draw(browser, ONE)
        browser.press("Escape")
        wait_for_answers(browser)
        assert browser.evaluate(NOTHING)


@needs_browser
def test_the_verdict_tells_who_reads_what(browser: Browser) -> None:
    answers = {
        "All 3 read 7": sure_of(7, 7, 7),
        "perceptron reads 1; cnn2 and cnn3 read 7": sure_of(1, 7, 7),
        "perceptron reads nothing; cnn2 reads 2; cnn3 reads 3": np.array(
            [[np.nan] * 10, *sure_of(2, 3)], np.float32
        ),
    }
    given: list[np.ndarray] = []
    readers = [reader("perceptron"), reader("cnn2"), reader("cnn3")]
    with serving(readers, lambda image: given[-1]) as url:
        browser.open(url)
        for sentence, answer in answers.items():
            given.append(answer)
            draw(browser, ONE)
            browser.wait_for(f"{VERDICT} === '{sentence}'")
        assert browser.console == []


@needs_browser
def test_a_page_whose_server_is_gone_says_so(browser: Browser) -> None:
    with serving([reader("cnn2")], lambda image: sure_of(3)) as url:
        browser.open(url)
        draw(browser, ONE)
        browser.wait_for(f"{VERDICT} === 'cnn2 reads 3'")
        wait_for_answers(browser)
    failure = "document.getElementById('failure')"
    assert browser.evaluate(f"{failure}.hidden")
    draw(browser, ONE)
    browser.wait_for(f"!{failure}.hidden")
    assert browser.evaluate(f"{failure}.textContent") == (
        "The server does not answer. Is mnist-keras draw still running?"
    )
    # What was read before is not shown beside it, and it goes when the sheet is cleared.
    assert browser.evaluate(VERDICT) == ""
    assert winners(browser) == {"cnn2": "?"}
    assert not any(browser.evaluate(SEEN))
    browser.press("Escape")
    browser.wait_for(NOTHING)
    assert browser.evaluate(f"{failure}.hidden")


@needs_browser
def test_an_error_that_comes_after_clearing_is_not_shown(browser: Browser) -> None:
    def fail_slowly(image: np.ndarray) -> np.ndarray:
        time.sleep(0.3)
        raise ZeroDivisionError("what was cleared before")

    with serving([reader("cnn2")], fail_slowly) as url:
        browser.open(url)
        draw(browser, ONE)
        browser.press("Escape")
        wait_for_answers(browser)
        assert browser.evaluate(NOTHING)
        assert browser.evaluate("document.getElementById('failure').hidden")


@needs_browser
def test_an_error_of_the_page_and_a_request_elsewhere_would_be_seen(
    browser: Browser, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.html"
    bad.write_text(
        '<!doctype html><img src="http://elsewhere.invalid/a.png"><script>nothing.here</script>'
    )
    browser.open(bad.as_uri())
    assert "http://elsewhere.invalid/a.png" in browser.requests
    assert any("nothing is not defined" in line for line in browser.console)
