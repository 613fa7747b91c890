"""Ask the reader kit about altered files, and the careful reader about everything that the kit approves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from magic8_companion.domain.codes import EntrySource
from magic8_companion.domain.connection import ConnectionState
from magic8_companion.domain.recommendation import RecommendationSet, SymbolRecommendation
from magic8_companion.domain.ticket import Ticket, TicketLeg
from magic8_companion.durable import encode
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.publishing.seal import sealed
from magic8_companion.reader_kit import _decide, _parse, load
from tests.publishing.recommendation_sets import SLOT, calm, directed, overlaid, quiet, recommendation_set, skipped
from tests.reader_kit.careful_reader import objection
from tests.reader_kit.kinds import KINDS
from tests.reader_kit.sealing import resealed

ON_DISK: Final = 50
QUESTIONS: Final = (
    *(("QQQ", "Iron_Condor", None), ("SPX", "Butterfly", None), ("RUT", "Vertical", "bull"), ("RUT", "Vertical", None)),
    *(("QQQ", "Butterfly", None), ("SPX", "Iron_Condor", None), ("RUT", "Vertical", "bear"), ("QQQ", "Vertical", None)),
    *(("IWM", "Iron_Condor", None), ("SPY", "Butterfly", None)),
)
_ASKED_MOST: Final = 4
"""So many of the questions, the first ones, are asked half of the time: the versions approve them."""


@dataclass(kw_only=True)
class Tally:
    """What was asked and answered; ``wrong`` are approvals that the careful reader refuses, with kind and objection."""

    files: int = 0
    sealed: int = 0
    approved: int = 0
    wrong: list[str] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)


def versions() -> list[bytes]:
    """Return documents of one morning, as they follow each other: most approve something, the last ones nothing."""
    records = {"SPX": overlaid(), "SPY": quiet(), "QQQ": calm(), "RUT": bought_calls(), "IWM": skipped()}
    elsewhere = ConnectionState(source="ib", state="degraded", why="stale_bars", outages={"IWM": "stale_bars"})
    down = replace(elsewhere, why="feed_silent", outages={}, outage="feed_silent")
    plain = recommendation_set(recommendations=records, skipped={"IWM": "stale_bars"})
    mixed = replace(plain, merge_strategy="weighted", recommendations=records | {"SPX": calm(), "QQQ": blended()})
    turned = replace(plain, recommendations=records | {"SPX": quiet(), "QQQ": directed("P"), "RUT": directed(None)})
    morning = [plain, replace(plain, connection=elsewhere), mixed, turned]
    nothing_tradable = replace(plain, recommendations=dict.fromkeys(records, quiet()))
    morning += [replace(nothing_tradable, halt_reason="kill_switch"), replace(nothing_tradable, connection=down)]
    return [_text(bulletin, seq) for seq, bulletin in enumerate(morning, start=31)]


def _text(bulletin: RecommendationSet, seq: int) -> bytes:
    return sealed(encode(recommendations_document(bulletin, seq, Path("KILL").name)))


def bought_calls() -> SymbolRecommendation:
    """Return a record that recommends a call debit vertical with its ticket."""
    legs = tuple(
        TicketLeg(action=action, right="C", strike=strike, quantity=1)
        for action, strike in (("BUY", 5150.0), ("SELL", 5160.0))
    )
    made = Ticket(
        expiry=date(2024, 3, 14), legs=legs, limit_price=-4.0, max_profit=600.0, max_loss=400.0, breakevens=(5154.0,)
    )
    record = directed("C")
    return replace(
        record,
        strategies={**record.strategies, "Vertical": replace(record.strategies["Vertical"], ticket=made)},
    )


def blended() -> SymbolRecommendation:
    """Return a record that recommends a blend of both sources."""
    record, until = calm(), SLOT + timedelta(minutes=10)
    entries = {
        name: replace(entry, source=EntrySource.BLEND, valid_until=until) for name, entry in record.strategies.items()
    }
    return replace(record, strategies=entries, best_strategy_source=EntrySource.BLEND)


def fuzz(files: int, seed: int, folder: Path) -> Tally:
    """Ask about as many files as given; some of them lie in the folder."""
    dice, tally, good = random.Random(seed), Tally(), versions()
    originals, path = set(good), folder / "recommendations.json"
    for number, name in enumerate(_names(dice, files)):
        data = KINDS[name](dice, good)
        symbol, strategy, side = dice.choice(QUESTIONS[: dice.choice((_ASKED_MOST, None))])
        now = SLOT + timedelta(seconds=dice.randint(7, 120))
        if number % ON_DISK:
            decision = _decide(_parse(data), load(path)._rules, (symbol, strategy, side), now)
        else:
            path.write_bytes(data)
            decision = load(path).is_actionable(symbol, strategy, now, side=side)
        tally.files += 1
        tally.kinds[name] += 1
        tally.reasons[decision.reason] += 1
        tally.sealed += data not in originals and b'"content_hash"' in data and resealed(data) == data
        tally.approved += decision.actionable
        if decision and (why := objection(data, symbol, strategy, side, now)) is not None:
            tally.wrong.append(f"{name}: {symbol} {strategy} {side}: {why}")
    return tally


def _names(dice: random.Random, files: int) -> Iterator[str]:
    names = list(KINDS)
    for _ in range(files):
        yield dice.choice(names)
