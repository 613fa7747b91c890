"""List every header that a Magic8 sheet ever had, identified by its fields only.

A layout has the meaning of each column, the clock of the sheet, and its generation.  Unused columns have no mapping.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

PROFIT: Final = "profit"
TRADES: Final = "trades"
DELTA: Final = "delta"
PREDICTION: Final = "prediction"
KINDS: Final = (PROFIT, TRADES, DELTA, PREDICTION)

LEGS: Final = (1, 2, 3, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetLayout:
    """One generation of one sheet.

    ``columns`` maps a header field to our name for it; ``zone`` is the clock of day and hour: new_york, utc, or offset
    where every stamp carries its own.
    """

    name: str
    kind: str
    format_year: int
    zone: str
    header: tuple[str, ...]
    columns: Mapping[str, str]


_PROFIT_COLUMNS: Final = {
    "When": "when",
    "Day": "day",
    "Date": "day",
    "Hour": "hour",
    "Symbol": "symbol",
    "Price": "price",
    "Name": "strategy",
    "Premium": "premium",
    "ActualPremium": "premium",
    "ExpectedPremium": "expected_premium",
    "Predicted": "predicted",
    "Low": "profit_low",
    "High": "profit_high",
    "Closed": "closed",
    "Closing": "closed",
    "Expired": "expired",
    "Trade": "sentence",
    "Risk": "risk",
    "Reward": "reward",
    "Ratio": "ratio",
    "Stop": "stop",
    "Profit": "profit_cell",
    "Raw": "raw_cell",
    "Managed": "managed",
}
_TRADES_COLUMNS: Final = {
    "When": "when",
    "Date": "day",
    "Time": "hour",
    "Source": "source",
    "Symbol": "symbol",
    "Name": "strategy",
    "Premium": "premium",
    "Risk": "risk",
    "ExpectedMove": "expected_move",
    "Low": "low",
    "High": "high",
    "Target1": "target1",
    "Target2": "target2",
    "Predicted": "predicted_trades",
    "Closing": "closing",
    "Closed": "closing",
    "Expired": "expired",
    "Trade": "sentence",
    **{
        f"{field}{leg}": f"{field.lower()}{leg}"
        for leg in LEGS
        for field in ("Strike", "Direction", "Type", "Bid", "Ask", "Mid")
    },
}
_DELTA_COLUMNS: Final = {
    "When": "when",
    "Symbol": "symbol",
    "CallDelta": "call_delta",
    "PutDelta": "put_delta",
    "Predicted": "predicted_delta",
    "ShortTerm": "short_term",
    "LongTerm": "long_term",
    "Closing": "closing_delta",
}
_COLUMNS: Final = {
    PROFIT: _PROFIT_COLUMNS,
    TRADES: _TRADES_COLUMNS,
    DELTA: _DELTA_COLUMNS,
    PREDICTION: {"When": "when", "Symbol": "symbol"},
}
_LEG_FIELDS: Final = ",".join(f"Strike{n},Direction{n},Type{n},Bid{n},Ask{n},Mid{n}" for n in LEGS)

_OLDEST_PROFIT: Final = "When,Symbol,Name,Premium,Predicted,Closed,Expired,Trade"
_PROFIT_2023_01: Final = "Day,Hour,Symbol,Price,Name,Premium,Predicted,Closed,Expired,Trade,Profit"
_PROFIT_2023: Final = "Day,Hour,Symbol,Price,Name,Premium,Predicted,Closed,Expired,Trade,Risk,Reward,Ratio,Profit"
_PROFIT_2023_11: Final = "Day,Hour,Symbol,Price,Name,Predicted,Closed,Risk,Reward,Premium,Stop,Raw,Managed,Trade"
_PROFIT_2024: Final = "Day,Hour,Symbol,Price,Name,Predicted,Low,High,Closed,Risk,Reward,Premium,Stop,Raw,Managed,Trade"
_PROFIT_2025: Final = (
    "Date,Hour,Symbol,Price,Name,Predicted,Low,High,Closing,Risk,ExpectedPremium,ActualPremium,"
    "Raw,Managed,Trade,Profit,TotalProfit"
)
_OLDEST_TRADES: Final = "When,Name,Premium,Probability,Predicted,Closed,Profited,Expired,Trade"
_TRADES: Final = (
    "Date,Time,Source,Symbol,Name,Premium,Risk,ExpectedMove,Low,High,Target1,Target2,Predicted,Closing,"
    f"{_LEG_FIELDS},Trade"
)

# sheet, generation, format year, clock, header
_TABLE: Final = (
    (PROFIT, "2022-12", 2022, "offset", _OLDEST_PROFIT),
    (PROFIT, "2023-01", 2023, "new_york", _PROFIT_2023_01),
    (PROFIT, "2023", 2023, "new_york", _PROFIT_2023),
    (PROFIT, "2023-11", 2023, "new_york", _PROFIT_2023_11),
    (PROFIT, "2024", 2024, "new_york", _PROFIT_2024),
    (PROFIT, "2025", 2025, "new_york", _PROFIT_2025),
    (TRADES, "2022-12", 2022, "utc", _OLDEST_TRADES),
    (TRADES, "2024", 2024, "utc", _TRADES),
    (DELTA, "all", 2022, "utc", "When,Symbol,Price,CallDelta,PutDelta,Predicted,ShortTerm,LongTerm,Closing"),
    (PREDICTION, "2022-12", 2022, "utc", "When,Symbol,Price,Predicted,ShortTerm,LongTerm,Closing,Difference"),
)


def _layouts() -> dict[frozenset[str], SheetLayout]:
    layouts = {}
    for kind, name, year, zone, header in _TABLE:
        fields = tuple(header.split(","))
        columns = {field: _COLUMNS[kind][field] for field in fields if field in _COLUMNS[kind]}
        layouts[frozenset(fields)] = SheetLayout(
            name=name, kind=kind, format_year=year, zone=zone, header=fields, columns=columns
        )
    return layouts


LAYOUTS: Final = _layouts()


def layout_of(header: Sequence[str]) -> SheetLayout | None:
    """Return the layout with exactly these fields, in any order, or None.

    >>> layout_of("When,Symbol,Name,Premium,Predicted,Closed,Expired,Trade".split(",")).name
    '2022-12'
    >>> layout_of(["When", "Symbol", "Luck"]) is None
    True
    """
    found = LAYOUTS.get(frozenset(header))
    return found if found is not None and len(found.header) == len(header) else None
