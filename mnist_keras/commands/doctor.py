"""The command that looks at the machine."""

from __future__ import annotations

from pathlib import Path

import click

from mnist_keras.commands.options import checkpoints_option, json_option, logs_option


@click.command()
@click.option(
    "--no-speed", is_flag=True, help="Leave out how long an epoch of each network takes here."
)
@logs_option
@checkpoints_option
@json_option
def doctor(no_speed: bool, logs: Path, checkpoints: Path, as_json: bool) -> None:
    """Say whether this machine is fit for training, and if not, what to do.

    Python, packages, processor, cores, memory, disks, TensorBoard, the GPU or the reason why there
    is none, and how long an epoch takes. A line each: fine, or what to do. Nothing is waited for
    longer than 10 s. The exit code is 0 if all is fine, 1 if something is to be done.
    """
    from dataclasses import asdict

    from mnist_keras.doctor.examine import examine
    from mnist_keras.report.console import print_json

    findings = examine(logs, checkpoints, speed=not no_speed)
    if as_json:
        print_json([{**asdict(one), "fine": one.fine} for one in findings])
    else:
        width = max(len(one.about) for one in findings)
        for one in findings:
            answer = "fine" if one.fine else f"to do: {one.advice}"
            click.echo(f"{one.about:<{width}}  {one.found} - {answer}")
    if not all(one.fine for one in findings):
        click.get_current_context().exit(1)
