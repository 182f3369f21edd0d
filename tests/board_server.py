"""A real TensorBoard on loopback, and what its HTTP interface answers."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


@contextmanager
def tensorboard_server(logs: Path) -> Iterator[str]:
    """TensorBoard's own server on a free port of this machine alone; gives its address."""
    command = [sys.executable, "-m", "tensorboard.main", "--logdir", str(logs)]
    options = ["--host", "127.0.0.1", "--port", "0", "--reload_interval", "1"]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    with subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as server:
        assert server.stdout is not None
        try:
            for line in server.stdout:
                found = re.search(rb"http://127\.0\.0\.1:\d+/", line)
                if found:
                    yield found[0].decode()
                    break
            else:
                pytest.fail("TensorBoard did not start")
        finally:
            server.kill()


def ask(address: str, path: str) -> Any:
    """What the server answers, as JSON."""
    with urllib.request.urlopen(address + path, timeout=30) as answer:
        return json.load(answer)


def ask_with(address: str, path: str, **content: Any) -> Any:
    """What the server answers to a JSON object."""
    request = urllib.request.Request(
        address + path, json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
