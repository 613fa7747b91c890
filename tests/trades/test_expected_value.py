"""What a trade is worth: the shares that it rests on, and that value and threshold say the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_ml.trades.expected_value import RealisedFractions, TradeTermsSummary, expected_value
from magic8_ml.trades.rows import TradeRows
from tests.evaluation.made_trades import made_trades

ODDS = st.floats(0.001, 0.999)
DOLLARS = st.floats(1, 1e5)


def _half(rows: TradeRows) -> TradeRows:
    return replace(rows, profit=np.where(rows.won, rows.max_reward / 2, -rows.max_risk / 4))


def test_shares_are_those_of_the_kind() -> None:
    """Winners that take half of what they could teach a share of one half; a kind without examples wins all."""
    shares = RealisedFractions.of(_half(made_trades()))
    assert shares.gain[[0, 5]] == pytest.approx(0.5)
    assert shares.loss[[0, 5]] == pytest.approx(0.25)
    assert shares.gain[3] == 1.0


def test_rows_without_a_premium_teach_no_share() -> None:
    """Nobody knows what they could have won."""
    rows = _half(made_trades())
    deaf = replace(rows, implied=np.where(np.arange(len(rows)) % 3 == 0, np.nan, rows.implied))
    assert RealisedFractions.of(deaf).gain[[0, 5]] == pytest.approx(0.5)
    assert np.isnan(
        expected_value(TradeTermsSummary.of_rows(deaf), deaf.implied, RealisedFractions.whole()).value[::3]
    ).all()


def test_shares_are_read_as_they_were_written() -> None:
    """To the bit, by the names of side and strategy."""
    shares = RealisedFractions.of(_half(made_trades()))
    plain = shares.as_json()
    assert plain["credit"]["Iron_Condor"] == pytest.approx([0.5, 0.25])
    read = RealisedFractions.from_json(plain)
    assert (read.gain.tolist(), read.loss.tolist()) == (shares.gain.tolist(), shares.loss.tolist())


@pytest.mark.parametrize("pair", [[0.0, 1.0], [1.0, -0.1], [None, 1.0], [float("inf"), 1.0], [1.0], [1.0, 1.0, 1.0]])
def test_nonsense_is_no_share(pair: list[Any]) -> None:
    """A share of nothing, a negative one, a missing one, one too few or too many."""
    plain: dict[str, Any] = RealisedFractions.whole().as_json()
    plain["debit"]["Butterfly"] = pair
    with pytest.raises((ValueError, TypeError)):
        RealisedFractions.from_json(plain)


def test_shares_of_other_strategies_are_refused() -> None:
    """One kind is missing, or there is one too many."""
    for side, name in (("debit", "Butterfly"), ("credit", None)):
        plain: dict[str, Any] = RealisedFractions.whole().as_json()
        del (plain if name is None else plain[side])[name or side]
        with pytest.raises(ValueError, match="strategies"):
            RealisedFractions.from_json(plain)


@given(
    said=ODDS,
    odds=ODDS | st.just(float("nan")),
    part=st.floats(-1, 5),
    reward=DOLLARS,
    risk=DOLLARS,
    share=st.tuples(st.floats(0.01, 1), st.floats(0, 1)),
)
def test_worth_something_exactly_above_the_threshold(
    said: float, odds: float, part: float, reward: float, risk: float, share: tuple[float, float]
) -> None:
    """With a forecast and without; and the value is that of the two published formulas."""
    gain, loss = share
    offer = TradeTermsSummary(
        kind=np.array([0]),
        max_reward=np.array([reward]),
        max_risk=np.array([risk]),
        forecast_win=np.array([odds]),
        forecast_value=np.array([part * risk]),
    )
    worth = expected_value(offer, np.array([said]), RealisedFractions(gain=np.full(8, gain), loss=np.full(8, loss)))
    (value,), (threshold,) = worth.value.tolist(), worth.threshold.tolist()
    assert (value > 0) == (said > threshold)
    wins, loses = gain * reward, loss * risk
    formula = said * wins - (1 - said) * loses if np.isnan(odds) else part * risk + (said - odds) * (wins + loses)
    assert value == pytest.approx(formula, abs=1e-9 * (reward + risk) * 6)
