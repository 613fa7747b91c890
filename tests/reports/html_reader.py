"""Read a page as a browser would, and reject what a self-contained page must not have."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_VOID = {"meta", "br", "link", "img"}


class Reader(HTMLParser):
    """Check that each tag is closed; collect tags, addresses, link targets and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.targets: list[str] = []
        self.text = ""

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

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    """Parse a page to its end."""
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open
    return reader


def check_self_contained(html: str) -> Reader:
    """Check that a page runs nothing, loads nothing and links only to itself; return what was read."""
    reader = read(html)
    assert html.startswith("<!doctype html>")
    assert not {"script", "link", "img", "iframe", "object"} & set(reader.tags)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", html)
    assert {address.removeprefix("#") for address in reader.addresses} <= set(reader.targets)
    assert "prefers-color-scheme:dark" in html
    assert "@media print" in html
    return reader
