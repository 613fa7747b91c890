"""Gamma exposure by strike as a picture: a self-contained page, or the chart alone as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from magic8_companion.analysis.gamma import GammaProfile
from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.market_state import SIMULATED, SIMULATED_NOTE
from magic8_companion.domain.trading_day import new_york_day, new_york_label, parse_utc
from magic8_companion.reports.chart import Axis, Chart, Frame, round_ticks
from magic8_companion.reports.numbers import billions
from magic8_companion.reports.page import render

_SUFFIXES: Final = (".html", ".svg")
_LEVELS: Final = (("spot", "spot"), ("gamma_flip", "flip"), ("call_wall", "call wall"), ("put_wall", "put wall"))
_BILLION: Final = 1e9
_WIDE: Final = Frame(width=1000, height=460, left=64, top=74)
_NARROW: Final = Frame(width=380, height=380, left=56, right=8, top=74)


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaReport:
    """The gamma object of a chain with what identifies the chain."""

    symbol: str
    spot: float
    source: str
    minutes_to_close: float
    profile: GammaProfile

    def as_dict(self) -> dict[str, Any]:
        """Return the JSON document of the command ``gamma``."""
        head = {"symbol": self.symbol, "spot": self.spot, "source": self.source}
        return {**head, "minutes_to_close": self.minutes_to_close, **self.profile.as_dict()}

    @property
    def title(self) -> str:
        """Return the heading of the picture."""
        return f"{self.symbol} gamma exposure by strike{', simulated data' if self.is_simulated else ''}"

    @property
    def subtitle(self) -> str:
        """Return time and assumptions in sentences."""
        at = parse_utc(self.profile.as_of)
        day = new_york_day(at)
        note = f" {SIMULATED_NOTE}" if self.is_simulated else ""
        return (
            f"{day.day} {day:%B %Y} {new_york_label(at)}, {self.minutes_to_close:.0f} minutes to the close."
            " USD of delta per 1 % move. Dealers are assumed to be long calls and short puts"
            f" ({self.profile.convention}). Open interest is from the night before.{note}"
        )

    @property
    def is_simulated(self) -> bool:
        """Tell whether the chain was invented."""
        return self.source == SIMULATED

    def levels(self) -> list[tuple[float, str]]:
        """Return spot, flip and walls that are known, ascending."""
        known: Mapping[str, float | None] = {
            "spot": self.spot,
            **{key: getattr(self.profile, key) for key, _ in _LEVELS[1:]},
        }
        return sorted((value, name) for key, name in _LEVELS if (value := known[key]) is not None)


def picture_of(report: GammaReport, suffix: str) -> bytes:
    """Return the picture as .html or .svg.

    Raises
    ------
    ConfigError
        For another suffix.
    """
    if suffix not in _SUFFIXES:
        raise ConfigError([f"--picture: a picture ends in {' or '.join(_SUFFIXES)}, not in {suffix or 'nothing'}"])
    return (gamma_page(report) if suffix == ".html" else gamma_chart(report, _WIDE).document()).encode()


def gamma_page(report: GammaReport) -> str:
    """Return the page: the chart, in a narrow form for phones too, and the figures of the whole chain."""
    return render(
        "magic8_companion.reports",
        "gamma.html",
        title=report.title,
        subtitle=report.subtitle,
        profile=report.profile,
        wide=gamma_chart(report, _WIDE).svg(),
        narrow=gamma_chart(report, _NARROW).svg(),
    )


def gamma_chart(report: GammaReport, frame: Frame) -> Chart:
    """Draw two bars per strike, calls up and puts down, with lines at spot, flip and walls."""
    rows = report.profile.strikes
    strikes = [row["strike"] for row in rows]
    high, low = max(row["call_gex"] for row in rows), min(row["put_gex"] for row in rows)
    step = min((above - below for below, above in pairwise(strikes)), default=1.0)
    margin = 0.05 * (high - low)
    x = Axis(
        label="strike",
        low=strikes[0] - step,
        high=strikes[-1] + step,
        ticks=round_ticks(strikes[0], strikes[-1], about=max(3, frame.width // 90)),
    )
    ticks = [(value, _tick(value)) for value, _ in round_ticks(low, high)]
    chart = Chart(
        report.title,
        report.subtitle,
        x,
        Axis(label="USD per 1 % move", low=low - margin, high=high + margin, ticks=ticks),
        frame,
    )
    for row in rows:
        across = (row["strike"] - 0.4 * step, row["strike"] + 0.4 * step)
        tip = f"{row['strike']:g}: calls {billions(row['call_gex'], 3)}, puts {billions(row['put_gex'], 3)}"
        chart.bar(across, (0.0, row["call_gex"]), "fill one", tip)
        chart.bar(across, (row["put_gex"], 0.0), "fill two", tip)
    inside = [(value, name) for value, name in report.levels() if x.low <= value <= x.high]
    for place, (value, name) in enumerate(inside):
        chart.vertical(value, "rule solid" if name == "spot" else "rule", f"{name} {value:.2f}", row=place)
    return chart


def _tick(value: float) -> str:
    return f"{value / _BILLION:+g} bn" if value else "0"
