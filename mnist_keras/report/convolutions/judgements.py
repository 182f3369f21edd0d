"""What two models over the same seeds can be said to differ in."""

from __future__ import annotations

from mnist_keras.report.convolutions.contest import Contest, subject, validation_images
from mnist_keras.report.statistics.comparisons import Criteria
from mnist_keras.report.statistics.orders import OrderJudgement, judge_order
from mnist_keras.report.statistics.reproduction import PublishedJudgement, judge_published
from mnist_keras.report.statistics.summaries import (
    Unit,
    seed_noise,
)
from mnist_keras.study.claims import Order

POINTS = Unit(100.0, 2, " points", " points")


def judge_lead(contest: Contest) -> OrderJudgement:
    """Whether the first model's validation accuracy is above the second's, seed by seed.

    With one seed, the spread that is to be expected tells how many seeds would be enough.
    """
    first, second = (model.values["val_accuracy"] for model in contest.models.values())
    images = validation_images(contest)
    run_sd = None
    if images:
        accuracy = sum(contest.mean("val_accuracy")) / 2
        run_sd = seed_noise(accuracy, images, redrawn=not contest.config.selected_on_test).sd
    return judge_order(first, second, Criteria(run_sd=run_sd), contest.names)


def published_claim(contest: Contest) -> Order | None:
    """The claim that the first model has the better validation accuracy, if it compares."""
    subjects = [subject(name) for name in contest.names]
    claims = contest.study.claims if contest.study.comparable else ()
    orders = (claim for claim in claims if isinstance(claim, Order))
    return next(
        (c for c in orders if c.metric == "val_accuracy" and c.subjects() == subjects), None
    )


def judge_size(contest: Contest, lead: float) -> PublishedJudgement:
    """Hold the published lead, a fraction, against the leads of the seeds.

    It is reproduced only if one more run's lead would be told from none, so the tolerance is the
    published lead itself. Both its figures are rounded.
    """
    first, second = (model.values["val_accuracy"] for model in contest.models.values())
    return judge_published(lead, first - second, rounding=1e-4, tolerance=lead, unit=POINTS)


def cost_ratios(contest: Contest) -> dict[str, float]:
    """The second model's mean over the first one's, for seconds an epoch and parameters."""
    means = {metric: contest.mean(metric) for metric in ("seconds_per_epoch", "parameters")}
    return {metric: second / first for metric, (first, second) in means.items()}
