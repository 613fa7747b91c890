"""From a market state to a market view: what is priced, where the tape stands, where the dealers stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

import numpy as np

from magic8_companion.analysis.atm import AtTheMoney, at_the_money
from magic8_companion.analysis.environment import gamma_environment
from magic8_companion.analysis.gamma import MAGNITUDE_BOUNDS, MIN_COVERAGE, GammaProfile, gamma_profile
from magic8_companion.analysis.percentile import mid_rank, smooth_rank
from magic8_companion.analysis.tape import measure_tape
from magic8_companion.analysis.volatility import IV_WINDOW_DAYS, completed_closes, day_range, vix_range
from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.config import setting
from magic8_companion.domain.errors import DataUnavailable
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.market_view import MarketView
from magic8_companion.options.fitted_chain import FittedChain, fit_chain

ATM: Final = "atm"
VIX: Final = "vix"
STRADDLE: Final = "straddle"
SIMPLE: Final = "simple"
STANDARD: Final = "standard"
MODES: Final = (SIMPLE, STANDARD, "enhanced")

_VIX_IS_THEIR_OWN: Final = ("SPX", "SPY", "XSP")


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysisConfig:
    """Configuration of the analysis."""

    iv_min_history_days: int = field(
        default=60,
        metadata=setting(
            "Own at-the-money closes below which the VIX stands in for their history.", advanced=True, ge=20, le=252
        ),
    )
    gamma_max_age_minutes: int = field(
        default=5, metadata=setting("Age in minutes beyond which a chain gives no gamma.", advanced=True, ge=1, le=60)
    )
    gamma_regime_thresholds: Mapping[str, float] = field(
        default_factory=lambda: MAGNITUDE_BOUNDS,
        metadata=setting("Bounds of abs(net)/gross gamma for extreme, high and moderate.", advanced=True),
    )


_DEFAULTS: Final = AnalysisConfig()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ranked:
    """A volatility (per cent per year) and its percentiles among the daily closes of its own source."""

    source: str
    volatility: float
    percentile: float
    smooth_percentile: float


def analyse(
    state: MarketState,
    mode: str = STANDARD,
    *,
    atm_history: Sequence[float] = (),
    options: AnalysisConfig = _DEFAULTS,
    fit: Callable[[OptionChain], FittedChain] = fit_chain,
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
    fit
        Checks and fits the chain; called at most once.

    Raises
    ------
    DataUnavailable
        ``missing_vix``, ``iv_history_short`` or ``missing_bars``: the symbol is skipped with this reason.
    ValueError
        For an unknown mode.
    """
    vix = _vix(state)
    chain = None if require_mode(mode) == SIMPLE else state.chain
    fitted = None if chain is None else fit(chain)
    money = AtTheMoney() if chain is None else at_the_money(chain)
    profile = None if fitted is None else _profile(state, fitted, options)
    ranked = _ranked(state, vix, money, atm_history, options.iv_min_history_days)
    whole_day = day_range(ranked.volatility)
    implied, implied_source = _first((money.volatility_pct, ATM), (vix, VIX))
    to_close, range_source = _first((money.straddle_range, STRADDLE), (vix_range(vix, state.session, state.as_of), VIX))
    return MarketView(
        state=state,
        implied_vol=implied,
        implied_vol_source=implied_source,
        iv_percentile=ranked.percentile,
        iv_source=ranked.source,
        expected_range_pct=to_close,
        range_source=range_source,
        expected_range_day_pct=whole_day,
        gamma_environment_code=gamma_environment(profile, ranked.percentile, whole_day),
        gamma=None if profile is None else profile.as_dict(),
        atm_options_count=money.strikes,
        oi_coverage=0.0 if chain is None else chain.oi_coverage,
        tape={
            **measure_tape(state, float(state.vix_bars.open[0]) if len(state.vix_bars) else vix),
            "implied_percentile": ranked.smooth_percentile,
            "gamma_ratio": None if profile is None or profile.confidence < MIN_COVERAGE else profile.ratio,
        },
        fitted_chain=fitted,
    )


def require_mode(mode: str) -> str:
    """Return ``mode``, or raise ``ValueError`` when nobody knows it."""
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is unknown; known: {', '.join(MODES)}")
    return mode


def _vix(state: MarketState) -> float:
    if state.vix is None:
        raise DataUnavailable(
            ReasonCode.MISSING_VIX, f"{state.symbol}: {state.missing.get('vix', 'no VIX was received')}"
        )
    return state.vix.value


def _first(preferred: tuple[float | None, str], otherwise: tuple[float, str]) -> tuple[float, str]:
    value, source = preferred
    return otherwise if value is None else (value, source)


def _ranked(state: MarketState, vix: float, money: AtTheMoney, atm_history: Sequence[float], min_days: int) -> _Ranked:
    own_is_known = state.symbol not in _VIX_IS_THEIR_OWN and len(atm_history) >= min_days
    if own_is_known and money.volatility_pct is not None:
        source, volatility = ATM, money.volatility_pct
        closes = np.asarray(atm_history[-IV_WINDOW_DAYS:], dtype=np.float64)
    else:
        source, volatility = VIX, vix
        closes = completed_closes(state.vix_daily, state.session, min_days)
    return _Ranked(
        source=source,
        volatility=volatility,
        percentile=mid_rank(volatility, closes),
        smooth_percentile=smooth_rank(float(np.log(volatility)), np.log(closes)),
    )


def _profile(state: MarketState, fitted: FittedChain, options: AnalysisConfig) -> GammaProfile | None:
    chain = fitted.chain
    if state.as_of - chain.as_of > timedelta(minutes=options.gamma_max_age_minutes):
        return None
    minutes = state.session.minutes_to_close(chain.as_of)
    return gamma_profile(fitted, minutes, options.gamma_regime_thresholds)
