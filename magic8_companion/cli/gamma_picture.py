"""Gamma exposure by strike as a picture: a self-contained page with inline SVG, light and dark, or a PNG."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from io import BytesIO
from itertools import pairwise
from math import ceil, floor, log10
from textwrap import fill
from typing import Any, Final

from magic8_companion.domain.errors import ConfigError
from magic8_companion.domain.trading_day import new_york_day, new_york_label, parse_utc

WIDTH: Final = 1000
HEIGHT: Final = 480
_LEFT: Final = 70
_RIGHT: Final = 20
_TOP: Final = 84
_BOTTOM: Final = 44
_SUFFIXES: Final = (".html", ".png")
_BILLION: Final = 1e9
_MARKS: Final = (("spot", "spot"), ("gamma_flip", "flip"), ("call_wall", "call wall"), ("put_wall", "put wall"))

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>
:root {{ color-scheme: light dark; --paper: #fff; --ink: #1d2430; --faint: #667085; --line: #d5dae3;
  --call: #1f6fb2; --put: #c2571a; --mark: #1d2430; }}
@media (prefers-color-scheme: dark) {{ :root {{ --paper: #12161d; --ink: #e6eaf0; --faint: #98a2b3; --line: #303845;
  --call: #5aa9e6; --put: #f0884a; --mark: #e6eaf0; }} }}
body {{ background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; margin: 0 auto;
  max-width: 1040px; padding: 24px; }}
h1 {{ font-size: 20px; margin: 0; }} p {{ color: var(--faint); margin: 4px 0 12px; }}
.chart {{ overflow-x: auto; }} svg {{ width: 100%; min-width: 680px; height: auto; display: block; }}
.keys {{ white-space: nowrap; }} i {{ display: inline-block; width: 11px; height: 11px; border-radius: 2px;
  margin: 0 3px 0 8px; }} i.call {{ background: var(--call); }} i.put {{ background: var(--put); }}
svg text {{ fill: var(--faint); font-size: 13px; }} svg .mark text {{ fill: var(--mark); }}
.call {{ fill: var(--call); }} .put {{ fill: var(--put); }} .grid {{ stroke: var(--line); }}
.mark line {{ stroke: var(--mark); stroke-width: 1.5; stroke-dasharray: 5 4; }}
.mark .spot {{ stroke-dasharray: none; }}
dl {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(225px, 1fr)); gap: 8px 20px; margin: 16px 0 0; }}
dt {{ color: var(--faint); font-size: 13px; }} dd {{ font-variant-numeric: tabular-nums; margin: 0; }}
</style></head><body><h1>{title}</h1>
<p>{subtitle} <span class="keys"><i class="call"></i>calls <i class="put"></i>puts</span></p>
<div class="chart">{svg}</div>
<dl>{facts}</dl></body></html>
"""


def picture_of(shown: Mapping[str, Any], suffix: str) -> bytes:
    """Return the picture of a gamma object with ``symbol``, ``spot`` and ``minutes_to_close``, as .html or .png.

    Raises
    ------
    ConfigError
        For another suffix, or for a PNG without matplotlib.
    """
    if suffix not in _SUFFIXES:
        raise ConfigError([f"a picture ends in {' or '.join(_SUFFIXES)}, not in {suffix or 'nothing'}"])
    return gamma_page(shown).encode() if suffix == ".html" else _png(shown)


def gamma_page(shown: Mapping[str, Any]) -> str:
    """Return the page: bars per strike, calls up and puts down, with lines at spot, flip and walls."""
    return _PAGE.format(
        title=escape(_title(shown)), subtitle=escape(_subtitle(shown)), svg=_svg(shown), facts=_facts(shown)
    )


def _title(shown: Mapping[str, Any]) -> str:
    return f"{shown['symbol']} gamma exposure by strike"


def _subtitle(shown: Mapping[str, Any]) -> str:
    at = parse_utc(shown["as_of"])
    day = new_york_day(at)
    return (
        f"{day.day} {day:%B %Y} {new_york_label(at)}, {shown['minutes_to_close']:.0f} minutes to the close."
        f" USD of delta per 1 % move, dealers taken to be long calls and short puts ({shown['convention']});"
        " open interest is last night's."
    )


def _svg(shown: Mapping[str, Any]) -> str:
    rows = shown["strikes"]
    strikes = [row["strike"] for row in rows]
    high, low = max(row["call_gex"] for row in rows), min(row["put_gex"] for row in rows)
    margin, step = 0.05 * (high - low), _step(strikes)
    x = _scale(strikes[0] - step, strikes[-1] + step, _LEFT, WIDTH - _RIGHT)
    y = _scale(low - margin, high + margin, HEIGHT - _BOTTOM, _TOP)
    bar = max(1.0, 0.8 * (x(strikes[0] + step) - x(strikes[0])))
    parts = [f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(_title(shown))}">']
    parts += [_grid_line(value, y) for value in _round_values(low, high, 6)]
    for row in rows:
        left = x(row["strike"]) - bar / 2
        parts.append(_bar("call", left, bar, y(row["call_gex"]), y(0.0), row))
        parts.append(_bar("put", left, bar, y(0.0), y(row["put_gex"]), row))
    labelled = _round_values(strikes[0], strikes[-1], 11)
    parts += [f'<text x="{x(k):.1f}" y="{HEIGHT - 20}" text-anchor="middle">{k:g}</text>' for k in labelled]
    parts += _marks(shown, x)
    return "".join((*parts, "</svg>"))


def _step(strikes: Sequence[float]) -> float:
    return min((high - low for low, high in pairwise(strikes)), default=1.0)


def _round_values(low: float, high: float, most: int) -> list[float]:
    """Return at most ``most`` + 1 round values of [low, high], steps of 1, 2 or 5 times a power of ten.

    >>> _round_values(6145.0, 6345.0, 11), _round_values(-1.1, 2.3, 6)
    ([6160.0, 6180.0, 6200.0, 6220.0, 6240.0, 6260.0, 6280.0, 6300.0, 6320.0, 6340.0], [-1.0, 0.0, 1.0, 2.0])
    """
    if high == low:
        return [low]
    power = 10.0 ** floor(log10((high - low) / most))
    step = next(power * digit for digit in (1, 2, 5, 10) if power * digit * most >= high - low)
    return [round(step * n, 10) for n in range(ceil(low / step), floor(high / step) + 1)]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    return lambda value: start + (value - low) * (end - start) / (high - low)


def _grid_line(value: float, y: Callable[[float], float]) -> str:
    height = f"{y(value):.1f}"
    return (
        f'<line class="grid" x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{height}" y2="{height}"/>'
        f'<text x="{_LEFT - 8}" y="{height}" dy="4" text-anchor="end">{_axis(value)}</text>'
    )


def _axis(value: float) -> str:
    return f"{value / _BILLION:+g} bn" if value else "0"


def _bar(side: str, left: float, width: float, top: float, bottom: float, row: Mapping[str, float]) -> str:
    told = f"{row['strike']:g}: calls {row['call_gex'] / _BILLION:+.3f}, puts {row['put_gex'] / _BILLION:+.3f} bn"
    return (
        f'<rect class="{side}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{max(0.0, bottom - top):.1f}">'
        f"<title>{told}</title></rect>"
    )


def _marks(shown: Mapping[str, Any], x: Callable[[float], float]) -> list[str]:
    # labels take the four rows above the bars, one each, so that neighbours never overlap
    found = [(shown[key], name) for key, name in _MARKS if shown[key] is not None]
    inside = [(value, name) for value, name in found if _LEFT <= x(value) <= WIDTH - _RIGHT]
    lines = []
    for place, (value, name) in enumerate(sorted(inside)):
        at, height = x(value), 14 + 18 * place
        anchor, shift = ("end", -5) if at > WIDTH - 130 else ("start", 5)
        kind, ends = "spot" if name == "spot" else "level", f'y1="{height - 10}" y2="{HEIGHT - _BOTTOM}"'
        lines.append(
            f'<g class="mark"><line class="{kind}" x1="{at:.1f}" x2="{at:.1f}" {ends}/>'
            f'<text x="{at + shift:.1f}" y="{height}" text-anchor="{anchor}">{name} {value:.2f}</text></g>'
        )
    return lines


def _facts(shown: Mapping[str, Any]) -> str:
    short = shown["conventions"]["calls- puts-"]
    facts = (
        ("net / gross per 1 %", f"{_bn(shown['net_gex'])} / {shown['gross_gex'] / _BILLION:.2f} bn $"),
        ("regime", f"{shown['regime']}, {shown['magnitude']} ({shown['ratio']:+.2f})"),
        ("flip", _level(shown["gamma_flip"], "none within 3 %")),
        ("put wall / call wall", f"{_level(shown['put_wall'])} / {_level(shown['call_wall'])}"),
        ("max pain", _level(shown["max_pain"])),
        ("vanna, delta per vol point", _bn(shown["vanna_exposure"])),
        ("charm, delta per hour", _bn(shown["charm_exposure"])),
        ("net if dealers are short all options", _bn(short["net_gex"])),
        ("open interest known", f"{shown['oi_coverage']:.0%}"),
    )
    return "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)


def _bn(value: float) -> str:
    return f"{value / _BILLION:+.2f} bn $"


def _level(value: float | None, otherwise: str = "unknown") -> str:
    return otherwise if value is None else f"{value:,.2f}"


def _png(shown: Mapping[str, Any]) -> bytes:
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415  # an extra; the page needs nothing
    except ImportError:
        raise ConfigError(["a PNG needs matplotlib: pip install -e '.[train]', or ask for .html"]) from None
    figure = Figure(figsize=(10, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    strikes: Sequence[float] = [row["strike"] for row in shown["strikes"]]
    step = _step(strikes)
    for key, colour, name in (("call_gex", "#1f6fb2", "calls"), ("put_gex", "#c2571a", "puts")):
        axes.bar(strikes, [row[key] / _BILLION for row in shown["strikes"]], 0.8 * step, color=colour, label=name)
    for (key, name), style in zip(_MARKS, ("-", "--", ":", "-."), strict=True):
        if shown[key] is not None and strikes[0] <= shown[key] <= strikes[-1]:
            axes.axvline(shown[key], color="#1d2430", linestyle=style, label=f"{name} {shown[key]:.2f}")
    axes.set_title(_title(shown))
    axes.set_xlabel(fill(_subtitle(shown), 120), fontsize=8)
    axes.set_ylabel("bn $ per 1 %")
    axes.legend(fontsize=8)
    image = BytesIO()
    figure.savefig(image, format="png")
    return image.getvalue()
