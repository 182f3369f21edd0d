"""Worker processes as the system shows them."""

from __future__ import annotations

import time

import psutil


def workers(parent=None):
    """Workers that a process (this one, if not given) has started and that still run.

    loky's own keeper of semaphores is none of them.
    """
    children = alive((parent or psutil.Process()).children(recursive=True))
    return [child for child in children if "popen_loky" in " ".join(command_line(child))]


def alive(processes):
    return [process for process in processes if status(process) not in (None, "zombie")]


def status(process):
    try:
        return process.status()
    except psutil.NoSuchProcess:
        return None


def command_line(process):
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []


def wait_until(condition, seconds=240.0):
    """Wait for a condition to hold; returns its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
    return value
