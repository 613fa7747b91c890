"""How fast the option mathematics is, beside its limits and against vollib in the same run.

    python benchmarks/options.py

Every figure is the best of many single calls; the command fails when a limit is missed.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from timeit import repeat

import numpy as np
from vollib.black_scholes import black_scholes
from vollib.black_scholes.greeks import analytical
from vollib.black_scholes.implied_volatility import implied_volatility as vollib_implied_volatility

from magic8_companion.domain.option_chain import OptionChain, OptionRow
from magic8_companion.options.black_scholes import CALL, PUT, greeks, price
from magic8_companion.options.candidates import Limits
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.distribution import ScaledResiduals, SmileImplied
from magic8_companion.options.implied_volatility import implied_volatility
from magic8_companion.options.products import product
from magic8_companion.options.ranking import rank_candidates
from magic8_companion.options.scenarios import leg_vols, scenario_grid
from magic8_companion.options.smile import fit_smile
from magic8_companion.options.structures import iron_condor
from magic8_companion.options.tickets import best_tickets

SPOT, YEARS, RATE = 6244.43, 3 / (24 * 365), 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured time in milliseconds, its limit (None: for information) and a remark."""

    name: str
    milliseconds: float
    limit: float | None
    remark: str = ""

    @property
    def is_kept(self) -> bool:
        """Tell whether the limit holds."""
        return self.limit is None or self.milliseconds <= self.limit


def main() -> None:
    """Measure everything, print it, and fail when a limit is missed."""
    figures = [*pricing(), *volatility(), *chain_work()]
    for figure in figures:
        limit = "" if figure.limit is None else f"limit {figure.limit:g} ms"
        verdict = "" if figure.limit is None else "ok" if figure.is_kept else "MISSED"
        print(f"{figure.name:44} {figure.milliseconds:9.3f} ms  {limit:14} {verdict:6} {figure.remark}")
    sys.exit(0 if all(figure.is_kept for figure in figures) else 1)


def pricing() -> list[Figure]:
    """Price and Greeks of 200 contracts, against a loop over vollib's scalar functions."""
    strikes = np.linspace(5950, 6550, 200)
    right, vol = np.where(np.arange(200) % 2, CALL, PUT), np.full(200, 0.15)
    ours = best(lambda: greeks(SPOT, strikes, YEARS, RATE, vol, right))
    contracts = [
        ("c" if sign > 0 else "p", SPOT, strike, YEARS, RATE, 0.15) for strike, sign in zip(strikes, right, strict=True)
    ]

    def loop() -> None:
        for contract in contracts:
            black_scholes(*contract)
            for greek in (analytical.delta, analytical.gamma, analytical.vega, analytical.theta, analytical.rho):
                greek(*contract)

    theirs = best(loop)
    return [
        Figure(name="price and 6 Greeks of 200 contracts", milliseconds=ours, limit=0.2),
        Figure(name="  the same: a twentieth of vollib's time", milliseconds=ours, limit=theirs / 20),
        Figure(
            name="  vollib, price and 5 Greeks in a loop",
            milliseconds=theirs,
            limit=None,
            remark=f"{theirs / ours:.0f} x",
        ),
    ]


def volatility() -> list[Figure]:
    """Implied volatility of 100 strikes, against vollib in a loop."""
    strikes = np.linspace(6095, 6395, 100)
    right = np.where(strikes > SPOT, CALL, PUT)
    value = price(SPOT, strikes, YEARS, RATE, 0.15, right)
    ours = best(lambda: implied_volatility(value, SPOT, strikes, YEARS, RATE, right))

    def loop() -> None:
        for quote, strike, sign in zip(value, strikes, right, strict=True):
            vollib_implied_volatility(quote, SPOT, strike, YEARS, RATE, "c" if sign > 0 else "p")

    theirs = best(loop)
    return [
        Figure(name="implied volatility of 100 strikes", milliseconds=ours, limit=2.0),
        Figure(name="  vollib in a loop", milliseconds=theirs, limit=None, remark=f"{theirs / ours:.0f} x"),
    ]


def chain_work() -> list[Figure]:
    """From a chain of 81 strikes to ranked candidates, tickets and a scenario grid."""
    chain = simulated_chain()
    quotes = clean_chain(chain)
    smile = fit_smile(quotes)
    residuals = np.random.default_rng(1).standard_t(6, 2000) * 0.8
    model = ScaledResiduals(mean=quotes.forward, scale=0.9 * smile.atm_total_vol, residuals=residuals)
    limits = Limits(max_width=100.0)

    def ranked(distribution: ScaledResiduals | SmileImplied) -> int:
        return rank_candidates(quotes, distribution, limits, product("SPX").fees).evaluation.fees.size

    count = ranked(model)
    condor = iron_condor([6200, 6210, 6280, 6290])
    vols = leg_vols(condor, smile)
    axes = {
        "spots": np.linspace(6150, 6350, 10),
        "vol_factors": np.linspace(0.5, 2, 10),
        "years": np.linspace(0, smile.years, 10),
    }
    implied = SmileImplied(smile=smile)
    return [
        Figure(name="chain checked, 81 strikes", milliseconds=best(lambda: clean_chain(chain)), limit=None),
        Figure(name="smile fitted", milliseconds=best(lambda: fit_smile(quotes)), limit=None),
        Figure(
            name=f"{count:,} candidates ranked, model",
            milliseconds=best(lambda: ranked(model)),
            limit=100.0,
        ),
        Figure(
            name=f"{count:,} candidates ranked, implied",
            milliseconds=best(lambda: ranked(implied)),
            limit=100.0,
        ),
        Figure(
            name="three tickets from the chain",
            milliseconds=best(lambda: best_tickets(quotes, smile, limits=limits, model=model)),
            limit=None,
        ),
        Figure(
            name="scenario grid of 1,000 points",
            milliseconds=best(lambda: scenario_grid(condor, vols, **axes)),
            limit=5.0,
        ),
    ]


def simulated_chain() -> OptionChain:
    """Return 81 strikes of a wild day four hours before the close, so that every strike has quotes."""
    strikes = np.arange(6045.0, 6446.0, 5.0)
    years = 4 / (24 * 365)
    z = np.log(strikes / SPOT) / (0.3 * np.sqrt(years))
    vol = 0.3 * np.sqrt(1 - 0.08 * z + 0.05 * z * z)
    quotes = []
    for right in (CALL, PUT):
        mid = price(SPOT, strikes, years, 0.0, vol, right)
        half = np.maximum(0.025, 0.01 * mid)
        quotes += [np.maximum(0.0, np.floor((mid - half) * 20) / 20), np.ceil((mid + half) * 20) / 20]
    rows = tuple(
        OptionRow(strike=strike, call_bid=call_bid, call_ask=call_ask, put_bid=put_bid, put_ask=put_ask)
        for strike, call_bid, call_ask, put_bid, put_ask in zip(
            strikes.tolist(), *(column.tolist() for column in quotes), strict=True
        )
    )
    return OptionChain(
        symbol="SPX",
        spot=SPOT,
        rows=rows,
        expiry=date(2025, 7, 9),
        as_of=datetime(2025, 7, 9, 16, 0, tzinfo=UTC),
        source="simulated",
        status="simulated",
    )


def best(work: Callable[[], object]) -> float:
    """Return the best milliseconds of one call within a second; a busy machine cannot hit every single one."""
    first = min(repeat(work, number=1, repeat=3))
    return min(repeat(work, number=1, repeat=max(5, int(1 / first)))) * 1e3


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    warnings.simplefilter("error")
    main()
