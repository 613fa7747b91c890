"""Profit ranges as one SVG picture: a bar from the 0.5th to the 99.5th percentile, a tick at the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Final

from magic8_ml.history.scale_groups import LARGE, MEDIUM, SMALL
from magic8_ml.history.scales import ProfitScale

_COLOURS: Final = {LARGE: "#b83280", MEDIUM: "#2b6cb0", SMALL: "#2f855a"}
_ROW: Final = 22
_TOP: Final = 60
_LEFT: Final = 170
_WIDTH: Final = 720
_TICKS_USD: Final = (-10_000, -1_000, -100, 0, 100, 1_000, 10_000)
_LARGEST_USD: Final = 20_000.0


def plot_scales(scales: Sequence[ProfitScale]) -> str:
    """Return the picture; the axis is linear to 10 $ and logarithmic beyond."""
    height = _TOP + _ROW * len(scales) + 30
    bottom = _TOP + _ROW * len(scales)
    size = f'width="{_LEFT + _WIDTH + 30}" height="{height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui,sans-serif" font-size="12">',
        f'<rect {size} fill="#ffffff"/>',
        '<text x="12" y="24" font-size="16">Profit per contract, 0.5th to 99.5th percentile (US$)</text>',
        *(_legend(number, group) for number, group in enumerate(_COLOURS)),
    ]
    for tick in _TICKS_USD:
        x = _x(tick)
        parts.append(f'<line x1="{x:.1f}" y1="{_TOP - 6}" x2="{x:.1f}" y2="{bottom}" stroke="#dfe5ea"/>')
        parts.append(f'<text x="{x:.1f}" y="{bottom + 18}" text-anchor="middle" fill="#55636f">{tick:,}</text>')
    parts += [_bar(number, scale) for number, scale in enumerate(scales)]
    return "\n".join([*parts, "</svg>", ""])


def _legend(number: int, group: str) -> str:
    x = 12 + 140 * number
    return (
        f'<rect x="{x}" y="34" width="12" height="12" fill="{_COLOURS[group]}"/>'
        f'<text x="{x + 18}" y="44">{group} (preset)</text>'
    )


def _bar(number: int, scale: ProfitScale) -> str:
    y = _TOP + _ROW * number
    low, high, mean = _x(scale.low_usd), _x(scale.high_usd), _x(scale.mean_usd)
    return (
        f'<text x="{_LEFT - 10}" y="{y + 13}" text-anchor="end">{escape(scale.key)}</text>'
        f'<rect x="{low:.1f}" y="{y + 3}" width="{max(high - low, 1):.1f}" height="12" rx="2"'
        f' fill="{_COLOURS[scale.by_preset]}" opacity="0.8"><title>{scale.low_usd:,.0f} .. {scale.high_usd:,.0f} $,'
        f" R {scale.range_usd:,.0f} $</title></rect>"
        f'<line x1="{mean:.1f}" y1="{y + 1}" x2="{mean:.1f}" y2="{y + 17}" stroke="#1c2733" stroke-width="2"/>'
    )


def _x(usd: float) -> float:
    share = math.asinh(usd / 10) / math.asinh(_LARGEST_USD / 10)
    return _LEFT + _WIDTH * (max(-1.0, min(1.0, share)) + 1) / 2
