"""The page is whole, quiet on the network, and tells what the report tells."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import orjson
import pytest

from magic8_ml.evaluation.goals import GOALS
from magic8_ml.evaluation.page import page
from magic8_ml.evaluation.report import as_json
from magic8_ml.evaluation.svg import Axis, Chart
from tests.evaluation.made_evaluation import Made

_VOID = {"meta", "br", "link", "img"}


class Reader(HTMLParser):
    """Checks that what is opened is closed, and collects what could reach out."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in _VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name in {"src", "href", "action", "data", "poster", "srcset"}:
                self.addresses.append(value or "")
            if name == "id":
                self.targets.append(value or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def html(made: Made) -> str:
    """Draw the page once."""
    return page(made.report)


def read(html: str) -> Reader:
    """Parse a page to its end."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def test_every_tag_is_closed_and_every_link_leads_somewhere(html: str) -> None:
    """The page parses, and links point at sections of its own."""
    found = read(html)
    assert {address.removeprefix("#") for address in found.addresses} <= set(found.targets)
    assert {"endpoints", "volatility", "win", "calls", "where", "leak", "negative", "protocol"} <= set(found.targets)


def test_nothing_is_fetched_and_nothing_runs(html: str) -> None:
    """No script, no address of another host, no import in the style."""
    found = read(html)
    assert not {"script", "link", "img", "iframe", "object"} & set(found.tags)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)


def test_every_picture_says_what_it_shows(html: str) -> None:
    """Charts have a role, a label and a description; small glyphs beside numbers are hidden from readers."""
    pictures = re.findall(r"<svg[^>]*>", html)
    assert len(pictures) > 12
    assert all('role="img"' in picture or 'aria-hidden="true"' in picture for picture in pictures)
    assert html.count("<desc>") == sum('role="img"' in picture for picture in pictures)
    assert "nan" not in " ".join(re.findall(r'(?:points|x1|cx|y|width)="([^"]*)"', html))


def test_the_goals_and_the_failures_are_on_the_page(made: Made, html: str) -> None:
    """Every endpoint, every baseline and the count of negative results can be read."""
    for record in made.report["endpoints"]:
        assert record["name"] in html
    for name in ("B1 climatology", "B4 HAR with today", "B7 recalibrated price", "B8 majority"):
        assert name in html
    assert made.report["negatives"]
    assert f"{len(made.report['negatives'])} findings against the model" in html
    assert "B6 rule scorer: not available" in html
    assert "Without an answer to this: B2 VIX x share" in html
    assert f"of {len(GOALS)} goals passed" in html
    for trial in made.report["trials"]:
        assert trial["identity"] in html
    for sentence in made.report["limits"]:
        assert sentence in html


def test_names_are_escaped(html: str) -> None:
    """A design called <twin> is text, not a tag."""
    assert "&lt;twin&gt;" in html
    assert "<twin>" not in html


def test_a_report_read_back_from_json_gives_the_same_page(made: Made, html: str) -> None:
    """The page needs nothing that the JSON does not hold, and the JSON holds no NaN."""
    text = as_json(made.report)
    assert b"NaN" not in text
    assert page(orjson.loads(text)) == html


def test_dark_mode_and_print_are_the_readers_choice(html: str) -> None:
    """The style follows the reader's settings."""
    assert "prefers-color-scheme:dark" in html
    assert "@media print" in html


def test_a_mark_outside_the_frame_stays_inside() -> None:
    """Values beyond an axis are drawn at its end; unknown ones are not drawn at all."""
    axis = Axis(label="a", low=0, high=1, ticks=())
    chart = Chart("t", "s", axis, axis)
    chart.dot(5, -3, "dot", "far")
    chart.dot(float("nan"), 0.5, "dot", "unknown")
    svg = chart.svg()
    assert svg.count("<circle") == 1
    assert "far" in svg
    assert "unknown" not in svg
