"""The shell of a self-contained page: head, style, tiles, links to its sections.  No script and no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from html import escape
from importlib.resources import files

from magic8_ml.evaluation.markup import text

Tile = tuple[object, str, str]
"""A value, what it says, and its css class or nothing."""


def whole_page(title: str, header: str, sections: Mapping[tuple[str, str], str]) -> str:
    """Return the page; ``sections`` maps (identity, title) to HTML, and those that are empty get no link."""
    links = "".join(f'<a href="#{identity}">{name}</a>' for (identity, name), body in sections.items() if body)
    style = files("magic8_ml.evaluation").joinpath("page.css").read_text(encoding="utf-8")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body><main>{header}<nav aria-label='Sections'>{links}</nav>{''.join(sections.values())}</main></body>"
        "</html>\n"
    )


def page_header(title: str, lead: str, tiles: Iterable[Tile], warnings: Iterable[str]) -> str:
    """Return what stands on top: the title, a line of facts, warnings, and the figures that matter most."""
    shown = "".join(
        f'<div class="tile"><b class="{css}">{text(value)}</b><span>{words}</span></div>' for value, words, css in tiles
    )
    told = "".join(f'<p class="warning">{escape(sentence)}</p>' for sentence in warnings)
    return (
        f'<header><h1>{escape(title)}</h1><p class="lead">{escape(lead)}</p>{told}'
        f'<div class="tiles">{shown}</div></header>'
    )
