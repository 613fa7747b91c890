"""Two symbols on one index."""

from __future__ import annotations

from dataclasses import replace

import pytest

from magic8_companion.domain.bars import Bars
from magic8_companion.plausibility import implausible_ratios
from tests.engine.fakes import FULL_DAY, bars_of

BARS = {"SPX": bars_of(FULL_DAY, 12, 6000.0), "SPY": bars_of(FULL_DAY, 12, 598.0), "QQQ": bars_of(FULL_DAY, 12, 530.0)}
LAST = {name: float(bars.close[-1]) for name, bars in BARS.items()}


def found(today: dict[str, Bars] = BARS, **moves: float) -> dict[str, str]:
    """Return the reasons when prices have moved by some shares."""
    prices = {name: LAST[name] * (1 + moves.get(name, 0.0)) for name in LAST}
    return {name: finding.reason for name, finding in implausible_ratios(prices, today).items()}


def test_what_moves_together_is_true() -> None:
    """A crash of both, and a small lag of one."""
    assert found() == found(SPX=-0.06, SPY=-0.06) == found(SPY=0.009) == {}


@pytest.mark.parametrize("move", [0.02, -0.02, 0.3])
def test_the_one_that_has_left_its_bars_is_named(move: float) -> None:
    """The other one, and other indices, are left alone."""
    assert found(SPY=move) == {"SPY": "index_ratio"}
    assert found(SPX=move) == {"SPX": "index_ratio"}


def test_both_are_named_when_neither_stood_still() -> None:
    """Opposite moves of equal size do not say who is wrong."""
    assert set(found(SPX=0.01, SPY=-0.01)) == {"SPX", "SPY"}


def test_other_symbols_and_few_bars_say_nothing() -> None:
    """QQQ has no index here; a ratio needs three bars of both."""
    assert found(QQQ=0.05) == {}
    assert found({name: bars[:2] for name, bars in BARS.items()}, SPY=0.05) == {}
    later = replace(BARS["SPY"], starts=BARS["SPY"].starts + 10**15)
    assert found({**BARS, "SPY": later}, SPY=0.05) == {}
