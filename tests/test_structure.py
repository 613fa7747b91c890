"""Files and functions stay small enough to be read at one go, and tests that share a fixture run on one worker."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400
LONGER = {"magic8_companion/reader_kit.py": 640}
"""Bots copy the reader kit as one file, so it cannot be divided."""
LONGEST_FUNCTION = 45
SOURCES = [path for package in ("magic8_companion", "magic8_ml") for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_file_is_too_long() -> None:
    """A file has one idea, and room for it."""
    long = {str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in SOURCES}
    assert {path: lines for path, lines in long.items() if lines > LONGER.get(path, LONGEST_FILE)} == {}


def test_no_function_is_too_long() -> None:
    """A function fits on a screen, its docstring not counted."""
    long = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body[ast.get_docstring(node) is not None :]
                if body and (node.end_lineno or 0) - body[0].lineno + 1 > LONGEST_FUNCTION:
                    long[f"{path.relative_to(ROOT)}:{node.name}"] = (node.end_lineno or 0) - body[0].lineno + 1
    assert long == {}


def test_workers_see_the_groups_of_tests(request: pytest.FixtureRequest) -> None:
    """Under several workers the group is part of the name by which tests are handed out."""
    if not request.config.getoption("loadgroup", default=False):
        pytest.skip("this run has no workers with groups")
    assert request.node.nodeid.endswith("@tests/test_structure.py")
