"""Codes are texts: equal, printed, pickled and written like them, and every published code is a member."""

from __future__ import annotations

import ast
from pathlib import Path

import orjson
import pytest

from magic8_companion.domain.codes import (
    Blocker,
    Code,
    Confidence,
    DataStatus,
    EntrySource,
    ReasonCode,
    Strategy,
    VerticalSide,
)

KINDS = (Blocker, Confidence, DataStatus, EntrySource, ReasonCode, VerticalSide, Strategy)
ROOT = Path(__file__).parents[2]
PACKAGES = ("magic8_companion", "magic8_ml")


@pytest.mark.parametrize("code", [code for kind in KINDS for code in kind])
def test_a_code_is_its_text(code: Code) -> None:
    """A code equals, hashes, prints, serializes and survives a worker process like its text."""
    text = code.value
    assert (code, hash(code), repr(code), f"{code}") == (text, hash(text), repr(text), text)
    assert orjson.dumps({"code": code}) == orjson.dumps({"code": text})
    build, arguments = code.__reduce_ex__(4)[:2]  # what a worker process receives
    assert build(*arguments) is code


def test_every_literal_reason_is_a_member() -> None:
    """Each reason that the two packages raise or answer as a literal is one of ``ReasonCode``."""
    known = {str(reason) for reason in ReasonCode}
    raised = {
        (path.name, reason)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"DataUnavailable", "Unavailable"}
        for reason in _literals(node)
    }
    assert raised
    assert {(path, reason) for path, reason in raised if reason not in known} == set()


def _literals(call: ast.Call) -> list[str]:
    given = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "reason")]
    return [value.value for value in given if isinstance(value, ast.Constant) and isinstance(value.value, str)]
