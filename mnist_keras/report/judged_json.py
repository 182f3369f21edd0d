"""What `mnist-keras judge --json` prints."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mnist_keras.claims.outcome import ClaimOutcome
from mnist_keras.report.console import print_json
from mnist_keras.report.words.claims import claim_reason, replay_text
from mnist_keras.report.words.units import limited
from mnist_keras.report.words.whynot import why_not_text
from mnist_keras.statistics.resolution import SeedRange
from mnist_keras.statistics.summaries import Interval
from mnist_keras.tables.cells import in_order
from mnist_keras.tables.findings import TableFindings
from mnist_keras.tables.published_figures import FigureOutcome
from mnist_keras.tables.run_table import RunTable
from mnist_keras.tables.verdicts import Factor, Pair


def print_judged_json(findings: TableFindings) -> None:
    """Print all that a table shows: shares as fractions, other metrics as the table has them."""
    outcome = findings.outcome
    print_json(
        {
            "table": _table_facts(outcome.table),
            "rule": outcome.rule.value,
            "factors": [_factor_facts(one) for one in outcome.factors],
            "pairs": [
                _pair_facts(factor, pair) for factor in outcome.factors for pair in factor.pairs
            ],
            "claims": [_claim_facts(one) for one in findings.claims],
            "published": [_figure_facts(one) for one in findings.figures],
            "not_judged": [
                {"field": one.setting, "metric": one.metric, "why": str(one.why)}
                for one in outcome.not_judged
            ],
        }
    )


def _table_facts(table: RunTable) -> dict[str, Any]:
    return {
        "path": str(table.path),
        "source": table.source,
        "runs": len(table.seeds),
        "seed": table.seed_name,
        "seeds": list(in_order(table.seeds)),
        "settings": [
            {"field": one.name, "along": list(one.along), "values": list(in_order(one.values))}
            for one in table.settings
        ],
        "metrics": [
            {
                "metric": one.name,
                "better": "lower" if one.lower_is_better else "higher",
                "in_percent": one.divisor > 1,
                "missing": int((one.values != one.values).sum()),
            }
            for one in table.metrics
        ],
        "columns_left_out": {one.name: str(one.why) for one in table.columns_left_out},
        "rows_left_out": [{"rows": one.count, "why": str(one.why)} for one in table.rows_left_out],
    }


def _factor_facts(factor: Factor) -> dict[str, Any]:
    levels, impact = factor.levels, factor.impact
    return {
        "field": levels.setting.name,
        "metric": levels.metric.name,
        "impact": impact.size,
        "interval": factor.within_range(impact.interval),
        "verdict": impact.verdict.value,
        "margin": factor.margin,
        "smallest_visible": impact.smallest_visible,
        "seeds": list(levels.seeds),
        "levels": list(levels.levels),
        "means": list(impact.means),
        "needed": _needed_facts(factor.needed),
        "best": [levels.levels[place] for place in factor.best.tied],
        "combinations": levels.combinations,
        "at": dict(levels.at),
        "levels_left_out": list(levels.without),
        "seeds_left_out": list(levels.seeds_left_out),
    }


def _pair_facts(factor: Factor, pair: Pair) -> dict[str, Any]:
    return {
        "field": factor.levels.setting.name,
        "a": pair.a,
        "b": pair.b,
        "metric": factor.levels.metric.name,
        "difference": pair.difference.mean,
        "interval": factor.within_range(pair.difference.interval),
        "verdict": pair.verdict.value,
        "p_adjusted": pair.p_adjusted,
        "seeds": pair.difference.n,
        "needed": _needed_facts(pair.needed),
    }


def _claim_facts(outcome: ClaimOutcome) -> dict[str, Any]:
    judged = outcome.judged
    metric = judged.metric if judged else None
    return {
        "label": outcome.claim.label,
        "text": outcome.claim.text,
        "kind": outcome.claim.kind,
        "metric": metric.name if metric else None,
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "reason": claim_reason(outcome),
        "source": replay_text(outcome.replay, metric),
        "seeds": judged.n if judged else None,
        "needed": _needed_facts(judged.needed) if judged else None,
    }


def _figure_facts(outcome: FigureOutcome) -> dict[str, Any]:
    cell, figure = outcome.cell, outcome.figure
    return {
        "field": cell.subject.factor,
        "value": cell.subject.value,
        "metric": outcome.quantity.name,
        "published": outcome.quantity.of_printed((cell.low + cell.high) / 2),
        "mean": figure.mean if figure else None,
        "interval": _figure_interval(outcome),
        "verdict": outcome.verdict.value if outcome.verdict else None,
        "why": why_not_text(outcome.why_not),
    }


def _figure_interval(outcome: FigureOutcome) -> Interval | None:
    if outcome.figure is None or outcome.figure.interval is None:
        return None
    return limited(outcome.figure.interval, outcome.quantity)


def _needed_facts(needed: SeedRange | None) -> dict[str, int | None] | None:
    """How many seeds would settle it; within the range null is more than 1,000."""
    return None if needed is None else asdict(needed)
