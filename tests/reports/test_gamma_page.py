"""The gamma page shows each strike and each known level, on wide and on narrow screens."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest

from magic8_companion.analysis.gamma import GammaProfile
from magic8_companion.domain.errors import ConfigError
from magic8_companion.reports.gamma_page import GammaReport, gamma_page, picture_of
from tests.reports.html_reader import check_self_contained

PROFILE = GammaProfile(
    net_gex=-10.65e9,
    gross_gex=37.1e9,
    ratio=-0.287,
    regime="negative",
    magnitude="moderate",
    bias="neutral",
    gamma_flip=6003.5,
    call_wall=6010.0,
    put_wall=5990.0,
    oi_coverage=0.97,
    confidence=0.97,
    convention="calls+ puts-",
    as_of="2025-06-26T14:36:00Z",
    strikes=tuple(
        {"strike": strike, "call_gex": 1e9 + 1e7 * place, "put_gex": -2e9 + 1e7 * place}
        for place, strike in enumerate((5980.0, 5990.0, 6000.0, 6010.0, 6020.0))
    ),
    max_pain=6000.0,
    vanna_exposure=1.5e9,
    charm_exposure=-0.5e9,
    conventions={"calls+ puts-": {"net_gex": -10.65e9}, "calls- puts-": {"net_gex": -37.1e9}},
)
REPORT = GammaReport(symbol="SPX", spot=6001.25, source="simulated", minutes_to_close=324.0, profile=PROFILE)


def pictures(page: str) -> list[ET.Element]:
    """Parse the charts of a page."""
    return [ET.fromstring(f"<svg{part.partition('</svg>')[0]}</svg>") for part in page.split("<svg")[1:]]  # noqa: S314


def test_the_page_is_self_contained_and_shows_the_figures() -> None:
    """Exposures, levels and assumptions are on it."""
    text = check_self_contained(gamma_page(REPORT)).text
    for figure in ("−$10.65 bn", "$37.10 bn", "6,003.50", "5,990.00 / 6,010.00", "97 %", "calls+ puts-", "10:36 ET"):
        assert figure in text


def test_wide_and_narrow_charts_show_every_strike_and_level() -> None:
    """A phone gets a chart of its own width, so nothing is cut."""
    wide, narrow = pictures(gamma_page(REPORT))
    for chart in (wide, narrow):
        assert len(chart.findall("rect")) == 2 * len(PROFILE.strikes)
        labels = [item.text for item in chart.findall("text[@class='note']")]
        assert labels == ["put wall 5990.00", "spot 6001.25", "flip 6003.50", "call wall 6010.00"]
    sizes = [(chart.get("viewBox") or "").split()[2] for chart in (wide, narrow)]
    assert sizes == ["1000", "380"]


def test_an_unknown_level_is_not_drawn() -> None:
    """Without a flip the page says so; a chain of one strike is drawn too."""
    page = gamma_page(replace(REPORT, profile=replace(PROFILE, gamma_flip=None, strikes=PROFILE.strikes[:1])))
    assert "none within 3 %" in page
    wide, _ = pictures(page)
    assert len(wide.findall("rect")) == 2
    assert "flip" not in " ".join(item.text or "" for item in wide.iter("text"))


def test_a_symbol_with_markup_is_text() -> None:
    """Nothing of a name becomes a tag."""
    page = gamma_page(replace(REPORT, symbol="<script>"))
    assert "<script>" in check_self_contained(page).text


def test_a_picture_is_a_page_or_svg() -> None:
    """Another suffix is rejected with the two that work."""
    assert picture_of(REPORT, ".html").startswith(b"<!doctype html>")
    assert picture_of(REPORT, ".svg").startswith(b"<svg")
    with pytest.raises(ConfigError, match=r"\.html or \.svg"):
        picture_of(REPORT, ".png")
