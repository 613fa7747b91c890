"""Draw a chart as SVG: a frame, two scales and a few marks.

Colors are CSS classes of the page, so a chart follows its light or dark palette.  Each chart has a title and a
description for screen readers; marks show their numbers as tooltips.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Final
from xml.etree import ElementTree as ET

from markupsafe import Markup

_NAMESPACE: Final = "http://www.w3.org/2000/svg"
_STYLES: Final = ("palette.css", "chart.css")
_LABEL_ROW: Final = 16
_LETTER: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """One scale: values from ``low`` to ``high``; ``ticks`` are (value, text); ``transform`` makes it nonlinear."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]] = ()
    transform: Callable[[float], float] = float

    def position(self, value: float) -> float:
        """Return the place of a value between low (0) and high (1), never outside; low may be the larger one.

        >>> Axis(label="", low=1, high=100, transform=log_scale).position(10)
        0.5
        """
        low, high, at = map(self.transform, (self.low, self.high, value))
        return min(1.0, max(0.0, (at - low) / (high - low))) if high != low else 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Size of a chart in SVG units, the margins around its plot area, and the axis that has grid lines."""

    width: int = 440
    height: int = 300
    left: int = 52
    right: int = 18
    top: int = 14
    bottom: int = 44
    grid: str = "y"


def log_scale(value: float) -> float:
    """Return the logarithm; values at or below zero go to the lower end of the scale."""
    return math.log(max(value, 1e-300))


def round_ticks(low: float, high: float, text: str = "{:g}", about: int = 5) -> tuple[tuple[float, str], ...]:
    """Return about so many round values from low to high, each with its text.

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


def padded_range(values: Iterable[float], least: float) -> tuple[float, float]:
    """Return the range of the known values with a margin; it is at least ``least`` wide.

    >>> padded_range((0.0, 1.0, float("nan")), least=0.1)
    (-0.08, 1.08)
    """
    known = [value for value in values if math.isfinite(value)]
    low, high = min(known), max(known)
    middle, half = (low + high) / 2, max(high - low, least) / 2
    return round(middle - 1.16 * half, 12), round(middle + 1.16 * half, 12)


class Chart:
    """Collect marks; :meth:`svg` returns the picture.  ``css`` names a class of ``chart.css``."""

    def __init__(self, title: str, summary: str, x: Axis, y: Axis, frame: Frame = Frame()) -> None:
        self._title, self._summary = title, summary
        self._x, self._y, self._frame = x, y, frame
        self._marks: list[ET.Element] = []

    def band(self, xs: Sequence[float], lows: Sequence[float], highs: Sequence[float], css: str) -> None:
        """Fill the area between two lines."""
        around = [*zip(xs, lows, strict=True), *reversed(list(zip(xs, highs, strict=True)))]
        self._add("polygon", css, points=self._points(around))

    def line(self, xs: Sequence[float], ys: Sequence[float], css: str) -> None:
        """Join points; NaN values are skipped."""
        self._add("polyline", css, points=self._points(zip(xs, ys, strict=True)))

    def point(self, x: float, y: float, css: str, tip: str = "", radius: float = 4.0) -> None:
        """Draw a point, unless a value is NaN."""
        if math.isfinite(x) and math.isfinite(y):
            left, top = self._at(x, y)
            self._add("circle", css, tip, cx=left, cy=top, r=radius)

    def segment(self, start: tuple[float, float], end: tuple[float, float], css: str) -> None:
        """Join two points, such as the ends of an interval, unless a value is NaN."""
        if all(map(math.isfinite, (*start, *end))):
            (left, bottom), (right, top) = self._at(*start), self._at(*end)
            self._add("line", css, x1=left, x2=right, y1=bottom, y2=top)

    def bar(
        self, x: tuple[float, float], y: tuple[float, float], css: str, tip: str = "", opacity: float | None = None
    ) -> None:
        """Fill a rectangle between two values of each scale."""
        (left, bottom), (right, top) = self._at(x[0], y[0]), self._at(x[1], y[1])
        shade = {} if opacity is None else {"fill-opacity": f"{opacity:.2f}"}
        self._add("rect", css, tip, x=left, y=top, width=max(right - left, 0), height=max(bottom - top, 0), **shade)

    def horizontal(self, y: float, css: str = "rule", label: str = "") -> None:
        """Draw a line across the frame at a value, with a label at its right end."""
        left, right, level = self._frame.left, self._frame.width - self._frame.right, self._at(self._x.low, y)[1]
        self._add("line", css, x1=left, x2=right, y1=level, y2=level)
        self._label(label, right - 4, level - 4, "end")

    def vertical(self, x: float, css: str = "rule", label: str = "", row: int = 0) -> None:
        """Draw a line up the frame at a value; its label is in a ``row`` of labels at the top."""
        at, frame = self._at(x, self._y.low)[0], self._frame
        top = _LABEL_ROW * row + (5 if frame.top > _LABEL_ROW else frame.top)
        self._add("line", css, x1=at, x2=at, y1=top, y2=frame.height - frame.bottom)
        flipped = at + 4 + _LETTER * len(label) > frame.width
        self._label(label, at - 4 if flipped else at + 4, top + 11, "end" if flipped else "start")

    def legend(self, entries: Sequence[tuple[str, str]], top: float = 30, step: float = 140) -> None:
        """Draw colored squares with names, (css, name), for a picture without a page."""
        for n, (css, name) in enumerate(entries):
            self._add("rect", css, x=12 + step * n, y=top, width=12, height=12)
            self._label(name, 30 + step * n, top + 10, "start")

    def svg(self) -> Markup:
        """Return the picture for a page."""
        return _serialized(self._drawn({"role": "img", "aria-label": self._title}))

    def decoration(self, css: str) -> Markup:
        """Return the marks alone, without frame and description: a picture that repeats numbers next to it."""
        svg = self._element({"class": css, "aria-hidden": "true"})
        svg.extend(self._marks)
        return _serialized(svg)

    def document(self) -> str:
        """Return the picture as a file of its own, with its style and its title."""
        frame = self._frame
        svg = self._drawn({"xmlns": _NAMESPACE, "width": str(frame.width), "height": str(frame.height), "role": "img"})
        style = ET.Element("style")
        style.text = "".join(
            files("magic8_companion.reports").joinpath("templates", name).read_text(encoding="utf-8")
            for name in _STYLES
        )
        svg.insert(0, style)
        svg.append(_text(self._title, "title", 12, 20, "start"))
        return ET.tostring(svg, encoding="unicode") + "\n"

    def _drawn(self, attributes: dict[str, str]) -> ET.Element:
        frame = self._frame
        svg = self._element(attributes)
        for tag, text in (("title", self._title), ("desc", self._summary)):
            ET.SubElement(svg, tag).text = text
        for value, text in self._x.ticks:
            svg.extend(self._x_tick(value, text))
        for value, text in self._y.ticks:
            svg.extend(self._y_tick(value, text))
        svg.extend(self._marks)
        middle = (frame.left + frame.width - frame.right) / 2
        svg.append(_text(self._x.label, "axis", middle, frame.height - 8, "middle"))
        if self._y.label:
            level = (frame.top + frame.height - frame.bottom) / 2
            label = _text(self._y.label, "axis", 0, 0, "middle")
            label.set("transform", f"translate(13 {level:g}) rotate(-90)")
            svg.append(label)
        return svg

    def _element(self, attributes: dict[str, str]) -> ET.Element:
        return ET.Element("svg", {"viewBox": f"0 0 {self._frame.width} {self._frame.height}", **attributes})

    def _add(self, tag: str, css: str, tip: str = "", **attributes: float | str) -> None:
        mark = ET.Element(tag, {"class": css, **{name: _plain(value) for name, value in attributes.items()}})
        if tip:
            ET.SubElement(mark, "title").text = tip
        self._marks.append(mark)

    def _label(self, label: str, x: float, y: float, anchor: str) -> None:
        if label:
            self._marks.append(_text(label, "note", x, y, anchor))

    def _at(self, x: float, y: float) -> tuple[float, float]:
        frame = self._frame
        across = frame.left + self._x.position(x) * (frame.width - frame.left - frame.right)
        down = frame.height - frame.bottom - self._y.position(y) * (frame.height - frame.top - frame.bottom)
        return round(across, 1), round(down, 1)

    def _points(self, pairs: Iterable[tuple[float, float]]) -> str:
        known = [pair for pair in pairs if all(map(math.isfinite, pair))]
        return " ".join(f"{_plain(left)},{_plain(top)}" for left, top in (self._at(x, y) for x, y in known))

    def _x_tick(self, value: float, text: str) -> list[ET.Element]:
        at, bottom = self._at(value, self._y.low)
        label = _text(text, "tick", at, self._frame.height - self._frame.bottom + 15, "middle")
        ends = {"x1": at, "x2": at, "y1": self._frame.top, "y2": bottom}
        return [_grid_line(ends), label] if self._frame.grid == "x" else [label]

    def _y_tick(self, value: float, text: str) -> list[ET.Element]:
        left, level = self._at(self._x.low, value)
        right, _ = self._at(self._x.high, value)
        label = _text(text, "tick", self._frame.left - 6, level + 3.5, "end")
        ends = {"x1": left, "x2": right, "y1": level, "y2": level}
        return [_grid_line(ends), label] if self._frame.grid == "y" else [label]


def _serialized(svg: ET.Element) -> Markup:
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704  # the serializer has escaped the texts


def _grid_line(ends: dict[str, float]) -> ET.Element:
    return ET.Element("line", {"class": "gridline", **{name: _plain(value) for name, value in ends.items()}})


def _text(text: str, css: str, x: float, y: float, anchor: str) -> ET.Element:
    found = ET.Element("text", {"class": css, "x": _plain(x), "y": _plain(y), "text-anchor": anchor})
    found.text = text
    return found


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{round(value, 1):g}"
