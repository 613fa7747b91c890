"""The 3700/3800 verticals of SPXW in January 2021: priced from recorded quotes, settled, accounted to the cent."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.options.chain_quotes import LegFlag, clean_chain
from magic8_companion.options.costs import Fill, net_cost, opening_fees
from magic8_companion.options.payoff import payoff
from magic8_companion.options.products import product
from magic8_companion.options.structures import vertical
from tests.real_data import real_data_dir

pytestmark = pytest.mark.real_data

# official closes of the S&P 500
SETTLEMENT = {date(2021, 1, 4): 3700.65, date(2021, 1, 6): 3748.14, date(2021, 1, 8): 3824.68}


def chain_at(day: date, clock: str) -> OptionChain:
    """Return the two strikes at a UTC minute; the spot is what their calls and puts imply."""
    frame = pd.read_parquet(real_data_dir() / "spxw_quotes_1m_2021-01_lean.parquet")
    at = datetime.fromisoformat(f"{day}T{clock}:00").replace(tzinfo=UTC)
    frame = frame[(frame.ts_utc == at) & (frame.expiry.dt.date == day)]
    found = {(row.right, row.strike): (row.bid, row.ask) for row in frame.itertuples()}
    rows = []
    for strike in (3700.0, 3800.0):
        call, put = found.get(("C", strike), (None, None)), found.get(("P", strike), (None, None))
        rows.append(OptionRow(strike=strike, call_bid=call[0], call_ask=call[1], put_bid=put[0], put_ask=put[1]))
    spot = 3700 + sum(found["C", 3700.0]) / 2 - sum(found.get(("P", 3700.0), (0.0, 0.1))) / 2
    return OptionChain(
        symbol="SPX", spot=spot, rows=tuple(rows), expiry=day, as_of=at, source="recorded", status="replay"
    )


@pytest.mark.parametrize(
    ("day", "right", "sign", "cost", "fees", "profit"),
    [
        # buy 3800 put 62.00, sell 3700 put 1.25; worth 3800 - 3700.65; 1.10 each: (99.35 - 60.75) x 100 - 2.20
        (date(2021, 1, 4), "P", 1, 60.75, 2.20, 3857.80),
        # buy 3800 put 46.20, sell 3700 put 0.85; worth 51.86; 1.10 + 1.01: (51.86 - 45.35) x 100 - 2.11
        (date(2021, 1, 6), "P", 1, 45.35, 2.11, 648.89),
        # sell 3700 call 55.00, buy 3800 call 0.30; owes 48.14; 1.10 + 1.01: (54.70 - 48.14) x 100 - 2.11
        (date(2021, 1, 6), "C", -1, -54.70, 2.11, 653.89),
        # buy 3700 call 107.40, sell 3800 call 13.40; worth 100: (100 - 94.00) x 100 - 2.20
        (date(2021, 1, 8), "C", 1, 94.00, 2.20, 597.80),
        # sell 3800 put 6.90, buy 3700 put 0.20; owes nothing; 1.10 + 1.01: 6.70 x 100 - 2.11
        (date(2021, 1, 8), "P", -1, -6.70, 2.11, 667.89),
    ],
)
def test_a_vertical_is_priced_settled_and_accounted(
    day: date, right: str, sign: int, cost: float, fees: float, profit: float
) -> None:
    """Executed at 10:30 New York against the quotes, held to the official close, fees paid once."""
    quotes = clean_chain(chain_at(day, "15:30"))
    legs = vertical([3700, 3800], right, sign)
    assert net_cost(legs, quotes, Fill.NATURAL) == pytest.approx(cost)
    assert opening_fees(legs, quotes, product("SPX").fees) == pytest.approx(fees)
    account = 100 * (float(payoff(legs, SETTLEMENT[day])) - cost) - fees
    assert account == pytest.approx(profit)


@pytest.mark.parametrize("day", [date(2021, 1, 6), date(2021, 1, 8)])
def test_call_and_put_vertical_together_cost_their_width(day: date) -> None:
    """The box is worth 100 points at settlement; its mid is within half a point, and nobody gives it away."""
    quotes = clean_chain(chain_at(day, "15:30"))
    box = [*vertical([3700, 3800], "C"), *vertical([3700, 3800], "P")]
    assert net_cost(box, quotes, Fill.MID) == pytest.approx(100, abs=0.5)
    assert net_cost(box, quotes, Fill.NATURAL) > 100
    assert -net_cost([*vertical([3700, 3800], "C", -1), *vertical([3700, 3800], "P", -1)], quotes, Fill.NATURAL) < 100


def test_a_crossed_recorded_quote_is_not_priced() -> None:
    """On January 8 at 15:30 New York the 3700 put was quoted 0.10 bid at 0.05."""
    quotes = clean_chain(chain_at(date(2021, 1, 8), "20:30"))
    assert quotes.puts.flags[0] == LegFlag.CROSSED
    with pytest.raises(DataUnavailable, match="bad_leg"):
        net_cost(vertical([3700, 3800], "P"), quotes, Fill.MID)
