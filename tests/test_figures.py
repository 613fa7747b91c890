"""The figures of the pages on evaluation and model are those of the reports."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def figures() -> ModuleType:
    """Load the script that fills the pages."""
    spec = importlib.util.spec_from_file_location("make_figures", ROOT / "docs" / "make_figures.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["evaluation.md", "model.md"])
def test_every_figure_of_a_page_is_that_of_the_report(figures: ModuleType, name: str) -> None:
    """The blocks made from the extract of the reports are those that stand on the page."""
    page = (ROOT / "docs" / name).read_text(encoding="utf-8")
    assert figures.filled(page, figures._read(figures.FIGURES)) == page


def test_every_block_stands_on_a_page_and_a_changed_figure_is_noticed(figures: ModuleType) -> None:
    """No block is forgotten, and another value gives another page."""
    pages = [path.read_text(encoding="utf-8") for path in figures.PAGES]
    names = {match[2] for page in pages for match in figures.BLOCK.finditer(page)}
    assert names == set(figures.BLOCKS)
    known = figures._read(figures.FIGURES)
    changed = [{**goal, "value": goal["value"] and goal["value"] + 0.01} for goal in known["endpoints"]]
    assert all(figures.filled(page, {**known, "endpoints": changed}) != page for page in pages)


def test_measured_figures_stand_in_blocks_alone(figures: ModuleType) -> None:
    """Within the results of a report no interval stands outside of a block, where it could age unseen."""
    page = (ROOT / "docs" / "evaluation.md").read_text(encoding="utf-8")
    section = page[page.index("## The year") : page.index("## The protocol")]
    outside = figures.BLOCK.sub("", section)
    assert re.findall(r"\[-?\d+(?:\.\d+)?, -?\d+(?:\.\d+)?\]", outside) == []
