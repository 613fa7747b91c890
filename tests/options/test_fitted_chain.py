"""The fit of a chain: quotes and smile together, or the reason, and no second fit anywhere."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.fitted_chain import fit_chain
from magic8_companion.options.smile import fit_smile
from tests.options.chains import simulated_chain

CHAIN = simulated_chain(at=datetime(2025, 6, 26, 16, tzinfo=UTC))
ROOT = Path(__file__).parents[2]
PACKAGES = ("magic8_companion", "magic8_ml")
CHAIN_WORK = {"clean_chain", "fit_smile"}


def test_quotes_and_smile_are_those_of_the_chain() -> None:
    """The fit holds what cleaning and fitting the chain one by one give."""
    quotes, smile = fit_chain(CHAIN).require_fit()
    assert smile == fit_smile(clean_chain(CHAIN))
    assert quotes.forward == clean_chain(CHAIN).forward


def test_quotes_without_a_smile_keep_the_reason() -> None:
    """A chain of too few quotes can still be priced by its quotes; the missing smile names its reason."""
    few = replace(CHAIN, rows=CHAIN.rows[len(CHAIN.rows) // 2 - 1 : len(CHAIN.rows) // 2 + 2])
    fitted = fit_chain(few)
    assert fitted.require_quotes() is fitted.quotes
    with pytest.raises(DataUnavailable, match="too_few_quotes"):
        fitted.require_fit()


def test_an_unknown_product_has_neither_quotes_nor_smile() -> None:
    """A chain without settlement keeps its reason for everybody who needs quotes."""
    fitted = fit_chain(replace(CHAIN, symbol="VIX"))
    for need in (fitted.require_quotes, fitted.require_fit):
        with pytest.raises(DataUnavailable, match="unknown_product"):
            need()


def test_chains_are_cleaned_and_fitted_in_one_place() -> None:
    """No module of either package calls ``clean_chain`` or ``fit_smile`` except ``options.fitted_chain``."""
    callers = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CHAIN_WORK
    }
    assert callers == {"magic8_companion/options/fitted_chain.py"}
