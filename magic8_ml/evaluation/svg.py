"""A chart as SVG text: a frame, two scales and a few marks.  Colours are the page's CSS, so dark mode costs nothing.

Every chart carries a title and a sentence for those who cannot see it, every mark its numbers as a tooltip.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_LEFT: Final = 52.0
_RIGHT: Final = 14.0
_TOP: Final = 14.0
_BOTTOM: Final = 44.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One scale: values from ``low`` to ``high``; ``ticks`` are (value, text)."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    log: bool = False

    def share(self, value: float) -> float:
        """Return the place of a value between low (0) and high (1), never outside; low may be the larger one.

        >>> Axis(label="", low=1, high=100, ticks=(), log=True).share(10)
        0.5
        """
        scale = _log if self.log else float
        low, high, at = map(scale, (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high != low else 0.5


def _log(value: float) -> float:
    return math.log(max(value, 1e-300))


def round_ticks(low: float, high: float, text: str = "{:g}", about: int = 5) -> tuple[tuple[float, str], ...]:
    """Return round values from low to high, about so many, with their text.

    >>> [value for value, _ in round_ticks(0.0, 1.0)]
    [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    """
    if not high > low:
        return ((low, text.format(low)),)
    rough = (high - low) / about
    power = 10 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 5, 10) if size * power >= rough * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return tuple((round(n * step, 10), text.format(round(n * step, 10))) for n in range(first, last + 1))


class Chart:
    """Collects marks; :meth:`svg` returns the picture.  ``css`` names a class of the page's style."""

    def __init__(self, title: str, summary: str, x: Axis, y: Axis, *, width: int = 440, height: int = 300) -> None:
        self._title, self._summary = title, summary
        self._x, self._y = x, y
        self._width, self._height = width, height
        self._marks: list[str] = []

    def area(self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], css: str) -> None:
        """Fill between two lines."""
        around = [*zip(xs, lows, strict=True), *reversed(list(zip(xs, highs, strict=True)))]
        self._marks.append(f'<polygon class="{css}" points="{self._points(around)}"/>')

    def line(self, xs: Sequence[float], ys: Sequence[float], css: str) -> None:
        """Join points; NaN values are passed over."""
        known = [(x, y) for x, y in zip(xs, ys, strict=True) if math.isfinite(y)]
        self._marks.append(f'<polyline class="{css}" points="{self._points(known)}"/>')

    def dot(self, x: float, y: float, css: str, tip: str, radius: float = 4.0) -> None:
        """Put a dot, unless there is no value."""
        if math.isfinite(x) and math.isfinite(y):
            left, top = self._at(x, y)
            self._marks.append(f'<circle class="{css}" cx="{left}" cy="{top}" r="{radius:g}">{_tip(tip)}</circle>')

    def whisker(self, x: float, low: float, high: float, css: str) -> None:
        """Draw an interval upright."""
        if math.isfinite(low) and math.isfinite(high):
            (left, bottom), (_, top) = self._at(x, low), self._at(x, high)
            self._marks.append(f'<line class="{css}" x1="{left}" x2="{left}" y1="{bottom}" y2="{top}"/>')

    def box(self, x: tuple[float, float], y: tuple[float, float], css: str, tip: str, opacity: float = 1.0) -> None:
        """Fill a rectangle between two values of each scale."""
        (left, bottom), (right, top) = self._at(x[0], y[0]), self._at(x[1], y[1])
        size = f'width="{max(right - left, 0):.1f}" height="{max(bottom - top, 0):.1f}"'
        shade = "" if opacity == 1 else f' fill-opacity="{opacity:.2f}"'
        self._marks.append(f'<rect class="{css}" x="{left}" y="{top}" {size}{shade}>{_tip(tip)}</rect>')

    def rule(self, *, x: float | None = None, y: float | None = None, css: str = "rule", text: str = "") -> None:
        """Draw a line across the frame at one value, with a word beside it."""
        left, bottom = self._at(self._x.low if x is None else x, self._y.low if y is None else y)
        right, top = self._at(self._x.high if x is None else x, self._y.high if y is None else y)
        self._marks.append(f'<line class="{css}" x1="{left}" x2="{right}" y1="{bottom}" y2="{top}"/>')
        if text:
            place = (
                f'x="{right - 4}" y="{top - 4}" text-anchor="end"' if x is None else f'x="{left + 4}" y="{top + 11}"'
            )
            self._marks.append(f'<text class="note" {place}>{escape(text)}</text>')

    def svg(self) -> str:
        """Return the picture as one element."""
        frame = "".join((*map(self._x_tick, self._x.ticks), *map(self._y_tick, self._y.ticks)))
        middle_x, middle_y = (_LEFT + self._width - _RIGHT) / 2, (_TOP + self._height - _BOTTOM) / 2
        return (
            f'<svg viewBox="0 0 {self._width} {self._height}" role="img" aria-label="{escape(self._title)}">'
            f"<title>{escape(self._title)}</title><desc>{escape(self._summary)}</desc>{frame}{''.join(self._marks)}"
            f'<text class="axis" x="{middle_x:g}" y="{self._height - 8}" text-anchor="middle">'
            f"{escape(self._x.label)}</text>"
            f'<text class="axis" transform="translate(13 {middle_y:g}) rotate(-90)" text-anchor="middle">'
            f"{escape(self._y.label)}</text></svg>"
        )

    def _at(self, x: float, y: float) -> tuple[float, float]:
        across = _LEFT + self._x.share(x) * (self._width - _LEFT - _RIGHT)
        down = self._height - _BOTTOM - self._y.share(y) * (self._height - _TOP - _BOTTOM)
        return round(across, 1), round(down, 1)

    def _points(self, pairs: Sequence[tuple[float, float]]) -> str:
        return " ".join(f"{left},{top}" for left, top in (self._at(x, y) for x, y in pairs))

    def _x_tick(self, tick: tuple[float, str]) -> str:
        left, bottom = self._at(tick[0], self._y.low)
        return f'<text class="tick" x="{left}" y="{bottom + 15}" text-anchor="middle">{escape(tick[1])}</text>'

    def _y_tick(self, tick: tuple[float, str]) -> str:
        left, level = self._at(self._x.low, tick[0])
        right, _ = self._at(self._x.high, tick[0])
        return (
            f'<line class="gridline" x1="{left}" x2="{right}" y1="{level}" y2="{level}"/>'
            f'<text class="tick" x="{left - 6}" y="{level + 3.5}" text-anchor="end">{escape(tick[1])}</text>'
        )


def _tip(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""
