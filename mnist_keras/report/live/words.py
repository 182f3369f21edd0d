"""Sentences about a study while it is trained: how far it is, and how long it still takes."""

from __future__ import annotations

import time

from mnist_keras.report.language import format_number, plural, translate
from mnist_keras.report.page.document import Chip, Tone
from mnist_keras.report.page.wording import duration
from mnist_keras.running.now import RunNow, RunState, StudyNow, StudyState

_STATE_CHIPS = {
    StudyState.NOT_STARTED: ("not started", Tone.NONE),
    StudyState.AT_WORK: ("at work", Tone.OTHER),
    StudyState.STOPPED: ("stopped", Tone.OPEN),
    StudyState.FINISHED: ("finished", Tone.GOOD),
}

_RUN_CHIPS = {
    RunState.DONE: ("done", Tone.GOOD),
    RunState.TRAINING: ("at work", Tone.OTHER),
    RunState.ENDED: ("without a result", Tone.BAD),
    RunState.INTERRUPTED: ("interrupted", Tone.OPEN),
    RunState.WAITING: ("waits", Tone.NONE),
    RunState.DAMAGED: ("damaged", Tone.BAD),
}

SIGNS = {Tone.OTHER: "▸", Tone.NONE: "·", Tone.OPEN: "‖"}
"""What stands for a state where it is no verdict."""

WORDS = tuple(text for text, _ in (*_STATE_CHIPS.values(), *_RUN_CHIPS.values()))
"""The states, as the catalogue has them."""


class StateChip(Chip):
    """A state in a word or two: no verdict, and with a sign of its own where a verdict has one."""

    @property
    def symbol(self) -> str:
        """The sign that tells the state without its colour."""
        return SIGNS.get(self.tone, super().symbol)


def state_chip(now: StudyNow) -> Chip:
    """A study's state in a word."""
    text, tone = _STATE_CHIPS[now.state]
    return StateChip(translate(text), tone)


def run_chip(run: RunNow) -> Chip:
    """A training's state in a word."""
    text, tone = _RUN_CHIPS[run.state]
    return StateChip(translate(text), tone)


def state_sentence(now: StudyNow) -> str:
    """How far the study is."""
    total, done = len(now.runs), len(now.in_state(RunState.DONE))
    match now.state:
        case StudyState.NOT_STARTED:
            return translate("Nothing is trained yet; this page waits for the first epoch.")
        case StudyState.AT_WORK:
            return count_text(now) + " " + at_work_text(len(now.in_state(RunState.TRAINING)))
        case StudyState.STOPPED:
            return (
                count_text(now)
                + " "
                + translate("No process works at the others: the same command goes on from here.")
            )
    if done == total:
        return plural(
            total, "{count:,} training, and it is done.", "All {count:,} trainings are done."
        )
    return count_text(now)


def count_text(now: StudyNow) -> str:
    """How many trainings are done."""
    return plural(
        len(now.runs),
        "{done} of {count:,} training is done.",
        "{done} of {count:,} trainings are done.",
        done=format_number(len(now.in_state(RunState.DONE)), ","),
    )


def at_work_text(count: int) -> str:
    """How many trainings a process works at."""
    if not count:
        return translate("None is at work at this moment.")
    return plural(count, "{count:,} is at work.", "{count:,} are at work.")


def time_left_text(now: StudyNow) -> str:
    """How long the trainings that are left take; empty where nobody works at them."""
    left = now.time_left
    if left is None:
        return ""
    if not left.seconds and left.unknown:
        return translate("How long it takes shows after the first epoch.")
    text = translate("About {time} left.", time=_roughly(left.seconds))
    if left.unknown:
        text += " " + plural(
            left.unknown,
            "{count:,} training more has no speed yet.",
            "{count:,} trainings more have no speed yet.",
        )
    if any(run.config.patience for run in now.runs if run.config and run.epochs_left):
        text += " " + translate("Trainings that stop early shorten it.")
    return text


def _roughly(seconds: float) -> str:
    """A time to wait, no finer than can be known."""
    if seconds < 60:
        return duration(max(5, 5 * round(seconds / 5))).replace(".0", "").replace(",0", "")
    if seconds < 3600:
        return translate("{minutes} min", minutes=round(seconds / 60))
    return duration(60 * round(seconds / 60))


def changed_text(now: StudyNow) -> str:
    """When a run last wrote something; empty if none has."""
    if now.changed is None:
        return ""
    then, today = time.localtime(now.changed), time.localtime()
    form = "%H:%M:%S" if then[:3] == today[:3] else "%Y-%m-%d %H:%M"
    return translate("Last change at {time}.", time=time.strftime(form, then))


def epochs_text(run: RunNow) -> str:
    """How many of its epochs a training has: "4 of 12"."""
    if run.config is None:
        return ""
    return translate("{epoch} of {epochs}", epoch=len(run.epochs), epochs=run.config.epochs)


def attention_texts(now: StudyNow) -> list[str]:
    """What the user has to look after: trainings that failed or cannot be read."""
    ended = [
        translate(
            "{name} ended without a result. The terminal of the study says why; the same command "
            "tries it again.",
            name=run.name,
        )
        for run in now.in_state(RunState.ENDED)
    ]
    damaged = [
        translate("{name} cannot be read: {why}", name=run.name, why=run.why)
        for run in now.in_state(RunState.DAMAGED)
    ]
    return ended + damaged


def rule_texts() -> tuple[str, ...]:
    """Why these verdicts may be looked at again and again, and what that asks of the reader."""
    return (
        translate(
            "These verdicts follow the sequential rule: each is valid at every look, however "
            "often this page is looked at, so watching is not recorded. The rule asks for more "
            "seeds than a report that looks once."
        ),
        translate(
            "Whoever ends a study or adds seeds because of what is seen here should keep to these "
            "verdicts: the first report of a study supposes that the number of seeds was decided "
            "beforehand. Published figures are left to the report, and so are single test images "
            "and ensembles, whose rules are not valid at every look."
        ),
    )
