"""Chromium without a window, driven through its DevTools protocol over a pipe.

So real pointer and key events reach a page as a person's would, and its console and every request
that it makes are seen. https://chromedevtools.github.io/devtools-protocol
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)  # fmt: skip

LONGEST_WAIT = 120.0
"""Seconds that a crowded machine may need for anything that is waited for."""

Point = tuple[float, float]

KEYS = {" ": ("Space", 32), "Enter": ("Enter", 13), "Escape": ("Escape", 27), "Tab": ("Tab", 9),
        "ArrowLeft": ("ArrowLeft", 37), "ArrowUp": ("ArrowUp", 38),
        "ArrowRight": ("ArrowRight", 39), "ArrowDown": ("ArrowDown", 40),
        "Home": ("Home", 36), "End": ("End", 35), "PageUp": ("PageUp", 33),
        "PageDown": ("PageDown", 34), "y": ("KeyY", 89), "z": ("KeyZ", 90)}  # fmt: skip
"""The code and the virtual key code of each key that is pressed in tests."""

CONTROL, SHIFT = 2, 8


class Browser:
    """One Chromium with one page.

    Attributes:
        console: what the page wrote to its console, and its uncaught errors.
        requests: the address of every request of the page, in order.
    """

    def __init__(self, profile: Path) -> None:
        self.console: list[str] = []
        self.requests: list[str] = []
        self._number = 0
        self._loads = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._buffer = b""
        self._session: str | None = None
        self._process, self._out, self._in = _start(f"--user-data-dir={profile}", "about:blank")
        (page,) = (
            target
            for target in self.call("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        )
        attached = self.call("Target.attachToTarget", targetId=page["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self.call("Browser.close")
        try:
            self._process.wait(LONGEST_WAIT)
        finally:
            self._process.kill()
            os.close(self._out)
            os.close(self._in)

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        number = self._number
        self._wait(lambda: number in self._answers, method)
        answer = self._answers.pop(number)
        assert "error" not in answer, (method, answer)
        return answer["result"]

    def open(self, url: str) -> None:
        """Load a page and wait for its load event; what was seen before is forgotten."""
        self.console.clear()
        self.requests.clear()
        loads = self._loads
        self.call("Page.navigate", url=url)
        self._wait(lambda: self._loads > loads, f"the load of {url}")

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait_for(self, expression: str) -> Any:
        """Wait until an expression is true in the page; its value."""
        end = time.monotonic() + LONGEST_WAIT
        while not (value := self.evaluate(expression)):
            assert time.monotonic() < end, (expression, self.console)
            time.sleep(0.05)
        return value

    def look(
        self, width: int, height: int, *, dark: bool = False, forced: bool = False,
        phone: bool = False,
    ) -> None:  # fmt: skip
        """Set the window's size in CSS pixels, its colours, and whether it is a phone's.

        Args:
            width: of the window.
            height: of the window.
            dark: whether the reader wants pages dark.
            forced: whether the reader has a few colours of their own for all pages.
            phone: whether it has two device pixels a CSS pixel and is touched.
        """
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        colours = {"name": "forced-colors", "value": "active" if forced else "none"}
        self.call("Emulation.setEmulatedMedia", features=[scheme, colours])

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Write a picture of the window, or of the whole page, as PNG."""
        answer = self.call("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(answer["data"]))

    def mouse_stroke(self, points: Sequence[Point]) -> None:
        """Press the left button at the first point, move over the others, release at the last."""
        pressed = {"button": "left", "buttons": 1, "clickCount": 1}
        (x, y), *others = points
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self.call("Input.dispatchMouseEvent", type="mousePressed", x=x, y=y, **pressed)
        for x, y in others:
            self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y, **pressed)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=x, y=y, **pressed)

    def click(self, selector: str) -> None:
        """Click the middle of an element."""
        left, top, width, height = self.box(selector)
        self.mouse_stroke([(left + width / 2, top + height / 2)])

    def touch_stroke(self, points: Sequence[Point]) -> None:
        """Put a finger down at the first point, move it over the others, and lift it."""
        for number, (x, y) in enumerate(points):
            kind = "touchMove" if number else "touchStart"
            self.call("Input.dispatchTouchEvent", type=kind, touchPoints=[{"x": x, "y": y}])
        self.call("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def press(self, key: str, times: int = 1, modifiers: int = 0) -> None:
        """Press and release a key so many times."""
        for _ in range(times):
            self.key_down(key, modifiers)
            self.key_up(key, modifiers)

    def key_down(self, key: str, modifiers: int = 0) -> None:
        """Press a key and hold it."""
        text = {" ": " ", "Enter": "\r"}.get(key, "")
        self._key("keyDown" if text else "rawKeyDown", key, modifiers, text=text)

    def key_up(self, key: str, modifiers: int = 0) -> None:
        """Release a key."""
        self._key("keyUp", key, modifiers)

    def box(self, selector: str) -> tuple[float, float, float, float]:
        """Left, top, width and height of an element in the window."""
        rect = f"document.querySelector({json.dumps(selector)}).getBoundingClientRect()"
        found = self.evaluate(f"(r => [r.left, r.top, r.width, r.height])({rect})")
        return (found[0], found[1], found[2], found[3])

    def _key(self, kind: str, key: str, modifiers: int, **more: str) -> None:
        code, number = KEYS[key]
        pressed = {"key": key, "code": code, "windowsVirtualKeyCode": number, **more}
        self.call("Input.dispatchKeyEvent", type=kind, modifiers=modifiers, **pressed)

    def _wait(self, done: Callable[[], bool], what: str) -> None:
        end = time.monotonic() + LONGEST_WAIT
        while not done():
            ready, _, _ = select.select([self._in], [], [], end - time.monotonic())
            assert ready, f"the browser does not answer to {what}"
            chunk = os.read(self._in, 1 << 20)
            assert chunk, "the browser has ended"
            *messages, self._buffer = (self._buffer + chunk).split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        parameters = message.get("params", {})
        match message.get("method"):
            case None:
                self._answers[message["id"]] = message
            case "Page.loadEventFired":
                self._loads += 1
            case "Runtime.consoleAPICalled":
                self.console.append(json.dumps(parameters["args"]))
            case "Runtime.exceptionThrown":
                self.console.append(json.dumps(parameters["exceptionDetails"]))
            case "Log.entryAdded":
                self.console.append(json.dumps(parameters["entry"]))
            case "Network.requestWillBeSent":
                self.requests.append(parameters["request"]["url"])


_START = """
import fcntl, os, sys
commands, answers = (fcntl.fcntl(int(file), fcntl.F_DUPFD, 10) for file in sys.argv[1:3])
os.dup2(commands, 3)
os.dup2(answers, 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Becomes Chromium, which reads its commands from file 3 and writes its answers to file 4."""


def _start(*arguments: str) -> tuple[subprocess.Popen[bytes], int, int]:
    """Start Chromium; where its commands go, and where its answers come from."""
    commands, out = os.pipe()
    into, answers = os.pipe()
    try:
        process = subprocess.Popen(
            [
                sys.executable, "-c", _START, str(commands), str(answers), str(CHROMIUM), *FLAGS,
                *arguments,
            ],
            pass_fds=(commands, answers), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
    finally:
        os.close(commands)
        os.close(answers)
    return process, out, into
