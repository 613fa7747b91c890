"""Views with a tape of one's choice, for the tests of the rules."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from magic8_companion.analysis import analyse
from magic8_companion.market_view import MarketView
from tests.analysis.states import made_state

WORKED_TAPE: dict[str, float | None] = {
    "pace_percentile": 6.8,
    "recent_pace_percentile": 85.0,
    "stretch_percentile": 64.9,
    "implied_percentile": 28.0,
    "range_percentile": 10.2,
    "efficiency_percentile": 50.3,
    "gamma_ratio": 0.29,
}
"""A calm day with a lively last half hour and dealers long gamma: Butterfly 55, Iron_Condor 70, Vertical 45."""

FACTORS = tuple(WORKED_TAPE)


def view_of(tape: dict[str, float | None]) -> MarketView:
    """Return an analysed view whose tape is replaced."""
    return replace(analyse(made_state()), tape=tape)


def tapes() -> st.SearchStrategy[dict[str, float | None]]:
    """Draw any tape; a measure may be missing."""
    measures: dict[str, st.SearchStrategy[float | None]] = {
        name: st.one_of(st.none(), st.floats(0.0, 100.0)) for name in FACTORS
    }
    measures["gamma_ratio"] = st.one_of(st.none(), st.floats(-1.0, 1.0))
    return st.fixed_dictionaries(measures)
