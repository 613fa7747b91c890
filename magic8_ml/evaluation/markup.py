"""Small pieces of a page: tables, figures, cards.  Text is escaped here; only :class:`Markup` passes as it is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


class Markup(str):
    """Text that is already HTML."""

    __slots__ = ()


def text(value: object) -> str:
    """Return a value as HTML.

    >>> text("a < b"), text(Markup("<b>c</b>"))
    ('a &lt; b', '<b>c</b>')
    """
    return str(value) if isinstance(value, Markup) else escape(str(value))


def table(caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], marked: Iterable[str] = ()) -> Markup:
    """Return a table whose first column names the rows; rows named in ``marked`` stand out."""
    strong = set(marked)
    header = "".join(f'<th scope="col">{text(cell)}</th>' for cell in head)
    lines = []
    for first, *rest in rows:
        css = ' class="model"' if first in strong else ""
        cells = "".join(f"<td>{text(cell)}</td>" for cell in rest)
        lines.append(f'<tr{css}><th scope="row">{text(first)}</th>{cells}</tr>')
    named = f"<caption>{escape(caption)}</caption>" if caption else ""
    body = f"<thead><tr>{header}</tr></thead><tbody>{''.join(lines)}</tbody>"
    return Markup(f'<div class="scroll"><table>{named}{body}</table></div>')


def figure(title: str, picture: str, caption: str, legend: Sequence[tuple[str, str]] = ()) -> Markup:
    """Return a picture with a title, a legend of (css class, name) and a caption."""
    keys = "".join(f'<span><i class="{css}"></i>{escape(name)}</span>' for css, name in legend)
    below = f'<div class="legend">{keys}</div>' if legend else ""
    return Markup(
        f"<figure><h3>{escape(title)}</h3>{picture}{below}<figcaption>{escape(caption)}</figcaption></figure>"
    )


def grid(*parts: str) -> Markup:
    """Return parts side by side where there is room."""
    return Markup(f'<div class="grid">{"".join(parts)}</div>')


def card(*parts: str) -> Markup:
    """Return parts on a card of their own."""
    return Markup(f'<div class="card">{"".join(parts)}</div>')


def section(identity: str, title: str, lead: str, *parts: str) -> Markup:
    """Return a section that the navigation can point at."""
    intro = f"<p>{escape(lead)}</p>" if lead else ""
    return Markup(f'<section><h2 id="{identity}">{escape(title)}</h2>{intro}{"".join(parts)}</section>')


def bullets(sentences: Iterable[str]) -> Markup:
    """Return a list."""
    return Markup("<ul>" + "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences) + "</ul>")


def details(summary: str, *parts: str, unfolded: bool = False) -> Markup:
    """Return parts that fold away; ``unfolded`` at first or not."""
    state = " open" if unfolded else ""
    return Markup(f"<details{state}><summary>{escape(summary)}</summary>{''.join(parts)}</details>")
