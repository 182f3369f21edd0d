"""What `studies` and `study check` say before anything is trained, for people and programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from mnist_keras.analysis.doubts import doubts_of
from mnist_keras.analysis.sources import audit_source, disagreements, supposed_images
from mnist_keras.config import RunConfig
from mnist_keras.printed import duration
from mnist_keras.report.console import print_json, print_lines, print_mapping
from mnist_keras.report.plan import describe_plan, plan_facts
from mnist_keras.report.words.sources import source_text
from mnist_keras.running.planning import Plan, make_plan
from mnist_keras.running.study_runs import StudyRun
from mnist_keras.runs.caveats import in_brackets, marks_text
from mnist_keras.studies.design import Study


def study_row(run: StudyRun, as_facts: bool) -> dict[str, Any]:
    """A study in the list of studies: in words, or as plain values."""
    plan = make_plan(run.tasks(), run.place)
    study = run.study
    source = study.source or "this project"
    named = {"study": study.name, "title": study.title, "source": source}
    if as_facts:
        return {**named, "shortened": study.shortened, **plan_facts(plan, run)}
    left = plan.trainings - plan.done
    time = "none" if not left else "unknown"
    if left and plan.seconds_left is not None:
        time = f"about {duration(plan.seconds_left)}"
    counts = {"trainings": f"{plan.trainings:,}", "done": f"{plan.done:,}", "time_left": time}
    named["title"] += in_brackets(marks_text(False, False, bool(study.shortened)))
    return {"study": named.pop("study"), **counts, **named}


def print_mistakes(mistakes: Sequence[str], as_json: bool) -> None:
    """Print everything that keeps a file from being run."""
    if as_json:
        print_json({"mistakes": list(mistakes), "doubts": [], "plan": None})
    else:
        print_lines("Mistakes: it cannot be run", mistakes)


def _parameters(config: RunConfig) -> int:
    """How many parameters a network has: it is built, which loads TensorFlow."""
    from mnist_keras.training.architectures import build

    return int(build(config).count_params())


def print_sound(study: Study, plan: Plan, run: StudyRun, as_json: bool) -> None:
    """Print what may be wrong with a study that can be run, and what it costs."""
    audit = disagreements(audit_source(study, supposed_images(study)))
    doubts = [*doubts_of(study, _parameters), *map(source_text, audit)]
    if as_json:
        facts: dict[str, Any] = {"mistakes": [], "doubts": doubts, "plan": plan_facts(plan, run)}
        print_json(facts)
        return
    if doubts:
        print_lines("It can be run; to think about", doubts)
    else:
        click.echo("It can be run, and nothing in it contradicts itself.")
    click.echo("")
    print_mapping(describe_plan(plan, run))
