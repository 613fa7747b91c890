"""The analysis of a market state: the input of scorers and ticket search, and its dict form for callers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from magic8_companion.domain.market_state import SIMULATED, MarketState
from magic8_companion.domain.trading_day import utc_text

if TYPE_CHECKING:  # the option maths load scipy, which a plugin that only passes views on does not need
    from magic8_companion.options.fitted_chain import FittedChain

GAMMA_ENVIRONMENTS: Final = {
    "low_vol_high_gamma": "Low volatility, high gamma",
    "pinning": "High gamma, pinning",
    "range_bound": "Range-bound, moderate gamma",
    "high_vol_low_gamma": "High volatility, low gamma",
    "directional": "Directional, variable gamma",
}
"""Code -> text; scorers read the code, never the text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketView:
    """One symbol analysed: a state, and what it means.

    ``implied_vol`` in per cent per year; ``iv_percentile`` 0..100; ``expected_range_pct`` one standard deviation of
    the move from now to the close and ``expected_range_day_pct`` of the whole day, both as fractions.
    ``gamma`` is the gamma object of the host contract or None.  ``tape`` holds the trailing, time-of-day normalised
    measures that the rules read (name -> number), for the evidence.
    ``fitted_chain`` is the chain with its checked quotes and its smile, read by scores, tickets and gamma alike; None
    where the mode reads no chain or none was received.
    """

    state: MarketState
    implied_vol: float
    implied_vol_source: str
    iv_percentile: float
    iv_source: str
    expected_range_pct: float
    range_source: str
    expected_range_day_pct: float
    gamma_environment_code: str
    gamma: dict[str, Any] | None = None
    atm_options_count: int = 0
    oi_coverage: float = 0.0
    tape: dict[str, float | None] = field(default_factory=dict)
    fitted_chain: FittedChain | None = field(default=None, compare=False, repr=False)

    @property
    def gamma_environment(self) -> str:
        """Return the text of the gamma environment."""
        return GAMMA_ENVIRONMENTS[self.gamma_environment_code]

    def market_conditions(self) -> dict[str, Any]:
        """Return the ``market_conditions`` object of the published file."""
        return {
            "iv_rank": round(self.iv_percentile, 1),
            "range_expectation": round(self.expected_range_pct, 6),
            "gamma_environment": self.gamma_environment,
            "data_source": self.state.data_source,
            "iv_source": self.iv_source,
            "range_source": self.range_source,
            "spot": round(self.state.spot, 4),
        }

    def as_market_data(self) -> dict[str, Any]:
        """Return the dict of ``analyze_symbol``; the key ``view`` holds this object for callers that know it."""
        state = self.state
        stamp = utc_text(state.as_of)
        bars = state.bars
        return {
            "view": self,
            "symbol": state.symbol,
            "as_of": stamp,
            "analysis_timestamp": stamp,
            "current_price": state.spot,
            "price": state.spot,
            "high": float(bars.high.max()),
            "low": float(bars.low.min()),
            "volume": float(bars.volume.sum()),
            "implied_vol": self.implied_vol,
            "implied_vol_source": self.implied_vol_source,
            "iv_percentile": self.iv_percentile,
            "iv_source": self.iv_source,
            "expected_range_pct": self.expected_range_pct,
            "range_source": self.range_source,
            "expected_range_day_pct": self.expected_range_day_pct,
            "gamma_environment": self.gamma_environment,
            "gamma_environment_code": self.gamma_environment_code,
            "gamma": self.gamma,
            "option_chain": None if state.chain is None else [row.as_dict() for row in state.chain.rows],
            "atm_options_count": self.atm_options_count,
            "oi_coverage": self.oi_coverage,
            "bars": bars.frame(),
            "vix_bars": state.vix_bars.frame(),
            "vix": None if state.vix is None else state.vix.value,
            "minutes_to_close": state.minutes_to_close,
            "data_source": state.data_source,
            "data_provider": state.data_source,
            "data_status": state.data_status,
            "data_age_s": state.data_age_seconds,
            "is_mock_data": state.data_status == SIMULATED,
        }
