"""Whole studies by this project and by its peers: `python -m benchmarks.studies`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from benchmarks.contest import AS_WRITTEN, OURS, Contest, Measured
from benchmarks.inputs import save_images
from benchmarks.machine import describe_machine
from benchmarks.options import (
    Names,
    command_line,
    images_option,
    output_option,
    peer_python_option,
    publish,
    rounds_option,
    run_command,
    write_results,
)
from benchmarks.speed import TRIAL_IMAGES, check_installed
from benchmarks.study_runs import StudyRun, run_ours, run_peer
from benchmarks.study_summary import study_table
from benchmarks.summary import digits, rounds_text

STUDIES = ("shallow", "deep", "compare-conv")
PEERS = ("keras", "torch")
"""JAX is left out: neither source uses it."""
MEASURED, BESIDE = ("shallow", "deep"), ("torch",)


@click.command()
@click.option("--studies", type=Names(STUDIES), default=",".join(MEASURED), show_default=True)
@click.option("--peers", type=Names(PEERS, empty=True), default=",".join(BESIDE), show_default=True)
@rounds_option
@images_option
@click.option(
    "--epochs", type=click.IntRange(min=1), help="Of every training  [default: as the study says]"
)
@peer_python_option
@output_option
def studies(
    studies: tuple[str, ...],
    peers: tuple[str, ...],
    rounds: int,
    images: int,
    epochs: int | None,
    peer_python: str,
    output: Path,
) -> None:
    """Time a study of one seed as a user starts it, and the same trainings by the peers.

    A peer makes the distinct trainings of the study's tables, each for as many epochs as this
    project trained it: one after another in one process, and in a process of one thread on each
    core. This project also trains the confirmation and writes the report.
    """
    check_installed([OURS, *peers], peer_python)
    head = {
        "benchmark": "studies",
        "command": command_line("benchmarks.studies"),
        "started": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "rounds": rounds,
        "images": images,
    }
    runs: list[StudyRun] = []
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        data = save_images(folder / "images.npz", images)
        trial_data = save_images(folder / "trial.npz", min(images, TRIAL_IMAGES))
        for study in studies:
            architecture = study if study != "compare-conv" else "cnn2"
            trials = _contest(architecture, trial_data, peers, peer_python)
            entrants = [
                entrant
                for name in peers
                for _, entrant in trials.choose(name)
                if entrant.way != AS_WRITTEN and entrant.setting.seeds == 1
            ]
            for number in range(1, rounds + 1):
                ours = run_ours(study, number, data, epochs, folder)
                for run in [ours, *(run_peer(ours, entrant, peer_python) for entrant in entrants)]:
                    runs.append(run)
                    click.echo(_progress(run), err=True)
                    write_results(output / "studies.json", _content(head, runs))
    publish(output / "studies.json", _content(head, runs), study_table(runs), _note(head, runs))


def _contest(
    architecture: str, trial_data: Path, peers: tuple[str, ...], peer_python: str
) -> Contest:
    """Where the peers' better settings are found."""
    return Contest(
        architectures=(architecture,),
        contestants=peers,
        rounds=0,
        epochs=2,
        data={},
        trial_data=trial_data,
        peer_python=peer_python,
        on_measured=_say_trial,
        on_note=lambda line: click.echo(line, err=True),
    )


def _say_trial(measured: Measured) -> None:
    click.echo(
        f"trial: {measured.architecture}, {measured.entrant.name}: "
        f"{digits(measured.seconds_per_epoch)} s an epoch",
        err=True,
    )


def _progress(run: StudyRun) -> str:
    return (
        f"round {run.round}: {run.study}, {run.contestant} ({run.setting}): {run.seconds:.1f} s "
        f"for {len(run.trainings)} trainings"
    )


def _content(head: dict[str, Any], runs: list[StudyRun]) -> dict[str, Any]:
    return {**head, "measurements": [run.to_dict() for run in runs]}


def _note(head: dict[str, Any], runs: list[StudyRun]) -> str:
    versions = {name: version for run in runs for name, version in run.versions.items()}
    return (
        f"{head['images']} images, {rounds_text(head['rounds'])}; ratios within a round.\n"
        f"{', '.join(f'{name} {version}' for name, version in sorted(versions.items()))}."
    )


if __name__ == "__main__":
    run_command(studies)
