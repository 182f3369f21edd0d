"""What `mnist-keras judge --json` prints."""

from __future__ import annotations

from typing import Any

from mnist_keras.report.console import print_json
from mnist_keras.tables.cells import in_order
from mnist_keras.tables.run_table import RunTable
from mnist_keras.tables.verdicts import Factor, Pair, TableOutcome


def print_judged_json(outcome: TableOutcome) -> None:
    """Print all that a table shows: shares as fractions, other metrics as the table has them."""
    print_json(
        {
            "table": _table_facts(outcome.table),
            "rule": outcome.rule.value,
            "factors": [_factor_facts(one) for one in outcome.factors],
            "pairs": [
                _pair_facts(factor, pair) for factor in outcome.factors for pair in factor.pairs
            ],
            "claims": [],
            "not_judged": [
                {"field": one.setting, "metric": one.metric, "why": one.why}
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
        "columns_left_out": {one.name: one.why for one in table.columns_left_out},
        "rows_left_out": [{"rows": one.count, "why": one.why} for one in table.rows_left_out],
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
    }
