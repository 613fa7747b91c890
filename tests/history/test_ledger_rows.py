"""Each row against the option mathematics of the host and the rules of the ledger."""

from __future__ import annotations

import random
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pytest

from magic8_companion.domain.trading_day import require_session
from magic8_companion.options.payoff import payoff, profile
from magic8_companion.options.structures import build
from magic8_ml.forecast.feature_catalogue import schema_digest
from tests.history.simulated_ledger import HALF_DAY, MARKET, bars, ledger, spy_ledger


def some_rows(count: int = 400) -> list[dict[str, Any]]:
    """Return rows of every structure, maker and scenario."""
    places = random.Random(8).sample(range(len(spy_ledger())), count)
    return spy_ledger().take(sorted(places)).to_pylist()


def strikes_of(row: dict[str, Any]) -> list[float]:
    """Return the strikes that are there."""
    return [row[f"strike{leg}"] for leg in range(1, 5) if row[f"strike{leg}"] is not None]


@pytest.mark.parametrize("row", some_rows(60), ids=lambda row: f"{row['structure']}-{row['scenario']}")
def test_money_agrees_with_the_signed_legs(row: dict[str, Any]) -> None:
    """Gross, net, largest loss and gain are those of the general payoff of the same order."""
    legs = build(row["strategy"], strikes_of(row), row["action"], row["right"].split("/")[0])
    mid = row["premium"] if row["action"] == "BUY" else -row["premium"]
    cost = mid + (row["slippage"] + row["fees"]) / 100
    pays = float(payoff(legs, row["settlement"]))
    assert row["gross"] == pytest.approx(100 * (pays - mid), abs=1e-6)
    assert row["net"] == pytest.approx(100 * (pays - cost), abs=1e-6)
    limits = profile(legs, cost)
    assert row["risk"] == pytest.approx(100 * limits.max_loss, abs=1e-6)
    assert row["reward"] == pytest.approx(100 * limits.max_profit, abs=1e-6)
    assert row["q_star"] == pytest.approx(row["risk"] / (row["risk"] + row["reward"]))


def test_a_win_is_a_settlement_between_the_break_evens() -> None:
    """They lie one risk inside the outer strikes; at or beyond a risk of one width nothing wins."""
    for row in some_rows():
        strikes, risk = strikes_of(row), row["risk"] / 100
        above = row["structure"] in {"butterfly", "iron_condor", "put_credit", "call_debit"}
        below = row["structure"] in {"butterfly", "iron_condor", "call_credit", "put_debit"}
        inside = (not above or row["settlement"] > strikes[0] + risk) and (
            not below or row["settlement"] < strikes[-1] - risk
        )
        assert row["win"] == int(inside and row["reward"] > 0), row["trade_id"]
        assert 0 <= row["implied_probability"] <= 1
        assert (row["implied_probability"] > 0) or row["reward"] <= 0 or row["structure"] == "butterfly"


def test_strikes_are_listed_and_geometry_differs_from_day_to_day() -> None:
    """SPY's strikes are whole; a day keeps its smile and its random state, another day has others."""
    rows = spy_ledger()
    for leg in range(1, 5):
        known = rows[f"strike{leg}"].drop_null().to_numpy()
        np.testing.assert_array_equal(known, np.round(known))
    days = rows.group_by("date").aggregate(
        [(name, "count_distinct") for name in ("smile_a", "smile_b", "random_state")]
    )
    assert set(days["smile_a_count_distinct"].to_pylist()) == {1}
    assert len(set(rows["random_state"].to_pylist())) == len(days)
    assert -0.12 <= min(rows["smile_a"].to_pylist()) <= max(rows["smile_a"].to_pylist()) <= -0.05


def test_entries_are_every_quarter_hour_and_earlier_on_half_days() -> None:
    """10:00 to 15:30 New York; a half day is flagged and ends at 12:30."""
    rows = spy_ledger()
    full, half = date(2024, 7, 2), HALF_DAY
    for day, last in ((full, 360), (half, 180)):
        of_day = rows.filter(pc.equal(rows["date"], day))
        opened = require_session(day).open_at
        due = {opened + timedelta(minutes=minutes) for minutes in range(30, last + 1, 15)}
        assert set(of_day["timestamp"].to_pylist()) == due
        assert set(of_day["half_day"].to_pylist()) == {day == half}
        assert min(of_day["minutes_to_close"].to_pylist()) == 30


def test_price_settlement_and_touch_come_from_the_bars() -> None:
    """The price is the close of the bar before, the settlement that of the last bar, the path what lies between."""
    for row in some_rows(60):
        session = require_session(row["date"])
        before = bars("SPY").between(session.open_at, row["timestamp"])
        after = bars("SPY").between(row["timestamp"], session.close_at)
        assert row["price"] == before.close[-1]
        assert row["settlement"] == after.close[-1]
        low, high = min(row["price"], after.low.min()), max(row["price"], after.high.max())
        assert row["path_low"] == pytest.approx(np.log(low / row["price"]) / row["s_imp"], abs=1e-9)
        assert row["path_high"] == pytest.approx(np.log(high / row["price"]) / row["s_imp"], abs=1e-9)
        legs = build(row["strategy"], strikes_of(row), row["action"], row["right"].split("/")[0])
        assert row["touched_short"] == any(low <= leg.strike <= high for leg in legs if leg.quantity < 0)
        assert row["pin_risk"] == any(abs(row["settlement"] - k) < 0.001 * k for k in strikes_of(row))


def test_cash_settled_symbols_have_no_pin_risk() -> None:
    """SPX settles in cash: no share changes hands, so nothing is open after the close; its strikes are 5 apart."""
    rows = ledger({"SPX": MARKET.bars("SPX", date(2023, 10, 2), date(2024, 3, 28))})
    assert not any(rows["pin_risk"].to_pylist())
    assert not np.any(rows["strike1"].to_numpy() % 5)


def test_scenarios_stand_together_and_cost_ever_more() -> None:
    """Each trade has its three rows in order, told apart by costs alone; ids are unique."""
    rows = spy_ledger()
    assert rows["scenario"].to_pylist()[:6] == ["low", "base", "high"] * 2
    low, base, high = rows["slippage"].to_numpy().reshape(-1, 3).T
    assert (low < base).all()
    assert (base < high).all()
    ids = rows["trade_id"].to_pylist()
    assert len(set(ids)) * 3 == len(rows)
    assert ids[0] == ids[2] != ids[3]
    assert set(rows["feature_digest"].to_pylist()) == {schema_digest()}
