"""Measure profit scales by symbol and strategy: robust ranges, scale groups, and enough data for an own model.

The rule groups by the range R between the 0.5th and the 99.5th percentile of validated profits: large above 1,000 $,
medium from 100 $, small below.  The product's default is a preset that the rule cannot produce: at one premium a
vertical or condor of width w spans 100 w dollars, over many premiums a little more.  Both are reported.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_ml.history.scale_groups import GROUPS, LARGE, MEDIUM, SMALL, preset_group

LARGE_ABOVE_USD: Final = 1000.0
SMALL_BELOW_USD: Final = 100.0
TAILS_PERCENT: Final = (0.5, 99.5)

OWN_MODEL_ROWS: Final = 100
OWN_MODEL_SESSIONS: Final = 60
OWN_MODEL_SESSIONS_PER_CLASS: Final = 20

COLUMNS: Final = ("date", "symbol", "strategy", "profit", "win")
"""The required columns of the data set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfitScale:
    """Validated profits of one symbol and strategy in US dollars per contract.

    ``low_usd`` and ``high_usd`` are the 0.5th and 99.5th percentile; ``own_model`` tells whether there are enough
    rows, sessions and rows of both classes for a separate model.
    """

    symbol: str
    strategy: str
    count: int
    sessions: int
    mean_usd: float
    sd_usd: float
    min_usd: float
    max_usd: float
    low_usd: float
    high_usd: float
    own_model: bool

    @property
    def key(self) -> str:
        """Return symbol and strategy as one name."""
        return f"{self.symbol}_{self.strategy}"

    @property
    def range_usd(self) -> float:
        """Return the robust range."""
        return self.high_usd - self.low_usd

    @property
    def by_rule(self) -> str:
        """Return the group by the rule."""
        return rule_group(self.range_usd)

    @property
    def by_preset(self) -> str:
        """Return the group of the product's preset."""
        return preset_group(self.symbol, self.strategy)


def rule_group(range_usd: float) -> str:
    """Return the group of a robust range in dollars.

    >>> rule_group(1016), rule_group(1000), rule_group(99)
    ('large', 'medium', 'small')
    """
    if range_usd > LARGE_ABOVE_USD:
        return LARGE
    return MEDIUM if range_usd >= SMALL_BELOW_USD else SMALL


def measure_scales(rows: pa.Table) -> tuple[ProfitScale, ...]:
    """Return the scales of every symbol and strategy with labels, in the fixed order of names.

    Parameters
    ----------
    rows
        The columns ``COLUMNS`` of the data set; rows without a label do not count.
    """
    known = rows.filter(pc.is_valid(rows["profit"]))
    symbol, strategy = (known[name].cast(pa.string()).to_numpy() for name in ("symbol", "strategy"))
    profit, day = known["profit"].to_numpy(), known["date"].cast(pa.int32()).to_numpy()
    scales = []
    for name in MAGIC8_SYMBOLS:
        for kind in HISTORY_STRATEGIES:
            own = (symbol == name) & (strategy == kind)
            if own.any():
                scales.append(_measure(name, kind, profit[own], day[own]))
    return tuple(scales)


def _measure(symbol: str, strategy: str, profit: npt.NDArray[np.float64], day: npt.NDArray[np.int32]) -> ProfitScale:
    low, high = np.percentile(profit, TAILS_PERCENT)
    sessions = len(np.unique(day))
    rarer = min(len(np.unique(day[profit > 0])), len(np.unique(day[profit <= 0])))
    return ProfitScale(
        symbol=symbol,
        strategy=strategy,
        count=len(profit),
        sessions=sessions,
        mean_usd=float(profit.mean()),
        sd_usd=float(profit.std(ddof=1)) if len(profit) > 1 else 0.0,
        min_usd=float(profit.min()),
        max_usd=float(profit.max()),
        low_usd=float(low),
        high_usd=float(high),
        own_model=(
            len(profit) >= OWN_MODEL_ROWS and sessions >= OWN_MODEL_SESSIONS and rarer >= OWN_MODEL_SESSIONS_PER_CLASS
        ),
    )


def scale_stats(scales: tuple[ProfitScale, ...]) -> dict[str, Any]:
    """Return the content of ``profit_scale_stats.json``."""
    return {
        scale.key: {
            "count": scale.count,
            "sessions": scale.sessions,
            "avg_profit": round(scale.mean_usd, 4),
            "min_profit": round(scale.min_usd, 2),
            "max_profit": round(scale.max_usd, 2),
            "std_profit": round(scale.sd_usd, 4),
            "profit_range": round(scale.range_usd, 2),
            "percentile_0_5": round(scale.low_usd, 2),
            "percentile_99_5": round(scale.high_usd, 2),
            "group_by_rule": scale.by_rule,
            "group_by_preset": scale.by_preset,
            "own_model": scale.own_model,
        }
        for scale in scales
    }


def scale_groups(scales: tuple[ProfitScale, ...]) -> dict[str, Any]:
    """Return the content of ``profit_scale_groups.json``: the preset, the rule, differences, and models."""
    every = [(symbol, strategy) for symbol in MAGIC8_SYMBOLS for strategy in HISTORY_STRATEGIES]
    preset = {f"{group}_scale": [f"{s}_{k}" for s, k in every if preset_group(s, k) == group] for group in GROUPS}
    rule = {f"{group}_scale": [scale.key for scale in scales if scale.by_rule == group] for group in GROUPS}
    return {
        **preset,
        "by_rule": rule,
        "differences": [
            {
                "pair": scale.key,
                "preset": scale.by_preset,
                "rule": scale.by_rule,
                "range_usd": round(scale.range_usd, 2),
            }
            for scale in scales
            if scale.by_preset != scale.by_rule
        ],
        "recommended_models": {
            "own_model": [scale.key for scale in scales if scale.own_model],
            **{
                f"with_{group}_scale": [s.key for s in scales if not s.own_model and s.by_preset == group]
                for group in GROUPS
            },
        },
    }
