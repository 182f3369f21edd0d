"""The report in a real browser: Chromium without a window, and without any way to the network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from report_samples import write_runs

from mnist_keras.report.build import build_report
from mnist_keras.studies.loading import load_study

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; to look at the report in one: apt install chromium"
)

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip

STUDIES = ("compare-conv", "architectures")

FRAME = """<!doctype html>
<meta name="color-scheme" content="light dark">
<iframe style="width:{width}px; height:800px; border:0" srcdoc="{page}"></iframe>
<script>
const frame = document.querySelector('iframe');
const box = element => {{ const r = element.getBoundingClientRect(); return [r.width, r.height]; }};
frame.addEventListener('load', () => {{
  const inner = frame.contentDocument;
  const style = element => frame.contentWindow.getComputedStyle(element);
  const all = (what, how) => Array.from(inner.querySelectorAll(what), how);
  document.body.dataset.measured = JSON.stringify({{
    window: frame.contentWindow.innerWidth,
    page: inner.documentElement.scrollWidth,
    drawings: all('figure svg[role=img]', box),
    shapes: all('figure svg[role=img]', svg => svg.querySelectorAll('path, use').length),
    tables: all('.scroll', e => [e.clientWidth, e.scrollWidth, style(e).overflowX]),
    numbers: style(inner.querySelector('td.number')).textAlign,
    background: style(inner.body).backgroundColor,
    language: inner.documentElement.lang,
    title: inner.querySelector('h1').innerText,
    resources: frame.contentWindow.performance.getEntriesByType('resource').map(e => e.name),
  }});
}});
</script>"""
"""A page in a frame, since no window is as narrow as a phone; what is seen goes into the DOM."""


@dataclass(frozen=True)
class Visit:
    """What one visit to a page left: its document, its console, its requests to other hosts."""

    dom: str
    console: list[str]
    requests: list[str]

    @property
    def measured(self) -> dict:
        found = re.search(r'data-measured="([^"]*)"', self.dom)
        assert found
        return json.loads(html.unescape(found[1]))


def visit(page: Path, folder: Path, *flags: str) -> Visit:
    """Open a page; `folder` takes the browser's profile and log."""
    folder.mkdir(exist_ok=True)
    log = folder / "net.json"
    done = subprocess.run(
        [
            str(CHROMIUM), *FLAGS, *flags, f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    return Visit(done.stdout, re.findall(r":CONSOLE.*", done.stderr), _requests(log))


def _requests(log: Path) -> list[str]:
    """The addresses that a page asked for, its own file apart.

    The browser asks for updates of its own now and then: these have no page as their initiator.
    """
    content = json.loads(log.read_text())
    start = content["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    started = [event["params"] for event in content["events"] if event["type"] == start]
    return [
        params["url"]
        for params in started
        if "url" in params and params.get("initiator") not in (None, "not an origin")
    ]


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    logs = tmp_path_factory.mktemp("logs")
    for name in STUDIES:
        write_runs(logs, load_study(name))
    build_report([load_study(n) for n in STUDIES], logs, command="mnist-keras report")
    return logs


@pytest.fixture(scope="module")
def phone(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The joint page 360 pixels wide."""
    return _measure(logs, tmp_path_factory.mktemp("phone"), 360)


@pytest.fixture(scope="module")
def desk(logs: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """The joint page 1,200 pixels wide, for a reader who wants it dark."""
    dark = "--blink-settings=preferredColorScheme=0"
    return _measure(logs, tmp_path_factory.mktemp("desk"), 1200, dark)


def _measure(logs: Path, folder: Path, width: int, *flags: str) -> dict:
    page = html.escape((logs / "report.html").read_text())
    folder.mkdir(exist_ok=True)
    frame = folder / "frame.html"
    frame.write_text(FRAME.format(width=width, page=page))
    return visit(frame, folder, *flags).measured


def _figures(logs: Path) -> int:
    return len(re.findall(r"^!\[", (logs / "report.md").read_text(), re.M))


def test_the_console_stays_empty_and_no_other_host_is_asked(logs, tmp_path):
    found = visit(logs / "report.html", tmp_path)
    assert found.console == []
    assert found.requests == []
    assert found.dom.count('role="img"') == _figures(logs) >= 5


def test_such_errors_and_requests_would_be_seen(tmp_path):
    page = tmp_path / "bad.html"
    page.write_text(
        '<!doctype html><img src="http://elsewhere.invalid/a.png"><script>nothing.here</script>'
    )
    found = visit(page, tmp_path / "browser")
    assert found.requests == ["http://elsewhere.invalid/a.png"]
    assert any("nothing is not defined" in line for line in found.console)


def test_every_figure_is_drawn_at_the_width_of_the_page(logs, desk):
    assert len(desk["drawings"]) == _figures(logs)
    assert all(width > 900 and height > 300 for width, height in desk["drawings"])
    assert min(desk["shapes"]) > 20


def test_nothing_but_the_page_itself_is_loaded(desk, phone):
    assert [url for url in desk["resources"] + phone["resources"] if url != "data:,"] == []


def test_on_a_phone_only_tables_and_figures_scroll_sideways(logs, phone):
    assert phone["window"] == 360
    assert phone["page"] == 360
    assert any(inner > outer for outer, inner, _ in phone["tables"])
    assert {overflow for *_, overflow in phone["tables"]} == {"auto"}
    assert len(phone["drawings"]) == _figures(logs)
    assert phone["numbers"] == "right"


def test_it_is_dark_where_the_reader_wants_it_dark(desk, phone):
    assert phone["background"] == "rgb(255, 255, 255)"
    assert desk["background"] == "rgb(21, 25, 28)"


def test_a_french_page_is_told_to_the_browser_as_one(tmp_path):
    study = load_study("compare-conv")
    write_runs(tmp_path, study)
    build_report([study], tmp_path, command="x", language="fr")
    seen = _measure(tmp_path / "compare-conv", tmp_path / "browser", 360)
    assert (seen["language"], seen["title"]) == ("fr", "Deux convolutions contre trois")
    assert len(seen["drawings"]) == _figures(tmp_path / "compare-conv") >= 2
    assert seen["page"] == 360
