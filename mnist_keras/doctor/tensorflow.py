"""TensorFlow as it is here, asked in a process of its own: does it start, with what, how fast?"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from mnist_keras.asking import PATIENCE_SECONDS, Asked, NoAnswerError, python
from mnist_keras.doctor.findings import Finding
from mnist_keras.printed import duration

_CODE = """
import os, sys
given = dict(os.environ)
from mnist_keras.training.probing import answer
answer(given, sys.argv[1:])
"""


def ask_tensorflow(
    networks: Sequence[str], patience: float = PATIENCE_SECONDS
) -> tuple[dict[str, Any] | None, list[Finding]]:
    """What TensorFlow says of itself, None if it does not start, and what is found.

    Args:
        networks: built-in networks whose epoch is measured.
        patience: seconds that each answer is waited for.
    """
    try:
        with Asked(python(_CODE, *networks), patience) as asked:
            facts = json.loads(asked.line())
            return facts, [*_findings(facts), *_speeds(asked, networks)]
    except NoAnswerError as error:
        if str(error).startswith("no answer"):
            advice = "try again when the machine and its disk are less busy"
            return None, [Finding("TensorFlow", f"has not started: {error}", advice)]
        advice = "pip install --force-reinstall tensorflow"
        return None, [Finding("TensorFlow", f"does not start: {error}", advice)]


def _findings(facts: dict[str, Any]) -> list[Finding]:
    versions = f"{facts['tensorflow']} with Keras {facts['keras']}"
    return [Finding("TensorFlow", versions), _processor(facts), _onednn(facts)]


def _processor(facts: dict[str, Any]) -> Finding:
    instructions = facts["vector_instructions"]
    text = f"{facts['processor']}, {' '.join(instructions) or 'vector instructions not told'}"
    if instructions and "avx" not in instructions and "asimd" not in instructions:
        return Finding("processor", text, "use another machine: TensorFlow needs AVX")
    return Finding("processor", text)


def _onednn(facts: dict[str, Any]) -> Finding:
    state = "on" if facts["onednn"] else "off"
    if facts["onednn_by_user"] is not None:
        switch = facts["onednn_switch"]
        text = f"{state}, as {switch}={facts['onednn_by_user']} says"
        slow = not facts["onednn"] and "avx2" in facts["vector_instructions"]
        return Finding(
            "oneDNN", text, f"unset {switch}: convolutions are slower so" if slow else ""
        )
    if facts["onednn_by_us"]:
        return Finding("oneDNN", f"{state}: switched on here, where TensorFlow leaves it off")
    return Finding("oneDNN", f"{state}, which is TensorFlow's own choice for this processor")


def _seconds(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 10 else duration(seconds)


def _speeds(asked: Asked, networks: Sequence[str]) -> list[Finding]:
    found: list[Finding] = []
    for place, name in enumerate(networks):
        about = f"an epoch of {name}"
        try:
            facts = json.loads(asked.line())
        except NoAnswerError as error:
            rest = networks[place + 1 :]
            left = f"; not measured: {', '.join(rest)}" if rest else ""
            advice = "try again when the machine is less busy, or leave it out with --no-speed"
            return [*found, Finding(about, f"not measured: {error}{left}", advice)]
        found.append(
            Finding(
                about,
                f"about {_seconds(facts['seconds'])} with one thread, from {facts['images']:,} "
                "images scaled up to 60,000",
            )
        )
    return found
