"""Templates escape text, reject missing values, and are the only place with HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from jinja2 import UndefinedError

from magic8_companion.reports.page import render
from tests.reports.html_reader import check_self_contained

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = "magic8_companion.reports"


def test_the_base_page_is_self_contained_and_escapes_its_title() -> None:
    """A title with markup is shown as text."""
    page = render(PACKAGE, "base.html", title="<script>x</script> & more")
    assert "<script> & more" not in check_self_contained(page).text
    assert "&lt;script&gt;x&lt;/script&gt; &amp; more" in page


def test_a_missing_value_is_an_error() -> None:
    """A template never prints an empty text for a value that was not passed."""
    with pytest.raises(UndefinedError, match="title"):
        render(PACKAGE, "base.html")


def test_only_templates_hold_html() -> None:
    """No Python file builds a page from strings; the simulated vendors under ``testing`` answer with their own."""
    tag = re.compile(r"</?(?:div|span|table|tr|td|th|p|h[1-6]|ul|li|section|figure|svg|rect|html|body|style)\b[^\w`]")
    found = {
        str(path.relative_to(ROOT)): tag.findall(path.read_text(encoding="utf-8"))
        for package in ("magic8_companion", "magic8_ml")
        for path in (ROOT / package).rglob("*.py")
        if "testing" not in path.parts
    }
    assert {path: tags for path, tags in found.items() if tags} == {}


def test_every_template_is_in_a_package_folder() -> None:
    """The build puts packages into the wheel, so templates and styles must lie inside them."""
    names = {path.name for path in (ROOT / "magic8_companion" / "reports" / "templates").iterdir()}
    assert {"base.html", "parts.html", "palette.css", "chart.css", "page.css"} <= names


def test_control_characters_are_shown_as_text() -> None:
    """A page holds no control character of a text of others."""
    page = render(PACKAGE, "base.html", title="a\x1b[2J\u202e\x00b")
    assert r"a\x1b[2J\u202e\x00b" in page
