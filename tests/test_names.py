"""Names stay those of the field: words of a private dialect do not come back, and a class name means one thing."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = [path for package in ("magic8_companion", "magic8_ml") for path in sorted((ROOT / package).rglob("*.py"))]

# module prefix -> words that no identifier below it may contain
RETIRED = {
    "magic8_": (
        *("said", "told", "came", "judged", "judgement", "learnt", "worth", "heed", "barred", "anybody", "nobody"),
        *("bulletin", "customary", "misquotes", "director", "troubles", "trouble", "bell", "outsider", "exhibit"),
        *("offer", "offers", "luck", "analyst"),
    ),
    "magic8_companion.engine": ("alarm", "moment"),
    "magic8_companion.providers.ib": ("link",),
    "magic8_ml.evaluation": ("endpoints", "leak"),
    "magic8_ml.forecast": ("cuts", "plan"),
    "magic8_ml.trades": ("margin", "spread", "own_share", "shares"),
}
# module -> names that a contract, a library or the exchange fixes
FIXED = {
    "magic8_companion.providers.ib": {"LINK_LOST", "LINK_BACK", "LINK_BACK_EMPTY"},  # IB's word for its servers
    "magic8_ml.evaluation.records": {"endpoints"},  # published keys
    "magic8_ml.trades.trees": {"base_margin", "output_margin"},  # arguments of XGBoost
    "magic8_ml.trades.feature": {"call_put_delta_spread", "short_long_spread"},  # names of stored features
}
RETIRED_CLASSES = {
    *("EngineOptions", "MLOptions", "IBOptions", "TicketOptions", "Bulletin", "Moment", "Judgement", "Offer", "Offers"),
    *("Told", "Left", "Line", "Chain", "Shares", "Path", "Plan", "Link", "Trouble", "Bell", "ContractBook", "Alarm"),
    *("Director", "Analyst", "Troubles"),
}


@cache
def module_of(path: Path) -> str:
    """Return the dotted name of a source file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


@cache
def identifiers(path: Path) -> frozenset[str]:
    """Return every identifier of a source file."""
    text = path.read_text(encoding="utf-8")
    return frozenset(
        token.string for token in tokenize.generate_tokens(io.StringIO(text).readline) if token.type == tokenize.NAME
    )


def fixed_names(module: str) -> set[str]:
    """Return the names that a module has not chosen itself."""
    return set().union(*(names for prefix, names in FIXED.items() if module.startswith(prefix)))


def words(identifier: str) -> set[str]:
    """Split an identifier into its words.

    >>> sorted(words("fitOne_TwoThree"))
    ['fit', 'one', 'three', 'two']
    """
    return set(re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", identifier).lower().split("_"))


@pytest.mark.parametrize("prefix", RETIRED)
def test_retired_words_do_not_come_back(prefix: str) -> None:
    """No identifier below the module contains a word that the project gave up."""
    found = {
        (module_of(path), name)
        for path in SOURCES
        if module_of(path).startswith(prefix)
        for name in identifiers(path) - fixed_names(module_of(path))
        if words(name) & set(RETIRED[prefix])
    }
    assert found == set()


def test_class_names_are_unique_and_none_is_retired() -> None:
    """A class name stands for one thing in both packages."""
    names = Counter(
        node.name
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    )
    assert {name for name, count in names.items() if count > 1} == set()
    assert names.keys() & RETIRED_CLASSES == set()
