"""Evaluation and serving judge a trade by one number: what a report says would be taken is what is approved."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from magic8_companion.domain.bars import from_ns
from magic8_companion.domain.trading_day import new_york_day
from magic8_ml.cli.predict_trade import observed
from magic8_ml.evaluation.trade_out_of_sample import expected_value
from magic8_ml.messages.values import Order
from magic8_ml.trades.expected_value import TradeTermsSummary
from magic8_ml.trades.ledger_trades import ledger_trades, read_ledger
from magic8_ml.trades.orders import opening_fees
from magic8_ml.trades.predictor import WinPrediction, WinProbabilityPredictor
from magic8_ml.trades.settled_trades import SettledTrades
from magic8_ml.trades.trade_markets import market_snapshots
from tests.trades.simulated_trades import Forecaster, Simulated, moves_of, served

N_TRADES = 100


def _trades(simulated: Simulated) -> SettledTrades:
    # of all months, charged what an order is charged
    table = read_ledger(simulated.folder)
    known = ledger_trades(table.take(np.arange(0, len(table), len(table) // N_TRADES)))
    terms = known.terms
    fees = opening_fees(terms.symbols, terms.symbol, terms.quantity, terms.net_premium)
    return replace(known, terms=replace(terms, fees=fees)).drop_one_sided()


def _order(known: SettledTrades, row: int) -> Order:
    terms = known.terms[row : row + 1]
    used = terms.quantity[0] != 0
    premium, calls = float(terms.net_premium[0]), terms.is_call[0][used]
    strategy = ("Butterfly", "Iron_Condor", "Vertical", "Sonar")[int(terms.strategy[0])]
    return Order(
        action="BUY" if premium > 0 else "SELL",
        quantity=2,
        strategy=strategy,
        order_name=strategy,
        symbol=terms.symbols[int(terms.symbol[0])],
        multiplier=100,
        weekly=False,
        expiry=new_york_day(from_ns(int(terms.at[0]))),
        expiry_text=None,
        strikes=tuple(terms.strikes[0][used].tolist()),
        option_type="CALL/PUT" if len(set(calls.tolist())) == 2 else "CALL" if calls.all() else "PUT",
        premium=abs(premium),
        price_effect="debit" if premium > 0 else "credit",
    )


@pytest.mark.parametrize("forecasts", [False, True])
def test_what_evaluation_takes_is_approved(simulated: Simulated, *, forecasts: bool) -> None:
    """Rows of a ledger and the same trades as orders have one value, threshold and verdict, fees counted once."""
    known, model = _trades(simulated), served(simulated)
    snapshots = market_snapshots(known.terms, {"SPX": simulated.bars}, simulated.vix)
    rows = known.rows(snapshots.contexts(moves_of(snapshots) if forecasts else None))
    predictor = WinProbabilityPredictor(model, Forecaster() if forecasts else None)
    answers = []
    for row, at in enumerate(known.terms.at.tolist()):
        market = observed("SPX", {"SPX": simulated.bars}, simulated.vix, from_ns(at), None)
        answers.append(predictor.predict(_order(known, row), market))
    sure = [answer for answer in answers if isinstance(answer, WinPrediction)]
    assert len(sure) == len(rows) > N_TRADES // 2
    said = np.array([answer.win_probability for answer in sure])
    worth = expected_value(TradeTermsSummary.of_rows(rows), said, model.model.shared.realised_fractions)
    assert [answer.expected_value / 2 for answer in sure] == pytest.approx(worth.value, rel=1e-9, abs=1e-9)
    assert [answer.threshold for answer in sure] == pytest.approx(worth.threshold, rel=1e-9)
    assert [answer.approved for answer in sure] == (worth.value > 0).tolist()
    assert {answer.value_kind for answer in sure} == {"distribution" if forecasts else "two_point"}
    assert len({answer.approved for answer in sure}) == 2
