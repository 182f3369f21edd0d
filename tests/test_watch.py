"""`mnist-keras watch` as people meet it: a real server, a real browser, a study that is trained."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from command_line import run_here, start
from devtools import LONGEST_WAIT, Browser
from generated_runs import write_run, write_study
from served_pages import Page, needs_browser, served_page
from small_runs import batch_size_study, noisy_arrays, write_idx

from mnist_keras.config import RunConfig
from mnist_keras.report.live.chart import COLOURS
from mnist_keras.running.now import StudyState
from mnist_keras.studies.loading import load_study
from mnist_keras.studies.memory import Variant, remember
from mnist_keras.watching import app
from mnist_keras.watching.app import make_app
from mnist_keras.watching.watcher import Watcher

EPOCHS = 160


@pytest.fixture(scope="module")
def two_studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with runs of a published study, all done, and of lone trainings."""
    folder = tmp_path_factory.mktemp("two")
    study = load_study("architectures")
    write_study(folder / "logs", study, lambda config: 0.97, seeds=range(2), images=50)
    remember(folder / "logs" / study.name, Variant(seeds=2), study)
    lone = RunConfig(architecture="shallow", epochs=4)
    write_run(folder / "logs", "train", lone, {"val_accuracy": [0.9]}, done=False)
    return folder


@pytest.fixture(scope="module")
def page(two_studies: Path) -> Iterator[Page]:
    with served_page(two_studies, "watch") as page:
        yield page


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("browser"))
    yield browser
    browser.close()


def tree(root: Path) -> dict[str, tuple[int, int, int]]:
    """Every file and folder, with what changes when it is written."""
    found = {path: path.stat() for path in [root, *root.rglob("*")]}
    return {str(path): (one.st_ino, one.st_mtime_ns, one.st_size) for path, one in found.items()}


# What is answered, and to whom


def test_it_shows_what_changed_last_and_lists_the_others(page: Page) -> None:
    answer = page.ask("GET", "/")
    assert answer.code == 200
    text = answer.body.decode()
    assert re.findall(r'<a href="(/study/[^"]+)"( aria-current="page")?>', text) == [
        ("/study/architectures", ""),
        ("/study/train", ' aria-current="page"'),
    ]
    assert "0 of 1 training is done. No process works at the others" in text
    other = page.ask("GET", "/study/architectures").body.decode()
    assert "All 8 trainings are done." in other
    assert "valid at every look" in other
    assert "claims are settled" in other


def test_watching_writes_nothing_and_records_no_look(page: Page, two_studies: Path) -> None:
    before = tree(two_studies)
    for _ in range(3):
        for path in ("/", "/study/architectures", "/study/train", "/study/nothing"):
            page.ask("GET", path)
        time.sleep(0.7)
    assert tree(two_studies) == before
    assert not list(two_studies.rglob("looks.json"))


def test_a_page_that_has_not_changed_is_not_sent_again(page: Page) -> None:
    first = page.ask("GET", "/study/architectures")
    again = page.ask("GET", "/study/architectures", If_None_Match=first.headers["ETag"])
    assert (again.code, again.body) == (304, b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("path", ["/", "/study/train", "/report.css", "/static/watch.js"])
def test_nothing_can_be_sent(page: Page, method: str, path: str) -> None:
    answer = page.ask(method, path, b"x")
    assert (answer.code, answer.json) == (405, {"error": f"{method} is not for {path}"})


@pytest.mark.parametrize(
    "host", ["elsewhere.example", "127.0.0.1.elsewhere.example", "192.168.0.1", "0.0.0.0", ""]
)
def test_other_hosts_are_refused_on_every_path(page: Page, host: str) -> None:
    for path in ("/", "/study/train", "/report.css", "/static/watch.js"):
        answer = page.ask("GET", path, Host=host)
        assert answer.code in (400, 403)
        assert list(answer.json) == ["error"]
        assert b"training" not in answer.body


def test_pages_of_other_sites_may_not_ask(page: Page) -> None:
    answer = page.ask("GET", "/", Origin="http://elsewhere.example")
    assert (answer.code, answer.json) == (403, {"error": "pages of other sites may not ask here"})


@pytest.mark.parametrize(
    "path",
    ["/study/..", "/study/../train", "/study/%2e%2e", "/study/..%2flogs", "/study/nothing",
     "/static/../app.py", "/static/%2e%2e/app.py", "/logs/train", "/study/"],
)  # fmt: skip
def test_there_is_nothing_outside(page: Page, path: str) -> None:
    answer = page.ask("GET", path)
    assert answer.code == 404
    assert list(answer.json) == ["error"]


def test_its_page_may_load_nothing_from_elsewhere(page: Page) -> None:
    for path, kind in (
        ("/", "text/html"), ("/report.css", "text/css"), ("/static/watch.css", "text/css"),
        ("/static/watch.js", "text/javascript"), ("/static/icon.svg", "image/svg+xml"),
    ):  # fmt: skip
        answer = page.ask("GET", path)
        assert answer.code == 200
        assert answer.headers["Content-Type"].split(";")[0] == kind
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "unsafe" not in policy
        assert not re.search(rb"https?://(?!www\.w3\.org/2000/svg)", answer.body)


def test_what_is_damaged_is_said_and_the_page_is_there(tmp_path: Path) -> None:
    study = load_study("architectures")
    write_study(tmp_path / "logs", study, lambda config: 0.97, seeds=range(2))
    runs = sorted((tmp_path / "logs" / study.name).iterdir())
    (runs[0] / "result.json").write_text("{")
    (runs[1] / "epochs.csv").write_bytes(b"\xff\x00")
    (runs[2] / "config.json").unlink()
    watcher = Watcher(tmp_path / "logs", tmp_path / "checkpoints", study.name)
    client = make_app(watcher, tmp_path / "logs", "en", choice=False).test_client()
    page = client.get("/", base_url="http://localhost")
    assert page.status_code == 200
    assert page.text.count("cannot be read:") == 2
    assert "damaged" in page.text
    (tmp_path / "logs" / study.name / "study.json").write_text("[{")
    again = Watcher(tmp_path / "logs", tmp_path / "checkpoints", study.name)
    other = make_app(again, tmp_path / "logs", "en", choice=False).test_client()
    assert "study.json is damaged" in other.get("/", base_url="http://localhost").text


def test_an_empty_folder_of_logs_is_waited_for(tmp_path: Path) -> None:
    watcher = Watcher(tmp_path / "logs", tmp_path / "checkpoints", None)
    client = make_app(watcher, tmp_path / "logs", "en", choice=True).test_client()
    assert "waits for the first study" in client.get("/", base_url="http://localhost").text
    lone = RunConfig(architecture="shallow", epochs=4)
    write_run(tmp_path / "logs", "train", lone, {"val_accuracy": [0.9]})
    assert "shallow-h128" in client.get("/", base_url="http://localhost").text


@pytest.mark.parametrize("dark", [False, True])
def test_every_curve_stands_out_from_the_ground(dark: bool) -> None:
    """By a contrast of 3 to 1, as WCAG 2.2 asks of graphics (1.4.11)."""
    style = (Path(app.__file__).parent / "static" / "watch.css").read_text()
    light, night = re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    colours = dict(re.findall(r"--(c\d): #([0-9a-f]{6});", night if dark else light))
    assert len(colours) == len(set(colours.values())) == COLOURS
    ground = luminance("15191c" if dark else "ffffff")
    for name, colour in colours.items():
        low, high = sorted((luminance(colour), ground))
        assert (high + 0.05) / (low + 0.05) >= 3, name


def luminance(colour: str) -> float:
    """The relative luminance of an sRGB colour, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


# The command


def test_it_listens_on_this_machine_alone_and_needs_no_tensorflow(two_studies: Path) -> None:
    code = (
        "import sys, threading, urllib.request\n"
        "from pathlib import Path\n"
        "from werkzeug.serving import make_server\n"
        "from mnist_keras.serving.server import open_port\n"
        "from mnist_keras.watching.app import make_app\n"
        "from mnist_keras.watching.watcher import Watcher\n"
        "logs = Path('logs')\n"
        "app = make_app(Watcher(logs, Path('checkpoints'), None), logs, 'en', True)\n"
        "print(app.test_client().get('/', base_url='http://localhost').status_code)\n"
        "print(open_port(0).getsockname()[0])\n"
        "print([m for m in ('tensorflow', 'keras', 'matplotlib') if m in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=two_studies, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["200", "127.0.0.1", "[]"]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_it(two_studies: Path, number: int, code: int) -> None:
    with served_page(two_studies, "watch", "train") as page:
        assert page.lines == [f"watch at {page.url} - Ctrl-C ends it"]
        page.process.send_signal(number)
        _, err = page.process.communicate(timeout=60)
    assert page.process.returncode == code
    assert err.strip() == "stopped; the same command goes on from here"


@pytest.mark.parametrize(
    ("name", "code"), [("shalow", 2), ("..", 2), (".", 2), ("/etc", 1), ("missing.toml", 1)]
)
def test_a_name_that_is_no_study_is_refused(tmp_path: Path, name: str, code: int) -> None:
    done = run_here("watch", name, "--no-open", "--port", "0", "--logs", str(tmp_path))
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)


@pytest.mark.parametrize("content", ["name = 3", "title = 'x'", "name = '../up'", "name = "])
def test_a_file_without_a_name_is_refused_in_one_line(tmp_path: Path, content: str) -> None:
    file = tmp_path / "own.toml"
    file.write_text(content)
    done = run_here("watch", str(file), "--no-open", "--port", "0")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert done.err.startswith(f"error: {file}: ")


def test_a_file_of_the_users_own_is_not_run(tmp_path: Path) -> None:
    (tmp_path / "nets.py").write_text("raise SystemExit('it was run')\n")
    (tmp_path / "own.toml").write_text(
        'name = "own"\ntitle = "x"\n[base]\narchitecture = "nets.py:net"\n'
    )
    with served_page(tmp_path, "watch", "own.toml") as page:
        text = page.ask("GET", "/").body.decode()
    assert "Nothing is trained yet" in text


def test_the_studies_at_work_are_shown_before_the_newest(two_studies: Path) -> None:
    watcher = Watcher(two_studies / "logs", two_studies / "checkpoints", None)
    assert [now.name for now in watcher.seen().shown] == ["train"]
    assert list(watcher.seen().studies) == ["train", "architectures"]
    assert [now.name for now in watcher.seen("architectures").shown] == ["architectures"]
    assert watcher.seen("nothing").shown == ()
    folder = two_studies / "checkpoints" / "architectures"
    folder.mkdir(exist_ok=True)
    hold = (
        "import sys; from pathlib import Path\n"
        "from mnist_keras.runs.locking import one_after_another\n"
        "with one_after_another(Path(sys.argv[1]), print): print('held', flush=True); "
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", hold, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        seen = Watcher(two_studies / "logs", two_studies / "checkpoints", None).seen()
        process.kill()
    assert [(now.name, now.state) for now in seen.shown] == [("architectures", StudyState.AT_WORK)]


# In a browser, while a study is trained


STATE = "document.querySelector('[role=status]')?.innerText ?? ''"
ALL = "document.querySelector('[data-part=small-trainings] details')"
DONE = "document.querySelector('progress')?.value ?? 0"


@contextmanager
def training(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """The study that is watched, in a process of its own."""
    process = start(folder, "study", "small.toml", "--data", "data", "--seeds", "2", "--jobs", "1")
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def says(browser: Browser, words: str) -> None:
    browser.wait_for(f"({STATE}).includes({words!r})")


@needs_browser
def test_a_page_follows_a_study_that_is_trained_stops_and_goes_on(
    tmp_path: Path, browser: Browser
) -> None:
    write_idx(tmp_path / "data", noisy_arrays())
    text = batch_size_study(16, 32).replace("epochs = 1", f"epochs = {EPOCHS}")
    (tmp_path / "small.toml").write_text(text)
    with served_page(tmp_path, "watch", "small.toml") as page:
        browser.open(page.url)
        assert "Nothing is trained yet" in browser.evaluate(STATE)
        with training(tmp_path) as process:
            says(browser, "of 4 trainings are done. 1 is at work.")
            browser.wait_for(f"({DONE}) > 0 && ({DONE}) < {4 * EPOCHS}")
            browser.wait_for("document.querySelectorAll('.ring').length > 0")
            browser.evaluate(f"{ALL}.open = true")
            browser.wait_for(f"/[123] of 4 trainings are done/.test({STATE})")
            # What the reader has opened stays open while the page is renewed.
            browser.wait_for("document.getElementById('small-factors') !== null")
            assert browser.evaluate(f"{ALL}.open")
            assert browser.evaluate("document.querySelectorAll('.mean').length") >= 2
            process.send_signal(signal.SIGINT)
            assert process.wait(LONGEST_WAIT) == 130
        says(browser, "stopped")
        assert "the same command goes on from here" in browser.evaluate(STATE)
        stopped_at = browser.evaluate(DONE)
        before = tree(tmp_path)
        browser.open(page.url)
        time.sleep(2.5)
        assert tree(tmp_path) == before
        with training(tmp_path) as process:
            says(browser, "at work")
            assert browser.evaluate(DONE) >= stopped_at
            says(browser, "4 trainings are done.")
            out, err = process.communicate(timeout=LONGEST_WAIT)
            assert process.returncode == 0, (out, err)
        says(browser, "finished")
        assert browser.evaluate(DONE) == 4 * EPOCHS
        browser.wait_for("document.querySelectorAll('.band').length >= 4")
        assert browser.evaluate("document.title") == "100 % · small"
        assert {url.split("/")[2] for url in browser.requests} == {page.url.split("/")[2]}
        assert browser.console == []
        assert not browser.evaluate("!document.getElementById('lost').hidden")
        page.process.kill()
        page.process.wait()
        browser.wait_for("!document.getElementById('lost').hidden")
    # That the study was watched all the time has cost its report nothing: it is the first look.
    looks = (tmp_path / "logs" / "small" / "looks.json").read_text()
    assert looks.count("seeds") == 1


@needs_browser
def test_a_study_that_was_killed_is_stopped(tmp_path: Path, browser: Browser) -> None:
    write_idx(tmp_path / "data", noisy_arrays())
    text = batch_size_study(16, 32).replace("epochs = 1", f"epochs = {50 * EPOCHS}")
    (tmp_path / "small.toml").write_text(text)
    with served_page(tmp_path, "watch", "small.toml") as page, training(tmp_path) as process:
        browser.open(page.url)
        browser.wait_for(f"({DONE}) > 0")
        process.kill()
        process.wait()
        says(browser, "stopped")
        browser.wait_for("document.querySelector('.chip.open') !== null")


@needs_browser
def test_without_script_the_browser_asks_again_by_itself(page: Page, browser: Browser) -> None:
    browser.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        browser.open(page.url)
        end = time.monotonic() + LONGEST_WAIT
        while browser.requests.count(page.url) < 2:
            assert time.monotonic() < end
            browser.call("Runtime.enable")
            time.sleep(0.2)
    finally:
        browser.call("Emulation.setScriptExecutionDisabled", value=False)


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_but_tables_is_wider_than_the_window(
    page: Page, browser: Browser, width: int
) -> None:
    browser.look(width, 800, phone=width < 500)
    browser.open(f"{page.url}study/architectures")
    assert browser.evaluate("document.documentElement.scrollWidth") == width
    left, _, chart, _ = browser.box(".charts svg[role=img]")
    assert left >= 0
    assert chart > 300
    assert browser.console == []


@needs_browser
def test_the_keyboard_reaches_tables_and_links(page: Page, browser: Browser) -> None:
    browser.open(page.url)
    reached = set()
    for _ in range(12):
        browser.press("Tab")
        reached.add(
            browser.evaluate("document.activeElement.tagName + document.activeElement.className")
        )
    assert {"Askip", "A", "DIVscroll", "DIVscroll legend", "SUMMARY"} <= reached


@needs_browser
def test_it_is_dark_where_the_reader_wants_it_dark(page: Page, browser: Browser) -> None:
    colours = []
    for dark in (False, True):
        browser.look(1280, 800, dark=dark)
        browser.open(f"{page.url}study/architectures")
        colours.append(
            browser.evaluate(
                "[document.body, document.querySelector('.mean')].map(e => getComputedStyle(e))"
                ".map(s => [s.backgroundColor, s.stroke])"
            )
        )
    (light, line), (dark_ground, dark_line) = colours
    assert (light[0], dark_ground[0]) == ("rgb(255, 255, 255)", "rgb(21, 25, 28)")
    assert line[1] != dark_line[1]


def test_the_answers_are_those_of_a_moment_ago(two_studies: Path) -> None:
    """Who asks often gets the same look, so that the machine is left to the study."""
    watcher = Watcher(two_studies / "logs", two_studies / "checkpoints", None)
    first, again = watcher.seen("train"), watcher.seen("train")
    assert first.shown[0] is again.shown[0]
