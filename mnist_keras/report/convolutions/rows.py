"""The rows of what `compare-conv` prints: the two models, and McNemar's tests."""

from __future__ import annotations

from typing import Any

from mnist_keras.report.convolutions.contest import Contest
from mnist_keras.report.statistics.distributions import SAME
from mnist_keras.report.statistics.summaries import (
    Summary,
)
from mnist_keras.study.metrics import METRICS
from mnist_keras.study.published import PublishedCell

QUANTITIES = {
    "val_accuracy": "best validation accuracy",
    "best_epoch": "at epoch",
    "lowest_val_loss": "lowest validation loss",
    "epochs_run": "stopped at epoch",
    "seconds_per_epoch": "seconds an epoch",
    "cpu_percent": "CPU",
    "ram_mb": "RAM of the whole machine",
    "gpu_percent": "GPU",
    "vram_mb": "VRAM",
    "parameters": "parameters",
    "test_accuracy": "test accuracy",
}
"""The rows of the table: a key of `METRICS`, and what the table calls it."""


def table_rows(contest: Contest) -> list[dict[str, str]]:
    """A row a quantity, a column a model, and beside it what was published, if comparable."""
    return [_row(contest, metric) for metric in QUANTITIES]


def _row(contest: Contest, metric: str) -> dict[str, str]:
    row = {"quantity": QUANTITIES[metric]}
    if metric == "epochs_run":
        row["quantity"] += f" (of at most {contest.config.epochs})"
    for name, model in contest.models.items():
        row[f"{name} measured"] = _measured_text(metric, model.summary(metric))
        if contest.study.comparable:
            cell = overall_figures(contest, name).get(metric)
            row[f"{name} published"] = cell.text if cell else "-"
    return row


def overall_figures(contest: Contest, name: str) -> dict[str, PublishedCell]:
    """The published figures that belong to no single epoch, by metric."""
    return {cell.metric: cell for cell in contest.published(name) if cell.epoch is None}


def _measured_text(metric: str, summary: Summary | None) -> str:
    if summary is None:
        return "not available"
    known, spread = METRICS[metric], ""
    decimals = known.decimals
    if summary.sd is not None and summary.sd > SAME:
        decimals = max(decimals, 1)
        spread = f" ± {summary.sd * known.divisor:,.{decimals}f}"
    return f"{summary.mean * known.divisor:,.{decimals}f}{spread} {known.unit}".rstrip()


def mcnemar_rows(contest: Contest) -> list[dict[str, Any]]:
    """A row a seed: the test images that only one of the two gets right, and p."""
    first, second = contest.names
    rows = zip(contest.seeds, contest.tests.by_seed, contest.tests.adjusted_p, strict=True)
    return [
        {
            "seed": seed,
            "test_images": test.images,
            f"only_{first}_right": test.only_a,
            f"only_{second}_right": test.only_b,
            "p": test.p,
            "p_adjusted": adjusted,
        }
        for seed, test, adjusted in rows
    ]
