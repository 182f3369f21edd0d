"""Bars and curves as HTML for a notebook: no script, and colours for light and dark pages.

Text and lines take the colour of the page's text; the hues of the curves have enough contrast on
white and on black.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

HUES = ("#3b82d0", "#d9772b")
"""Of training and of validation."""

_WIDTH, _HEIGHT = 300, 130
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 8, 8, 18
MOST_POINTS = 200
"""A curve has no more points: more cannot be told apart in its width."""

Curve = tuple[str, Sequence[float]]
"""What a curve is called, and its value in each epoch; NaN where there is none."""


def bar(done: int, total: int, text: str) -> str:
    """How much is done, as a bar, and beside it in words."""
    share = 100 * done / total if total else 0
    return (
        '<div style="display:flex;align-items:center;gap:.7em">'
        '<div style="width:14em;height:.6em;border-radius:.3em;background:rgba(128,128,128,.3)">'
        f'<div style="width:{share:.1f}%;height:100%;border-radius:.3em;background:{HUES[0]}">'
        f"</div></div><span>{escape(text)}</span></div>"
    )


def curves(title: str, drawn: Sequence[Curve], epochs: int, factor: float = 1.0) -> str:
    """Curves by epoch as one SVG, each named in its colour; empty where there is nothing to draw.

    Args:
        title: what they are of, with its unit.
        drawn: the curves, at most two.
        epochs: the last epoch of the axis.
        factor: what the values are multiplied with to be in the unit.
    """
    values = [factor * one for _, curve in drawn for one in curve if math.isfinite(one)]
    if not values:
        return ""
    low, high = min(values), max(values)
    if high - low < 1e-9:
        low, high = low - 0.5, high + 0.5

    def point(epoch: int, value: float) -> str:
        across = _LEFT + (_WIDTH - _LEFT - _RIGHT) * (epoch - 1) / max(1, epochs - 1)
        up = (_HEIGHT - _TOP - _BOTTOM) * (factor * value - low) / (high - low)
        return f"{across:.1f},{_HEIGHT - _BOTTOM - up:.1f}"

    lines = "".join(
        _line([point(epoch, curve[epoch - 1]) for epoch in _shown(curve)], hue)
        for (_, curve), hue in zip(drawn, HUES, strict=False)
    )
    names = " ".join(
        f'<tspan style="fill:{hue}">&#9644; {escape(name)}</tspan>'
        for (name, _), hue in zip(drawn, HUES, strict=False)
    )
    base, left = _HEIGHT - _BOTTOM, _LEFT
    return (
        f'<svg viewBox="0 -18 {_WIDTH} {_HEIGHT + 18}" width="{_WIDTH}" height="{_HEIGHT + 18}" '
        f'role="img" aria-label="{escape(title)}" '
        'style="font:11px sans-serif;fill:currentColor;max-width:100%">'
        f'<text x="0" y="-6">{escape(title)}  {names}</text>'
        f'<path d="M{left},{_TOP}V{base}H{_WIDTH - _RIGHT}" '
        'style="fill:none;stroke:currentColor;opacity:.4"/>'
        f'<text x="{left - 4}" y="{_TOP + 8}" text-anchor="end">{_number(high)}</text>'
        f'<text x="{left - 4}" y="{base}" text-anchor="end">{_number(low)}</text>'
        f'<text x="{left}" y="{_HEIGHT - 4}">1</text>'
        f'<text x="{_WIDTH - _RIGHT}" y="{_HEIGHT - 4}" text-anchor="end">'
        f"epoch {epochs}</text>{lines}</svg>"
    )


def beside(*parts: str) -> str:
    """Parts beside each other, below each other where the page is narrow."""
    return f'<div style="display:flex;flex-wrap:wrap;gap:1em">{"".join(parts)}</div>'


def _line(points: Sequence[str], hue: str) -> str:
    dot = points[0].split(",") if len(points) == 1 else None
    if dot:
        return f'<circle cx="{dot[0]}" cy="{dot[1]}" r="2.5" style="fill:{hue}"/>'
    return f'<polyline points="{" ".join(points)}" style="fill:none;stroke:{hue};stroke-width:2"/>'


def _shown(curve: Sequence[float]) -> list[int]:
    """The epochs of a curve that are drawn: all, or some of many, the last one always."""
    there = [epoch for epoch, value in enumerate(curve, start=1) if math.isfinite(value)]
    step = math.ceil(len(there) / MOST_POINTS) or 1
    return sorted({*there[::step], *there[-1:]})


def _number(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 1000 else f"{value:.3g}"
