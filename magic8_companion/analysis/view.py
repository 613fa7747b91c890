"""From a market state to a market view: what is priced, where the tape stands, where the dealers stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from magic8_companion.analysis.atm import StrikeQuote, atm_volatility, parity_forward, straddle_range, strike_quotes
from magic8_companion.analysis.environment import gamma_environment
from magic8_companion.analysis.gamma import MAGNITUDE_BOUNDS, MIN_OI_COVERAGE, GammaProfile, gamma_profile
from magic8_companion.analysis.percentile import mid_rank, standing
from magic8_companion.analysis.tape import measure_tape
from magic8_companion.analysis.volatility import IV_WINDOW_DAYS, completed_closes, day_range, vix_range
from magic8_companion.domain.bars import Floats
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.market_view import MarketView
from magic8_companion.domain.option_chain import OptionChain

ATM: Final = "atm"
VIX: Final = "vix"
STRADDLE: Final = "straddle"
SIMPLE: Final = "simple"
STANDARD: Final = "standard"
MODES: Final = (SIMPLE, STANDARD, "enhanced")

_VIX_IS_THEIR_OWN: Final = ("SPX", "SPY", "XSP")
_NARROWEST_LOG_VOL: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisOptions:
    """Options of the analysis; the defaults are those of the settings of the same names."""

    iv_min_history_days: int = 60
    gamma_max_age_minutes: int = 5
    gamma_regime_thresholds: Mapping[str, float] = field(default_factory=lambda: MAGNITUDE_BOUNDS)


_DEFAULTS: Final = AnalysisOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class _AtTheMoney:
    """What the chain says of the price of the rest of the day; None where its quotes do not answer."""

    volatility_pct: float | None = None
    straddle_range: float | None = None
    strikes: int = 0


def analyse(
    state: MarketState,
    mode: str = STANDARD,
    *,
    atm_history: Sequence[float] = (),
    options: AnalysisOptions = _DEFAULTS,
) -> MarketView:
    """Return what ``state`` means.

    Parameters
    ----------
    state
        What was observed; its VIX is needed in every mode.
    mode
        ``simple`` ignores the chain; ``standard`` and ``enhanced`` read it.
    atm_history
        The symbol's own at-the-money volatilities (per cent), one per completed day before today, oldest first.  Not
        read for SPX, SPY and XSP, whose own volatility is the VIX; too short, and the VIX stands in.
    options
        Settings that change the answer.

    Raises
    ------
    DataUnavailable
        ``missing_vix``, ``iv_history_short`` or ``missing_bars``: the symbol is skipped with this reason.
    ValueError
        For an unknown mode.
    """
    require_mode(mode)
    if state.vix is None:
        raise DataUnavailable("missing_vix", f"{state.symbol}: {state.missing.get('vix', 'no VIX was received')}")
    chain = None if mode == SIMPLE else state.chain
    money = _AtTheMoney() if chain is None else _at_the_money(chain)
    own = _own_history(state.symbol, atm_history, options.iv_min_history_days)
    if own is not None and money.volatility_pct is not None:
        iv_source, volatility, closes = ATM, money.volatility_pct, own
    else:
        iv_source, volatility = VIX, state.vix.value
        closes = completed_closes(state.vix_daily, state.session, options.iv_min_history_days)
    percentile, whole_day = mid_rank(volatility, closes), day_range(volatility)
    profile = None if chain is None else _profile(state, chain, options)
    to_close = vix_range(state.vix.value, state.session, state.as_of)
    tape = measure_tape(state)
    tape["implied_percentile"] = standing(float(np.log(volatility)), np.log(closes), _NARROWEST_LOG_VOL)
    tape["gamma_ratio"] = None if profile is None or profile.oi_coverage < MIN_OI_COVERAGE else profile.ratio
    return MarketView(
        state=state,
        implied_vol=state.vix.value if money.volatility_pct is None else money.volatility_pct,
        implied_vol_source=VIX if money.volatility_pct is None else ATM,
        iv_percentile=percentile,
        iv_source=iv_source,
        expected_range_pct=to_close if money.straddle_range is None else money.straddle_range,
        range_source=VIX if money.straddle_range is None else STRADDLE,
        expected_range_day_pct=whole_day,
        gamma_environment_code=gamma_environment(profile, percentile, whole_day),
        gamma=None if profile is None else profile.as_dict(),
        atm_options_count=money.strikes,
        oi_coverage=0.0 if chain is None else chain.oi_coverage,
        tape=tape,
    )


def require_mode(mode: str) -> str:
    """Return ``mode``, or raise ``ValueError`` when nobody knows it."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is unknown; known: {', '.join(MODES)}")
    return mode


def _own_history(symbol: str, atm_history: Sequence[float], min_days: int) -> Floats | None:
    if symbol in _VIX_IS_THEIR_OWN or len(atm_history) < min_days:
        return None
    return np.asarray(atm_history[-IV_WINDOW_DAYS:], dtype=np.float64)


def _at_the_money(chain: OptionChain) -> _AtTheMoney:
    quotes = strike_quotes(chain)
    forward = parity_forward(quotes, chain.spot)
    if forward is None:
        return _AtTheMoney()
    spread = straddle_range(quotes, forward, chain.spot)
    volatility = atm_volatility(quotes, forward)
    return _AtTheMoney(
        volatility_pct=None if volatility is None else 100 * volatility,
        straddle_range=spread,
        strikes=_count_within(quotes, forward, spread * chain.spot),
    )


def _count_within(quotes: Sequence[StrikeQuote], middle: float, points: float) -> int:
    return sum(abs(quote.strike - middle) <= points for quote in quotes)


def _profile(state: MarketState, chain: OptionChain, options: AnalysisOptions) -> GammaProfile | None:
    if state.as_of - chain.as_of > timedelta(minutes=options.gamma_max_age_minutes):
        return None
    minutes = state.session.minutes_to_close(chain.as_of)
    return gamma_profile(chain, minutes, options.gamma_regime_thresholds)
