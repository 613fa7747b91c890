"""Charts stay inside their frame, skip unknown values, and escape their texts."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from magic8_companion.reports.chart import Axis, Chart, Frame

NAN = float("nan")
AXIS = Axis(label="a", low=0, high=1)
SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart: Chart) -> ET.Element:
    """Parse the picture of a page."""
    return ET.fromstring(chart.svg())  # noqa: S314 - our own picture


def test_a_mark_outside_the_frame_stays_inside() -> None:
    """Values beyond an axis are drawn at its end; unknown ones are not drawn at all."""
    chart = Chart("t", "s", AXIS, AXIS)
    chart.point(5, -3, "point", "far")
    chart.point(NAN, 0.5, "point", "unknown")
    chart.segment((0.5, NAN), (0.5, 1), "interval")
    (point,) = drawn(chart).findall("circle")
    assert (point.get("cx"), point.get("cy")) == ("422", "256")
    assert not drawn(chart).findall("line")
    assert "unknown" not in chart.svg()


def test_unknown_values_of_a_line_and_a_band_are_skipped() -> None:
    """No coordinate is NaN."""
    chart = Chart("t", "s", AXIS, AXIS)
    chart.line((0, 0.5, 1), (0, NAN, 1), "line one")
    chart.band((0, 0.5, 1), (0, NAN, 0), (1, NAN, 1), "band")
    assert "nan" not in chart.svg()
    assert len((drawn(chart).findall("polygon")[0].get("points") or "").split()) == 4


def test_texts_with_markup_are_shown_as_text() -> None:
    """Titles, ticks, labels and tooltips are escaped."""
    chart = Chart("<b>", "<i>", Axis(label="<u>", low=0, high=1, ticks=((0, "<s>"),)), AXIS)
    chart.bar((0, 1), (0, 1), "fill one", "<q>")
    chart.vertical(0.5, label="<em>")
    texts = {item.text for item in drawn(chart).iter() if item.text}
    assert {"<b>", "<i>", "<u>", "<s>", "<q>", "<em>"} <= texts


def test_a_label_near_the_right_edge_goes_to_the_left_of_its_line() -> None:
    """Labels are never cut by the edge of the picture."""
    chart = Chart("t", "s", AXIS, AXIS)
    chart.vertical(0.1, label="call wall 6275.00")
    chart.vertical(0.95, label="put wall 6230.00")
    anchors = [item.get("text-anchor") for item in drawn(chart).findall("text[@class='note']")]
    assert anchors == ["start", "end"]


def test_a_picture_that_stands_alone_brings_its_style() -> None:
    """The file has a namespace, a size, both palettes and its title."""
    chart = Chart("Title", "s", AXIS, AXIS, Frame(width=300, height=200))
    chart.legend((("fill one", "first"),))
    root = ET.fromstring(chart.document())  # noqa: S314 - our own picture
    assert (root.tag, root.get("width"), root.get("height")) == (f"{SVG}svg", "300", "200")
    assert "prefers-color-scheme:dark" in (root.findtext(f"{SVG}style") or "")
    assert {"Title", "first"} <= {item.text for item in root.iter(f"{SVG}text")}


def test_a_decoration_is_hidden_from_screen_readers() -> None:
    """It repeats numbers that stand next to it, so it has marks only."""
    chart = Chart("t", "s", AXIS, AXIS)
    chart.point(0.5, 0.5, "point")
    root = ET.fromstring(chart.decoration("forest"))  # noqa: S314 - our own picture
    assert (root.get("aria-hidden"), root.get("class"), [item.tag for item in root]) == ("true", "forest", ["circle"])
