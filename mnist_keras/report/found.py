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
from mnist_keras.studies.design import Study

FOUND = "What stands out in this run"
FOUND_IN = "What stands out in the trainings"

MOST_FINDINGS = 5
"""More of them are left to a study's report."""


def findings_of(record: RunRecord) -> tuple[Finding, ...]:
    """What is wrong with a finished run."""
    return diagnose(RunFacts.of(record))


def print_findings(findings: tuple[Finding, ...]) -> None:
    """Print what is wrong with a run; nothing where nothing is."""
    if findings:
        print_lines(FOUND, [finding_text(one) for one in findings])


def found_in_lines(found: Sequence[FoundIn], study: Study) -> list[str]:
    """What is wrong with the runs of a study, as far as it is short; the report has all."""
    lines = [found_in_text(one, study) for one in found[:MOST_FINDINGS]]
    left = len(found) - len(lines)
    return [*lines, *([f"and {left} more, each in the report"] if left else [])]


def finding_facts(finding: Finding) -> dict[str, Any]:
    """One finding for JSON: its name, its numbers, and the sentences in English."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", type(finding).__name__).lower()
    numbers = {
        key: value.model_dump() if isinstance(value, SilentUnits) else value
        for key, value in vars(finding).items()
    }
    return {"finding": name, **numbers, **vars(finding_words(finding))}
