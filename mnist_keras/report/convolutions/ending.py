"""What `compare-conv` ends with: the picture, the tables, the conclusion."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from mnist_keras.atomic import is_writable
from mnist_keras.report.console import print_lines, print_mapping, print_rows
from mnist_keras.report.convolutions.contest import Contest, mark, read_contest, why_not_comparable
from mnist_keras.report.convolutions.judgements import (
    cost_ratios,
    judge_lead,
    judge_size,
    published_claim,
)
from mnist_keras.report.convolutions.rows import (
    QUANTITIES,
    mcnemar_rows,
    overall_figures,
    table_rows,
)
from mnist_keras.report.convolutions.sentences import conclude, notes
from mnist_keras.report.figures.curve_pair import curve_pair, model_curves, published_curve
from mnist_keras.report.figures.style import save_figure
from mnist_keras.report.language import Language, translate, writing_in
from mnist_keras.report.naming import mark_name
from mnist_keras.report.statistics.comparisons import p_text
from mnist_keras.report.statistics.summaries import (
    seeds,
)
from mnist_keras.study.design import Study


def print_comparison(
    study: Study, folder: Path, seeds: range, as_json: bool, language: Language = "en"
) -> None:
    """Draw both models' curves, print their figures and what follows from them.

    `folder` holds the study's runs; the figure, in this language, goes to its `figures/`, unless
    this user may only read there.

    Raises:
        UserError: a run is missing or not done, or the figure cannot be written.
    """
    contest = read_contest(study, folder, seeds)
    paths: tuple[Path, ...] = ()
    if is_writable(folder / "figures"):
        with writing_in(language, [study.french]):
            paths = _save_curves(contest, folder / "figures")
    if as_json:
        print_mapping({**describe(contest), "figures": [str(path) for path in paths]}, as_json=True)
        return
    _print_tables(contest)
    print_lines("Notes", notes(contest))
    print_lines("Conclusion", conclude(contest))
    if paths:
        click.echo("\nfigure: " + ", ".join(str(path) for path in paths))


def _save_curves(contest: Contest, folder: Path) -> tuple[Path, Path]:
    curves = [
        model_curves(name, model, published_curve(contest.published(name)))
        for name, model in contest.models.items()
    ]
    title = translate(contest.study.title)
    figure = curve_pair(curves, title, mark_name(mark(contest)))
    return save_figure(figure, folder, "convolutions")


def _print_tables(contest: Contest) -> None:
    marked = f" ({mark(contest)})" if mark(contest) else ""
    count = len(contest.seeds)
    over = f"{seeds(count)}, mean ± standard deviation" if count > 1 else f"seed {contest.seeds[0]}"
    print_rows(table_rows(contest), title=f"{contest.study.title}: {over}{marked}")
    rows = mcnemar_rows(contest)
    for row in rows:
        adjusted = row.pop("p_adjusted")
        row["p"] = _p(row["p"])
        if count > 1:
            row[f"p, adjusted for {count} tests"] = _p(adjusted)
    print_rows(rows, title=f"McNemar's exact test{marked}")


def _p(p: float) -> str:
    return p_text(p).removeprefix("p ").removeprefix("= ")


def describe(contest: Contest) -> dict[str, Any]:
    """All of it as plain values for JSON."""
    lead, claim = judge_lead(contest), published_claim(contest)
    size = judge_size(contest, claim.difference / 100) if claim and claim.difference else None
    return {
        "study": contest.study.name,
        "seeds": list(contest.seeds),
        "validation": contest.config.validation,
        "selected_on_test": contest.config.selected_on_test,
        "quick": contest.config.quick,
        "comparable": contest.study.comparable,
        "why_not_comparable": why_not_comparable(contest.study) or None,
        "models": {name: _describe_model(contest, name) for name in contest.names},
        "lead": asdict(lead.comparisons[0]),
        "mcnemar": mcnemar_rows(contest),
        "cost_ratios": cost_ratios(contest),
        "claim": claim and {"text": claim.text, "verdict": lead.verdict, "reason": lead.reason},
        "size_of_lead": size and asdict(size),
        "notes": notes(contest),
        "conclusion": conclude(contest),
    }


def _describe_model(contest: Contest, name: str) -> dict[str, Any]:
    model, published = contest.models[name], overall_figures(contest, name)
    described = {}
    for metric in QUANTITIES:
        summary, cell = model.summary(metric), published.get(metric)
        described[metric] = {
            "by_seed": model.values[metric].tolist() if summary else None,
            "mean": summary and summary.mean,
            "sd": summary and summary.sd,
            "published": cell and {"text": cell.text, "bounds": list(cell.bounds)},
        }
    return described
