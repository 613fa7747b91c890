"""Raw Magic8 folders as small as a test needs them, in the layout of any period.

Every profit is the payoff of the signal's own legs by the option maths, never by the code under test.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from magic8_companion.options.payoff import payoff
from magic8_companion.options.structures import build
from magic8_ml.history.layouts import LAYOUTS, SheetLayout

NEW_YORK: Final = ZoneInfo("America/New_York")
HEADERS: Final = {(layout.kind, layout.name): layout for layout in LAYOUTS.values()}


@dataclass(frozen=True, kw_only=True)
class Signal:
    """One signal of Magic8; strikes in the order of its sentence, ``at`` New York wall time."""

    day: date
    at: time = time(9, 35)
    symbol: str = "SPX"
    strategy: str = "Iron Condor"
    strikes: tuple[float, ...] = (5990, 6000, 5810, 5800)
    right: str = "CALL/PUT"
    action: str = "SELL"
    premium: float = 0.57
    price: float = 5901.67
    predicted: float = 5907.51
    closed: float = 5903.59
    shown_profit: float | None = None

    @property
    def instant(self) -> datetime:
        """Return the UTC instant of writing."""
        return datetime.combine(self.day, self.at, NEW_YORK).astimezone(UTC)

    @cached_property
    def profit(self) -> float:
        """Return dollars per contract at the close."""
        if self.shown_profit is not None:
            return self.shown_profit
        sign = 1 if self.action == "BUY" else -1
        return round(
            (_settle(self.strategy, self.strikes, self.right, self.action, self.closed) - sign * self.premium) * 100, 2
        )

    @property
    def width(self) -> float:
        """Return the distance of the two first strikes."""
        return abs(self.strikes[0] - self.strikes[1])

    @property
    def sentence(self) -> str:
        """Return the order sentence; that of a Sonar says Iron Condor."""
        quantity = "BUY +1" if self.action == "BUY" else "SELL -1"
        name = "Iron Condor" if self.strategy == "Sonar" else self.strategy
        strikes = "/".join(f"{strike:g}" for strike in self.strikes)
        when = f"{self.day.day} {self.day:%b} {self.day:%y}"
        return f"{quantity} {name} {self.symbol} 100 {when} {strikes} {self.right} @{self.premium} LMT"

    def cells(self) -> dict[str, object]:
        """Return a cell for every column that any profit or trades header has, but for clocks and legs."""
        debit = self.action == "BUY"
        risk = self.premium if debit else round(self.width - self.premium, 2)
        reward = round(self.width - self.premium, 2) if debit else self.premium
        return {
            "Symbol": self.symbol,
            "Name": self.strategy,
            "Price": self.price,
            "Premium": self.premium,
            "ExpectedPremium": self.premium,
            "ActualPremium": self.premium,
            "Predicted": self.predicted,
            "Low": self.price - 40,
            "High": self.price + 40,
            "Closed": self.closed,
            "Closing": self.closed,
            "Expired": self.profit > 0,
            "Trade": self.sentence,
            "Risk": risk,
            "Reward": reward,
            "Ratio": round(reward / risk, 4) if risk else 0.0,
            "Profit": self.profit,
            "Raw": self.profit,
            "Managed": max(self.profit, round(-200 * abs(self.premium), 2)),
            "Stop": 2 * abs(self.premium),
            "TotalProfit": self.profit,
            "Probability": 0.7,
            "Profited": self.profit > 0,
            "Source": "Magic8",
            "ExpectedMove": 40,
            "Target1": self.price + 20,
            "Target2": self.price - 20,
        }

    def profit_row(self, layout: SheetLayout) -> list[object]:
        """Return the line of the profit sheet."""
        local = self.instant.astimezone(NEW_YORK)
        clock = {
            "When": local.replace(second=3, microsecond=89596).isoformat(),
            "Day": f"{local:%m-%d-%Y}",
            "Date": f"{local:%m-%d-%Y}",
            "Hour": f"{local:%H:%M}",
        }
        return [(self.cells() | clock)[name] for name in layout.header]

    def trades_row(self, layout: SheetLayout) -> list[object]:
        """Return the line of the trades sheet; blank cells for legs that are not there."""
        clock = {
            "When": f"{self.instant:%m-%d-%Y %H:%M:03}",
            "Date": f"{self.instant:%m-%d-%Y}",
            "Time": f"{self.instant:%H:%M}",
        }
        legs: dict[str, object] = {}
        strikes = sorted(self.strikes) if self.strategy == "Butterfly" else self.strikes
        for number, strike in enumerate(strikes, start=1):
            call = self.right == "CALL" or (self.right == "CALL/PUT" and number <= 2)
            legs |= {
                f"Strike{number}": f"{strike:g}",
                f"Direction{number}": ("SELL", "BUY")[number % 2 == (self.action == "BUY")],
                f"Type{number}": "CALL" if call else "PUT",
                f"Bid{number}": 1.0,
                f"Ask{number}": 1.1,
                f"Mid{number}": 1.05,
            }
        values = self.cells() | clock | legs
        return [values.get(name, "") for name in layout.header]


@cache
def _settle(strategy: str, strikes: tuple[float, ...], right: str, action: str, closed: float) -> float:
    return float(payoff(build(strategy, strikes, action, "CALL" if right == "CALL/PUT" else right), closed))


def butterfly(signal: Signal) -> Signal:
    """Return the butterfly that stands beside a condor."""
    return replace(signal, strategy="Butterfly", strikes=(5960, 5910, 5860), right="CALL", action="BUY", premium=18.27)


def vertical(signal: Signal) -> Signal:
    """Return the vertical that stands beside a condor."""
    return replace(signal, strategy="Vertical", strikes=(5820, 5815), right="PUT", premium=0.9)


def sonar(signal: Signal) -> Signal:
    """Return the Sonar that stands beside a condor: narrower and nearer."""
    return replace(signal, strategy="Sonar", strikes=(5970, 5975, 5830, 5825), premium=0.73)


def delta_row(
    day: date, at: time, symbol: str = "SPX", *, short_term: float = 5896.55, second: int = 20
) -> list[object]:
    """Return a line of the delta sheet, written at ``second`` of the New York minute ``at``."""
    instant = datetime.combine(day, at, NEW_YORK).astimezone(UTC) + timedelta(seconds=second)
    return [f"{instant:%m-%d-%Y %H:%M:%S}", symbol, 5901.67, 0.3916, -0.509, 5897.08, short_term, 5886.36, 6003.59]


def sheet_bytes(
    header: Sequence[str], rows: Iterable[Sequence[object]], tail: Iterable[Sequence[object]] = ()
) -> bytes:
    """Return a CSV file as Magic8 writes it."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows([header, *rows, *tail])
    return text.getvalue().encode()


def write_folder(
    raw: Path,
    name: str,
    *,
    profit: Sequence[Signal] = (),
    trades: Sequence[Signal] = (),
    delta: Sequence[Sequence[object]] = (),
    layout: str = "2024",
    trades_layout: str = "2024",
    stamp: str = "20240805-200642",
    tail: Iterable[Sequence[object]] = (["Wins", 183.44], [], ["Total", 12]),
) -> Path:
    """Write one daily folder; a sheet without rows is left out."""
    folder = raw / name
    folder.mkdir(parents=True)
    for kind, generation, rows in (
        ("profit", layout, [signal.profit_row(HEADERS["profit", layout]) for signal in profit]),
        ("trades", trades_layout, [signal.trades_row(HEADERS["trades", trades_layout]) for signal in trades]),
        ("delta", "all", delta),
    ):
        if rows:
            content = sheet_bytes(HEADERS[kind, generation].header, rows, tail if kind == "profit" else ())
            (folder / f"{kind} {stamp}.csv").write_bytes(content)
    return folder
