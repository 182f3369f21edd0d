"""Pages that the program serves, each in a process of its own that a user starts."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from command_line import start
from devtools import CHROMIUM

LONGEST_START = 300.0
"""Seconds that a crowded machine may need to load TensorFlow and the models."""

needs_browser = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium here; to look at a page in one: apt install chromium"
)


@dataclass
class Page:
    """A command in a process of its own, and where its page is."""

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


@contextmanager
def served_page(folder: Path, command: str, *arguments: str) -> Iterator[Page]:
    """Start a command that serves a page on a free port, and wait until it does."""
    process = start(folder, command, "--port", "0", "--no-open", *arguments)
    try:
        yield Page(process, _lines_until_ready(process, f"{command} at"))
    finally:
        process.kill()
        process.communicate()


def _lines_until_ready(process: subprocess.Popen[str], ready: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line.rstrip("\n"))
        if ready in line:
            return lines
    raise AssertionError((lines, process.communicate()))
