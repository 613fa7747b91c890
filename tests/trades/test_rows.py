"""Labelled trades as columns: selected, joined, and closed to columns that nobody knows."""

from __future__ import annotations

import numpy as np
import pytest

from magic8_ml.trades.feature_catalogue import TRADE_FEATURES, LeakingColumn
from magic8_ml.trades.rows import TradeRows, complete_columns, joined_rows


def rows(symbols: tuple[str, ...] = ("SPX", "SPY"), n: int = 6) -> TradeRows:
    """Return n trades of two symbols on three days."""
    number = np.arange(n)
    return TradeRows(
        symbols=symbols,
        symbol=number % len(symbols),
        strategy=number % 4,
        day=number // 2,
        entered_at=number.astype(np.int64),
        features=np.tile(number[:, None], (1, len(TRADE_FEATURES))).astype(np.float64),
        implied=np.full(n, 0.75),
        won=number % 2 == 0,
        profit=np.where(number % 2 == 0, 50.0, -150.0),
        max_risk=np.full(n, 150.0),
    )


@pytest.mark.parametrize("planted", ["closed", "profit", "win", "price", "source_file", "my_signal"])
def test_a_planted_column_is_refused(planted: str) -> None:
    """A column from outside the catalogue never reaches a model, whatever it is called."""
    whole = rows()
    with pytest.raises(LeakingColumn, match=planted):
        TradeRows(
            symbols=whole.symbols,
            symbol=whole.symbol,
            strategy=whole.strategy,
            day=whole.day,
            entered_at=whole.entered_at,
            features=np.concatenate((whole.features, whole.won[:, None]), axis=1),
            implied=whole.implied,
            won=whole.won,
            profit=whole.profit,
            max_risk=whole.max_risk,
            names=(*TRADE_FEATURES, planted),
        )


def test_an_unnamed_column_is_refused() -> None:
    """More columns than names are no rows."""
    whole = rows()
    with pytest.raises(ValueError, match="features are not"):
        TradeRows(
            symbols=whole.symbols,
            symbol=whole.symbol,
            strategy=whole.strategy,
            day=whole.day,
            entered_at=whole.entered_at,
            features=np.concatenate((whole.features, whole.won[:, None]), axis=1),
            implied=whole.implied,
            won=whole.won,
            profit=whole.profit,
            max_risk=whole.max_risk,
        )


def test_parts_join_by_the_name_of_the_symbol() -> None:
    """Codes of different symbol tables are translated."""
    both = joined_rows([rows(("SPX", "SPY")), rows(("SPY", "QQQ"))])
    names = [both.symbols[code] for code in both.symbol.tolist()]
    assert names == ["SPX", "SPY"] * 3 + ["SPY", "QQQ"] * 3


def test_columns_of_different_kinds_do_not_join() -> None:
    """Rows of other columns are other rows."""
    with pytest.raises(ValueError, match="columns"):
        joined_rows([rows(), rows().with_columns(TRADE_FEATURES[:3])])


def test_a_pair_is_selected_by_name() -> None:
    """Rows of one symbol and strategy, none for a symbol nobody traded."""
    whole = rows()
    chosen = whole[whole.of_pair("SPY", "Vertical")] if whole.of_pair("SPY", "Vertical").any() else whole[:0]
    assert set(chosen.symbol.tolist()) <= {1}
    assert not whole.of_pair("NDX", "Vertical").any()
    assert [whole.pairs[place] for place in whole.pair[:2].tolist()] == [("SPX", "Butterfly"), ("SPY", "Iron_Condor")]


def test_reward_follows_from_risk_and_its_odds() -> None:
    """At odds of three to four a risk of 150 $ stands against a reward of 50 $."""
    assert rows().max_reward == pytest.approx(50.0)
    assert rows().column("weekday").tolist() == [0, 1, 2, 3, 4, 5]
    assert rows().n_days == 3


def test_the_presence_of_a_sheet_is_no_column() -> None:
    """Delta columns that some rows lack are not handed to a model; a market column may be missing early in the day."""
    whole = rows()
    gap = np.array(whole.features)
    gap[0, TRADE_FEATURES.index("price_vs_short")] = np.nan
    gap[0, TRADE_FEATURES.index("log_pace")] = np.nan
    gap[:, TRADE_FEATURES.index("distance_to_vwap")] = np.nan
    holed = TradeRows(
        symbols=whole.symbols,
        symbol=whole.symbol,
        strategy=whole.strategy,
        day=whole.day,
        entered_at=whole.entered_at,
        features=gap,
        implied=whole.implied,
        won=whole.won,
        profit=whole.profit,
        max_risk=whole.max_risk,
    )
    assert set(TRADE_FEATURES) - set(complete_columns(holed)) == {"price_vs_short", "distance_to_vwap"}
    assert holed.digest != holed.with_columns(complete_columns(holed)).digest
