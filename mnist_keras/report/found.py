"""The findings about one run, printed and as plain values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from mnist_keras.analysis.findings import FoundIn
from mnist_keras.diagnosis.diagnose import Finding, diagnose
from mnist_keras.diagnosis.facts import RunFacts
from mnist_keras.examination import SilentUnits
from mnist_keras.report.console import print_lines
from mnist_keras.report.words.findings import finding_text, finding_words, found_in_text
from mnist_keras.runs.records import RunRecord

MOST_FINDINGS = 5
"""More of them are left to a study's report."""


def findings_of(record: RunRecord) -> tuple[Finding, ...]:
    """What is wrong with a finished run."""
    return diagnose(RunFacts.of(record))


def print_findings(findings: tuple[Finding, ...]) -> None:
    """Print what is wrong with a run; nothing where nothing is."""
    if findings:
        print_lines("What stands out in this run", [finding_text(one) for one in findings])


def print_found_in(found: Sequence[FoundIn]) -> None:
    """Print what is wrong with the runs of a study, as far as it is short; the report has all."""
    lines = [found_in_text(one) for one in found[:MOST_FINDINGS]]
    left = len(found) - len(lines)
    if left:
        lines.append(f"and {left} more, each in the report")
    if lines:
        print_lines("What stands out in the trainings", lines)


def finding_facts(finding: Finding) -> dict[str, Any]:
    """One finding for JSON: its name, its numbers, and the sentences in English."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(finding).__name__).lower()
    numbers = {
        key: value.model_dump() if isinstance(value, SilentUnits) else value
        for key, value in vars(finding).items()
    }
    return {"finding": name, **numbers, **vars(finding_words(finding))}
