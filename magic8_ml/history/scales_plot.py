"""Plot profit ranges as one SVG: a bar from the 0.5th to the 99.5th percentile, a tick at the mean."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from magic8_companion.reports.chart import Axis, Chart, Frame
from magic8_ml.history.scale_groups import LARGE, MEDIUM, SMALL
from magic8_ml.history.scales import ProfitScale

_COLORS: Final = {LARGE: "fill two", MEDIUM: "fill one", SMALL: "fill three"}
_ROW: Final = 22
_TOP: Final = 60
_TICKS_USD: Final = (-10_000, -1_000, -100, 0, 100, 1_000, 10_000)
_LARGEST_USD: Final = 20_000.0


def plot_scales(scales: Sequence[ProfitScale]) -> str:
    """Return the SVG; the axis is linear to $10 and logarithmic above."""
    n = len(scales)
    chart = Chart(
        "Profit per contract, 0.5th to 99.5th percentile",
        "; ".join(f"{scale.key}: {_range(scale)}" for scale in scales),
        Axis(
            label="US dollars",
            low=-_LARGEST_USD,
            high=_LARGEST_USD,
            ticks=[(usd, f"{usd:,}") for usd in _TICKS_USD],
            transform=lambda usd: math.asinh(usd / 10),
        ),
        Axis(label="", low=n, high=0, ticks=[(place + 0.5, scale.key) for place, scale in enumerate(scales)]),
        Frame(width=920, height=_TOP + _ROW * n + 44, left=170, right=30, top=_TOP, grid="x"),
    )
    chart.legend([(css, f"{group} (preset)") for group, css in _COLORS.items()])
    for place, scale in enumerate(scales):
        usd = (scale.low_usd, scale.high_usd)
        chart.bar(
            usd, (place + 0.75, place + 0.2), _COLORS[scale.by_preset], f"{_range(scale)}, R ${scale.range_usd:,.0f}"
        )
        chart.segment((scale.mean_usd, place + 0.9), (scale.mean_usd, place + 0.05), "mean")
    return chart.document()


def _range(scale: ProfitScale) -> str:
    return f"{_usd(scale.low_usd)} to {_usd(scale.high_usd)}"


def _usd(amount: float) -> str:
    return f"{'-' if amount < 0 else ''}${abs(amount):,.0f}"
