"""Gamma exposure of the dealers, under the convention that they hold the calls and owe the puts.

In USD of delta per 1 % move of the underlying: calls +, puts -.  The sign is an assumption, not a measurement, and is
stated in every output.  Dollar sums of different sources differ by factors; compare ratios only.  Each option keeps its
own volatility while spot moves, interest is nil, and time runs in calendar minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType
from typing import Any, Final

import numpy as np

from magic8_companion.analysis.option_book import CONVENTION, SIGNS, OptionBook
from magic8_companion.analysis.own_volatility import with_volatilities
from magic8_companion.domain.arrays import Floats
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.trading_day import utc_text
from magic8_companion.options.fitted_chain import FittedChain

POSITIVE: Final = "positive"
NEGATIVE: Final = "negative"
NEUTRAL: Final = "neutral"
MIN_COVERAGE: Final = 0.6
MAGNITUDE_BOUNDS: Final[Mapping[str, float]] = MappingProxyType({"extreme": 0.60, "high": 0.35, "moderate": 0.15})
"""Lower bounds of |net| / gross, descending; below the last the magnitude is low."""

_NEUTRAL_BELOW: Final = 0.10


@dataclass(frozen=True, slots=True, kw_only=True)
class GammaProfile:
    """The gamma object of the host contract; exposures in USD per 1 % move, flip and walls in price points.

    Beyond the contract: ``max_pain`` (strike), ``vanna_exposure`` (USD of delta per volatility point),
    ``charm_exposure`` (USD of delta per hour), and under ``conventions`` the sums that depend on who holds what, for
    both usual assumptions by their names.
    """

    net_gex: float
    gross_gex: float
    ratio: float
    regime: str
    magnitude: str
    bias: str
    gamma_flip: float | None
    call_wall: float | None
    put_wall: float | None
    oi_coverage: float
    confidence: float
    convention: str
    as_of: str
    strikes: tuple[Mapping[str, float], ...]
    max_pain: float | None
    vanna_exposure: float
    charm_exposure: float
    conventions: Mapping[str, Mapping[str, float | None]]

    def as_dict(self) -> dict[str, Any]:
        """Return the keys of the contract as plain values."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            **plain,
            "strikes": [dict(row) for row in self.strikes],
            "conventions": {name: dict(sums) for name, sums in self.conventions.items()},
        }


def gamma_profile(
    fitted: FittedChain, minutes_to_close: float, bounds: Mapping[str, float] = MAGNITUDE_BOUNDS
) -> GammaProfile | None:
    """Return the profile of a chain, or None when no option has both open interest and volatility.

    An option without one of the two adds nothing; a source that sent no volatility at all gets those of the quotes.
    ``confidence`` is the share of strikes of which both options could be counted.  Below 0.6 the sums are those of a
    part, whose sign may be the opposite of the whole: then regime and bias are neutral, the magnitude is low, and
    flip, walls and max pain are None.
    """
    chain = with_volatilities(fitted)
    book = OptionBook(chain, minutes_to_close)
    by_option = book.gamma_exposure(np.array([chain.spot]), CONVENTION)[0]
    call_gex, put_gex = by_option[: len(chain.rows)], by_option[len(chain.rows) :]
    gross = float(np.abs(by_option).sum())
    if gross == 0.0:
        return None
    net = float(by_option.sum())
    ratio = net / gross
    is_whole = book.coverage >= MIN_COVERAGE
    call_wall, put_wall = _walls(chain, call_gex, put_gex) if is_whole else (None, None)
    regime = regime_of(ratio) if is_whole else NEUTRAL
    return GammaProfile(
        net_gex=net,
        gross_gex=gross,
        ratio=ratio,
        regime=regime,
        magnitude=magnitude_of(ratio if is_whole else 0.0, bounds),
        bias=bias_of(regime, chain.spot, call_wall, put_wall),
        gamma_flip=book.flip(CONVENTION) if is_whole else None,
        call_wall=call_wall,
        put_wall=put_wall,
        oi_coverage=chain.oi_coverage,
        confidence=book.coverage,
        convention=CONVENTION,
        as_of=utc_text(chain.as_of),
        strikes=tuple(
            {"strike": row.strike, "call_gex": float(call), "put_gex": float(put)}
            for row, call, put in zip(chain.rows, call_gex, put_gex, strict=True)
        ),
        max_pain=book.max_pain() if is_whole else None,
        vanna_exposure=book.vanna_exposure(CONVENTION),
        charm_exposure=book.charm_exposure(CONVENTION),
        conventions={name: _under(name, book, is_whole=is_whole) for name in SIGNS},
    )


def regime_of(ratio: float) -> str:
    """Name the sign of net over gross; inside +-0.10 it is neutral.

    >>> regime_of(0.37), regime_of(-0.46), regime_of(0.02)
    ('positive', 'negative', 'neutral')
    """
    if abs(ratio) < _NEUTRAL_BELOW:
        return NEUTRAL
    return POSITIVE if ratio > 0 else NEGATIVE


def magnitude_of(ratio: float, bounds: Mapping[str, float] = MAGNITUDE_BOUNDS) -> str:
    """Name the size of net over gross.

    >>> [magnitude_of(ratio) for ratio in (0.6, -0.37, 0.15, 0.02)]
    ['extreme', 'high', 'moderate', 'low']
    """
    names = sorted(bounds, key=bounds.__getitem__, reverse=True)
    return next((name for name in names if abs(ratio) >= bounds[name]), "low")


def bias_of(regime: str, spot: float, call_wall: float | None, put_wall: float | None) -> str:
    """Say where spot stands between the walls, in the words of the regime; neutral without two distinct walls.

    >>> bias_of("positive", 6244.43, 6275.0, 6230.0), bias_of("negative", 5968.6, 5975.0, 5945.0)
    ('range_bound', 'bullish')
    """
    if regime == NEUTRAL or call_wall is None or put_wall is None or call_wall == put_wall:
        return NEUTRAL
    place = (spot - put_wall) / (call_wall - put_wall)
    low, high, labels = (
        (0.2, 0.8, ("support_test", "range_bound", "resistance_test"))
        if regime == POSITIVE
        else (0.3, 0.7, ("bearish", "volatile", "bullish"))
    )
    return labels[0] if place < low else labels[2] if place > high else labels[1]


def _under(convention: str, book: OptionBook, *, is_whole: bool) -> dict[str, float | None]:
    return {
        "net_gex": float(book.gamma_exposure(np.array([book.spot]), convention).sum()),
        "gamma_flip": book.flip(convention) if is_whole else None,
        "vanna_exposure": book.vanna_exposure(convention),
        "charm_exposure": book.charm_exposure(convention),
    }


def _walls(chain: OptionChain, call_gex: Floats, put_gex: Floats) -> tuple[float | None, float | None]:
    strikes = np.array([row.strike for row in chain.rows])
    above = np.where(strikes >= chain.spot, call_gex, 0.0)
    below = np.where(strikes <= chain.spot, -put_gex, 0.0)
    return _largest(strikes, above), _largest(strikes, below)


def _largest(strikes: Floats, values: Floats) -> float | None:
    best = int(np.argmax(values))
    return float(strikes[best]) if values[best] > 0 else None
