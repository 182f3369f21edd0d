"""What became of the runs that were handed in, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click

from mnist_keras.errors import UserError
from mnist_keras.report.console import print_json
from mnist_keras.submissions.merging import Merged


def print_merged(merged: Sequence[Merged], *, dry_run: bool, as_json: bool) -> None:
    """Print the outcome of a merge: counts by study, and a line for each run that was left out.

    Raises:
        UserError: a run was refused.
    """
    if as_json:
        print_json([asdict(one) for one in merged])
    for one in merged:
        if one.why:
            click.echo(f"{one.outcome}: {one.why}", err=True)
    if not as_json:
        for study in dict.fromkeys(one.study for one in merged if one.run):
            click.echo(_counts(study, [one for one in merged if one.study == study], dry_run))
    refused = sum(one.outcome == "refused" for one in merged)
    if refused:
        raise UserError(
            f"{refused} of {len(merged)} refused, as said above; nothing of the others is lost"
        )


def _counts(study: str, merged: Sequence[Merged], dry_run: bool) -> str:
    """One study in a line: "shallow: 9 merged (2 without a model), 1 here already"."""
    words = {
        "merged": "would be merged" if dry_run else "merged",
        "same": "here already",
        "unfinished": "not finished",
        "refused": "refused",
    }
    counts = {outcome: sum(one.outcome == outcome for one in merged) for outcome in words}
    bare = sum(one.outcome == "merged" and not one.checkpoints for one in merged)
    without = f" ({bare} without a model)" if bare else ""
    parts = [
        f"{count} {words[outcome]}{without if outcome == 'merged' else ''}"
        for outcome, count in counts.items()
        if count
    ]
    return f"{study}: {', '.join(parts)}"
