from __future__ import annotations

import pytest

LINES = pytest.StashKey[list[str]]()


def pytest_configure(config):
    config.stash[LINES] = []


@pytest.fixture
def tell(request):
    """Takes a line for the end of the session: what was counted and measured."""
    return request.config.stash[LINES].append


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[LINES]:
        terminalreporter.section("what was counted and measured")
        for line in config.stash[LINES]:
            terminalreporter.write_line(line)
