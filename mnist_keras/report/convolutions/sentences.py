"""The notes and the conclusion, in plain words drawn from the numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mnist_keras.report.analysis.notes import note_disturbed_runs
from mnist_keras.report.convolutions.contest import Contest, validation_images, why_not_comparable
from mnist_keras.report.convolutions.judgements import (
    POINTS,
    cost_ratios,
    judge_lead,
    judge_size,
    published_claim,
)
from mnist_keras.report.statistics.comparisons import Comparison, Criteria, p_text
from mnist_keras.report.statistics.distributions import SAME
from mnist_keras.report.statistics.orders import OrderJudgement
from mnist_keras.report.statistics.summaries import (
    PERCENT,
    Verdict,
    seeds,
)
from mnist_keras.study.claims import Order


def notes(contest: Contest) -> list[str]:
    """What a reader of the tables has to know."""
    reason = why_not_comparable(contest.study)
    lines = [f"No published figures are shown: {reason}."] if reason else []
    if contest.config.selected_on_test:
        lines.append("The validation images are the test images, so both accuracies are the same.")
    lines += dict.fromkeys(
        _machine_text(environment, concurrent)
        for model in contest.models.values()
        for environment, concurrent in zip(model.environments, model.concurrent_runs, strict=True)
    )
    disturbed = note_disturbed_runs(list(contest.models.values()))
    lines += [disturbed] if disturbed else []
    return lines + list(contest.study.contradictions if contest.study.comparable else ())


def _machine_text(environment: Mapping[str, Any], concurrent: int) -> str:
    threads, gpus = environment["threads"], environment["gpus"]
    return (
        f"Measured on {environment['processor']}, "
        f"{threads} {'thread' if threads == 1 else 'threads'}, {', '.join(gpus) or 'no GPU'}, "
        f"{'alone' if concurrent == 1 else f'{concurrent} runs at a time'}."
    )


def conclude(contest: Contest) -> list[str]:
    """What the numbers say, in plain words."""
    lead = judge_lead(contest)
    sentences = [_lead_text(contest, lead), _certainty_text(lead), _mcnemar_text(contest)]
    if not contest.config.selected_on_test:
        sentences.append(_test_text(contest))
    sentences.append(_cost_text(contest))
    claim = published_claim(contest)
    if claim is not None:
        sentences.append(_claim_text(contest, claim, lead))
    if contest.config.selected_on_test:
        sentences.append(
            "These figures are optimistic: each epoch was selected on the test images that its "
            "accuracy is read from. --validation holdout gives figures without that."
        )
    return sentences


def _lead_text(contest: Contest, lead: OrderJudgement) -> str:
    difference = lead.comparisons[0].mean_difference
    means = contest.mean("val_accuracy")
    images = validation_images(contest)
    where = "held-out training images" if images is None else f"{images:,} "
    if images is not None:
        where += "test images" if contest.config.selected_on_test else "held-out training images"
    count = len(contest.seeds)
    basis = f"(mean of {seeds(count)}, on the {where})" if count > 1 else f"(on the {where})"
    if abs(difference) <= SAME:
        return f"Both have a validation accuracy of {PERCENT.value(means[0])} {basis}."
    better, worse = contest.names if difference > 0 else contest.names[::-1]
    return (
        f"{better} has the better validation accuracy: {PERCENT.value(max(means))} against "
        f"{PERCENT.value(min(means))} of {worse}, {POINTS.size(difference)} more {basis}."
    )


def _certainty_text(lead: OrderJudgement) -> str:
    comparison = lead.comparisons[0]
    if lead.n == 1:
        return f"One seed cannot tell the architecture from luck{_enough_text(comparison)}."
    begin = {
        Verdict.DIFFERS: "The difference is detectable",
        Verdict.NO_EFFECT: "The two are alike",
    }.get(comparison.verdict, f"{seeds(lead.n)} cannot tell the architecture from luck")
    return f"{begin}: {comparison.reason}."


def _enough_text(comparison: Comparison) -> str:
    if comparison.seeds_needed is None:
        return ", and no sensible number of seeds would"
    size = max(abs(comparison.mean_difference), Criteria().smallest_difference)
    return f": about {seeds(comparison.seeds_needed)} would settle {POINTS.size(size)}"


def _mcnemar_text(contest: Contest) -> str:
    (first, second), tests = contest.names, contest.tests
    if tests.n == 1:
        test = tests.by_seed[0]
        better = first if tests.a_better else second
        verdict = "do not differ detectably" if tests.neither else f"differ, {better} is better"
        return (
            f"On the {test.images:,} test images these two trained networks {verdict}: only "
            f"{first} is right on {test.only_a}, only {second} on {test.only_b} "
            f"({p_text(test.p)}, McNemar's exact test)."
        )
    return (
        f"On the test images, seed by seed, {first} is better in {tests.a_better} of "
        f"{seeds(tests.n)}, {second} in {tests.b_better}, neither in {tests.neither} (McNemar's "
        "exact test, p adjusted for their number)."
    )


def _test_text(contest: Contest) -> str:
    means = contest.mean("test_accuracy")
    both = (f"{name} {PERCENT.value(m)}" for name, m in zip(contest.names, means, strict=True))
    return f"Test accuracy, read once with the selected epoch: {', '.join(both)}."


def _cost_text(contest: Contest) -> str:
    ratios, (first, second) = cost_ratios(contest), contest.names
    seconds, parameters = contest.mean("seconds_per_epoch"), contest.mean("parameters")
    return (
        f"{second} takes {ratios['seconds_per_epoch']:.2f} times the seconds an epoch of {first} "
        f"({seconds[1]:.1f} against {seconds[0]:.1f}) and {ratios['parameters']:.2f} times the "
        f"parameters ({parameters[1]:,.0f} against {parameters[0]:,.0f})."
    )


def _claim_text(contest: Contest, claim: Order, lead: OrderJudgement) -> str:
    verdict = {
        Verdict.HOLDS: "holds",
        Verdict.FAILS: "does not hold",
        Verdict.NO_EFFECT: "does not hold: the two are alike",
    }.get(lead.verdict, f"is not settled by {seeds(lead.n)}")
    here = f"{100 * lead.comparisons[0].mean_difference:+.2f} points here"
    text = f'The published claim "{claim.text}" {verdict}; the lead is {here}'
    if claim.difference is None:
        return f"{text}."
    text += f", +{claim.difference:.2f} published"
    if lead.n == 1:
        return f"{text}."
    size = judge_size(contest, claim.difference / 100)
    return f"{text} (size of the lead {size.verdict}: {size.reason})."
