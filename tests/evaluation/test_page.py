"""The evaluation page is self-contained and shows what the report holds, as text."""

from __future__ import annotations

import re

import orjson
import pytest

from magic8_ml.evaluation.forecast_goals import GOALS
from magic8_ml.evaluation.page import evaluation_page
from magic8_ml.evaluation.report import as_json
from tests.evaluation.made_evaluation import Made
from tests.reports.html_reader import check_self_contained


@pytest.fixture(scope="module")
def html(made: Made) -> str:
    """Make the page once."""
    return evaluation_page(made.report)


def test_the_page_is_self_contained_and_has_every_section(html: str) -> None:
    """No script, no network; each tag is closed and each link leads to a section."""
    targets = check_self_contained(html).targets
    assert targets == ["goals", "volatility", "win", "calls", "groups", "leakage", "negative", "protocol"]


def test_every_picture_has_a_description(html: str) -> None:
    """Charts have a role, a label and a description; pictures next to numbers are hidden from screen readers."""
    pictures = re.findall(r"<svg[^>]*>", html)
    assert len(pictures) > 12
    assert all('role="img"' in picture or 'aria-hidden="true"' in picture for picture in pictures)
    assert html.count("<desc>") == sum('role="img"' in picture for picture in pictures)
    assert "nan" not in " ".join(re.findall(r'(?:points|x1|cx|y|width)="([^"]*)"', html))


def test_the_goals_and_the_failures_are_on_the_page(made: Made, html: str) -> None:
    """Every goal with its meaning, every baseline and the count of negative results can be read."""
    text = check_self_contained(html).text
    for record in made.report["endpoints"]:
        assert record["name"] in text
        assert record["meaning"] in text
    for name in ("B1 climatology", "B4 HAR with today", "B7 recalibrated price", "B8 majority"):
        assert name in text
    assert made.report["negatives"]
    assert f"{len(made.report['negatives'])} findings against the model" in text
    assert "B6 rule scorer: not available" in text
    assert "No forecast of this: B2 VIX x share" in text
    assert f"of {len(GOALS)} goals passed" in text
    for trial in made.report["trials"]:
        assert trial["identity"] in text
    for sentence in made.report["limits"]:
        assert sentence in text


def test_a_narrow_page_keeps_the_descriptions_of_the_goals(html: str) -> None:
    """On a phone the table of goals becomes a list in which each number has its heading; nothing is hidden."""
    narrow = html[html.index("@media (max-width:40rem)") :]
    assert not re.search(r"\.(?:meaning|forest)[^{]*\{display:none", narrow)
    assert '<table class="stack">' in html
    assert html.count('data-label="95 % interval"') == len(GOALS)


def test_markup_in_names_is_text(made: Made, html: str) -> None:
    """A design called <twin> is text, and so is markup in the log of trials, in facts and in sentences."""
    assert "&lt;twin&gt;" in html
    evil = "<script>alert(1)</script>"
    trials = [{**trial, "identity": evil, "configuration": evil, "first": evil} for trial in made.report["trials"]]
    endpoints = [{**made.report["endpoints"][0], "status": evil, "meaning": evil}, *made.report["endpoints"][1:]]
    report = {**made.report, "trials": trials, "endpoints": endpoints, "warnings": [evil], "data": {evil: evil}}
    assert check_self_contained(evaluation_page(report)).text.count(evil) >= 5 + len(trials)


def test_a_report_read_back_from_json_gives_the_same_page(made: Made, html: str) -> None:
    """The page needs nothing that the JSON does not hold, and the JSON holds no NaN."""
    text = as_json(made.report)
    assert b"NaN" not in text
    assert evaluation_page(orjson.loads(text)) == html
