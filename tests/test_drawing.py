from __future__ import annotations

import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import CommandServer, run_here, start
from devtools import CHROMIUM, CONTROL, SHIFT, Browser, Point
from generated_runs import write_run
from werkzeug.serving import make_server

from mnist_keras.config import RunConfig
from mnist_keras.data.dataset import load
from mnist_keras.drawing.app import DRAWING_TYPE, MARGIN, SIDE, make_app
from mnist_keras.drawing.choice import Reader, choose_readers, telling_settings
from mnist_keras.errors import UserError
from mnist_keras.pictures.form import as_mnist
from mnist_keras.records import RunFolder, run_folder

LONGEST_START = 300.0
"""Seconds that a crowded machine may need to load TensorFlow and the models."""

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; to draw in one: apt install chromium"
)


# A page in the process of its own that a user starts


@dataclass
class Page:
    """`mnist-keras draw` in a process of its own, and where its page is."""

    process: subprocess.Popen[str]
    lines: list[str]
    """What it has printed."""

    @property
    def url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.lines[-1])
        assert found
        return found[0]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        return ask(self.url, method, path, body, **headers)


@dataclass(frozen=True)
class Answer:
    """What a server answered."""

    code: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its content as one line of JSON."""
        assert self.headers["Content-Type"] == "application/json"
        assert self.body.endswith(b"\n")
        assert self.body.count(b"\n") == 1
        return json.loads(self.body)


def ask(url: str, method: str, path: str, body: Any = b"", **headers: str) -> Answer:
    """One request, with these headers; an underscore in a name stands for a hyphen."""
    connection = http.client.HTTPConnection(url.split("/")[2], timeout=LONGEST_START)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body or None, names)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


def read_drawing(url: str, drawing: bytes) -> Answer:
    return ask(url, "POST", "/read", drawing, Content_Type=DRAWING_TYPE)


@contextmanager
def open_page(folder: Path, *arguments: str) -> Iterator[Page]:
    """Start `draw` on a free port and wait until it serves."""
    process = start(folder, "draw", "--port", "0", "--no-open", *arguments)
    try:
        yield Page(process, _lines_until_ready(process))
    finally:
        process.kill()
        process.communicate()


def _lines_until_ready(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if "draw at" in line:
            return lines
    raise AssertionError((lines, process.communicate()))


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
        seen = as_mnist(np.pad(np.frombuffer(drawing, np.uint8).reshape(SIDE, SIDE), MARGIN))
        assert answer["seen"] == seen.ravel().tolist()
        assert np.shape(answer["probabilities"]) == (3, 10)
        np.testing.assert_allclose(np.sum(answer["probabilities"], axis=1), 1, atol=1e-5)
        for run in right:
            right[run] += int(np.argmax(answer["probabilities"][run]) == label)
    assert min(right.values()) >= 18


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


@pytest.mark.parametrize("host", ["localhost", "localhost:1", "127.0.0.1:8000", "LOCALHOST"])
def test_names_of_this_machine_are_answered(page: Page, host: str) -> None:
    assert page.ask("GET", "/", Host=host).code == 200


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "localhost@elsewhere.example",
             "192.168.0.1", "a b", ""],
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
     "the drawing is empty; draw a digit first"),
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
        seen = np.reshape(answer.json["seen"], (28, 28)) > 60
        rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
        height, width = (int(np.ptp(places)) + 1 for places in np.nonzero(drawing))
        scale = 20 / max(height, width)
        assert np.ptp(rows) + 1 == pytest.approx(height * scale, abs=1.5)
        assert np.ptp(columns) + 1 == pytest.approx(width * scale, abs=1.5)


def test_noise_is_answered_with_numbers(page: Page) -> None:
    generator = np.random.default_rng(3)
    for noise in (generator.bytes(SIDE**2), b"\x01" + bytes(SIDE**2 - 1), b"\xff" * SIDE**2):
        answer = read_drawing(page.url, noise)
        assert answer.code in (200, 400)
        assert set(answer.json) in ({"error"}, {"seen", "probabilities"})


# Readers that are made for a test, in a server of this process


def reader(architecture: str, **fields: Any) -> Reader:
    config = one_epoch(architecture, **fields)
    folder = run_folder(Path("logs"), Path("checkpoints"), "a", config.name)
    result = {"parameters": 7850, "test_accuracy": 0.9143}
    return Reader(folder, config, result, tuple("0123456789"), "")


@contextmanager
def serving(readers: Sequence[Reader], read: Callable[[np.ndarray], Any]) -> Iterator[str]:
    """A server of this process; its address."""
    server = make_server("127.0.0.1", 0, make_app(readers, read), threaded=True)
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


def test_outputs_that_are_no_numbers_are_null() -> None:
    broken = np.array([[np.nan] * 10, [0, 1, *[0] * 8]], np.float32)
    with serving([reader("perceptron"), reader("cnn2")], lambda image: broken) as url:
        answer = read_drawing(url, drawing_of(load().x_test[0])).json
    assert answer["probabilities"] == [[None] * 10, [0, 1, *[0] * 8]]


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
        ("shown is their softmax", "selected on the test set", "trained on data-0123456789ab"),
        strict=True,
    ):
        assert text in card
        assert body.count(text) == 1
        assert "91.43 %" in card
        assert "7,850 parameters" in card


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
    pixels = browser.evaluate(
        "Array.from(document.getElementById('seen').getContext('2d')"
        ".getImageData(0, 0, 28, 28).data).filter((_, place) => place % 4 === 0)"
    )
    image = np.array(pixels, float).reshape(28, 28)
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


@needs_browser
def test_a_step_undone_or_cleared_is_gone_and_comes_back(browser: Browser, page: Page) -> None:
    browser.look(1280, 900)
    browser.open(page.url)
    assert browser.evaluate("document.getElementById('undo').disabled")
    assert browser.evaluate("document.getElementById('clear').disabled")
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
    assert browser.evaluate("document.getElementById('undo').disabled")
    assert browser.console == []


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
    for _ in ("undo", "clear"):
        browser.press("Tab")
        seen.append(
            browser.evaluate(
                "[document.activeElement.id, getComputedStyle(document.activeElement).outlineStyle,"
                " getComputedStyle(document.activeElement).outlineWidth]"
            )
        )
    assert seen == [["undo", "solid", "3px"], ["clear", "solid", "3px"]]
    browser.press("Enter")
    browser.wait_for(NOTHING)


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
    failure = "document.getElementById('failure')"
    assert browser.evaluate(f"{failure}.hidden")
    draw(browser, ONE)
    browser.wait_for(f"!{failure}.hidden")
    assert browser.evaluate(f"{failure}.textContent") == (
        "The server does not answer. Is mnist-keras draw still running?"
    )


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
