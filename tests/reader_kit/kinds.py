"""The kinds of altered files: fields edited, records and entries swapped, versions mixed, bytes damaged.

Each kind takes dice and versions of a document, as bytes, and returns the bytes of a file.  What is edited gets the
hash of its own bytes, so only its meaning speaks against it; what is damaged keeps the hash it had.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from tests.reader_kit.damage import COMMON, be_foreign, places
from tests.reader_kit.sealing import resealed, sealed_text

Json = dict[str, Any]
Versions = Sequence[bytes]
Kind = Callable[[random.Random, Versions], bytes]
Edit = Callable[[random.Random, Json, Versions], object]

PAGES: Final = (512, 1024, 2048, 4096, 8192)
ODD: Final = (None, True, False, 0, 1, -1, 99.9, 1e15, "", "HIGH", "live", [], ["expired"], {}, {"a": 1})
SECONDS: Final = (-90_000, -3600, -301, -61, -20, -1, 1, 6, 20, 61, 301, 3600, 90_000)

ROOT_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "schema_version": ("1.0", "1.2", "1.1 "),
    "seq": (0, -5, 1, 10**9, 20.0, "20"),
    "checkpoint_time": ("11:00 ET", "25:00 ET"),
    "system_mode": ("simple", "enhanced"),
    "market_session": ("pre", "post", "closed"),
    "data_source": ("replay", "simulated", "yahoo"),
    "data_status": ("delayed", "stale", "replay", "simulated"),
    "practice": (True, False),
    "limits": ({}, {"document_seconds": 300}),
    "merge_strategy": ("overlay", "replace", "weighted"),
    "halt_reason": ("kill_switch", "stopped", "cannot_publish", ""),
    "kill_switch": (None, "", "KILL\0", 7),
    "events_status": ("event_calendar_expired",),
    "ml_enhanced": (True, False),
    "ml_status": ("ok", "unavailable:timeout"),
    "ml_5min_enhanced": (True, False),
    "skipped": ({}, {"QQQ": "stale_bars"}, {"SPX": "bad_spot"}, {"IWM": "no_data"}),
}
LIMIT_VALUES: Final = (0, 1, 5, 9, 34, 59, 64.9, 80.1, 100, 101, 300, 301, 10**6)
CONNECTION_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "state": ("connected", "degraded", "needs_human", "fine"),
    "symbols": ([], ["QQQ"], ["SPX"], ["IWM"], ["QQQ", "SPX"], "QQQ", None),
}
RECORD_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "symbol": ("SPY", "SPX", "QQQ", "spx"),
    "data_source": ("replay", "simulated", "yahoo"),
    "data_status": ("delayed", "stale", "replay", "simulated"),
    "best_strategy": ("Butterfly", "Iron_Condor", "Vertical", "No_Trade"),
    "best_strategy_key": ("Butterfly", "Butterfly_5min", "Iron_Condor", "Vertical", "Vertical_5min", "No_Trade"),
    "best_strategy_source": ("checkpoint", "blend", "ml_5min", "gut"),
    "ml_status": ("disabled", "ok"),
}
ENTRY_VALUES: Final[Mapping[str, Sequence[Any]]] = {
    "score": (0, 34.9, 64.9, 65, 79.9, 80, 100, 100.1, -1, "71.4"),
    "confidence": ("HIGH", "MEDIUM", "LOW", "high"),
    "should_trade": (True, False, 1, "true"),
    "blocked_by": ([], ["kill_switch"], ["expired"], None),
    "source": ("checkpoint", "blend", "ml_5min", "gut"),
    "side": ("bull", "bear", None, "up"),
    "right": ("C", "P", None, "c"),
    "action": ("BUY", "SELL", None),
    "direction": ("bullish", "bearish", "neutral", None),
    "structure": ("iron condor", "call butterfly", "call debit vertical", "put credit vertical", "bear vertical", None),
    "ticket": (None, {}, {"legs": []}),
    "ml_confidence": (0.1, 0.99),
}
LEG_VALUES: Final[Mapping[str, Sequence[Any]]] = {"action": ("BUY", "SELL"), "right": ("C", "P"), "strike": (1, 5150.0)}


def entries(document: Json) -> list[Json]:
    """Return all entries of a document."""
    return [entry for record in document["recommendations"].values() for entry in record["strategies"].values()]


def _edited(edit: Edit, dice: random.Random, versions: Versions) -> bytes:
    document = json.loads(dice.choice(versions))
    edit(dice, document, versions)
    return sealed_text(document)


def _put(holder: Json, key: str, values: Sequence[Any], dice: random.Random) -> None:
    holder[key] = dice.choice(values) if dice.random() < 0.8 else dice.choice(ODD)


def _put_into_root(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    _put(document, key, ROOT_VALUES[key], dice)


def _put_into_limits(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    _put(document["limits"], key, LIMIT_VALUES, dice)


def _put_into_connection(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    document.setdefault("connection", {"source": "ib", "state": "degraded", "why": "pacing", "symbols": []})
    _put(document["connection"], key, CONNECTION_VALUES[key], dice)


def _put_into_record(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    _put(dice.choice(list(document["recommendations"].values())), key, RECORD_VALUES[key], dice)


def _put_into_entry(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    _put(dice.choice(entries(document)), key, ENTRY_VALUES[key], dice)


def _put_into_leg(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    legs = [leg for entry in entries(document) if entry.get("ticket") for leg in entry["ticket"]["legs"]]
    if legs:
        _put(dice.choice(legs), key, LEG_VALUES[key], dice)


def _shift(holders: Sequence[Json], key: str, dice: random.Random) -> None:
    dated = [holder for holder in holders if isinstance(holder.get(key), str)]
    if dated:
        holder = dice.choice(dated)
        moved = datetime.fromisoformat(holder[key]) + timedelta(seconds=dice.choice(SECONDS))
        holder[key] = dice.choice((f"{moved:%Y-%m-%dT%H:%M:%SZ}", f"{moved:%Y-%m-%dT%H:%M:%S+00:00}", None))


def _shift_in_root(key: str, dice: random.Random, document: Json, versions: Versions) -> None:
    _shift([document], key, dice)


def _shift_in_entry(dice: random.Random, document: Json, versions: Versions) -> None:
    _shift(entries(document), "valid_until", dice)


def _expire_ticket(dice: random.Random, document: Json, versions: Versions) -> None:
    for entry in entries(document):
        if entry.get("ticket"):
            entry["ticket"]["expiry"] = dice.choice(("2024-03-13", "2024-03-15", "2024-03-14", None))


def _swap(holder: Json, dice: random.Random) -> None:
    if len(holder) > 1:
        one, other = dice.sample(sorted(holder), 2)
        holder[one], holder[other] = holder[other], holder[one]


def swap_records(dice: random.Random, document: Json, versions: Versions) -> None:
    """Exchange two symbols."""
    _swap(document["recommendations"], dice)


def swap_entries(dice: random.Random, document: Json, versions: Versions) -> None:
    """Exchange two strategies of a symbol."""
    _swap(dice.choice(list(document["recommendations"].values()))["strategies"], dice)


def swap_tickets(dice: random.Random, document: Json, versions: Versions) -> None:
    """Exchange the tickets of two entries."""
    one, other = dice.sample(entries(document), 2)
    one["ticket"], other["ticket"] = other.get("ticket"), one.get("ticket")


def swap_trades(dice: random.Random, document: Json, versions: Versions) -> None:
    """Exchange what two entries say about their trades, but not their scores."""
    one, other = dice.sample(entries(document), 2)
    for key in dice.sample(("structure", "side", "right", "action", "direction", "ticket"), dice.randint(1, 6)):
        one[key], other[key] = other.get(key), one.get(key)


def rename_an_entry(dice: random.Random, document: Json, versions: Versions) -> None:
    """Write an entry under another key."""
    strategies = dice.choice(list(document["recommendations"].values()))["strategies"]
    strategies[dice.choice(RECORD_VALUES["best_strategy_key"])] = strategies.pop(dice.choice(list(strategies)))


def take_records(dice: random.Random, document: Json, versions: Versions) -> None:
    """Take records of another version."""
    document["recommendations"].update(json.loads(dice.choice(versions))["recommendations"])


def take_entries(dice: random.Random, document: Json, versions: Versions) -> None:
    """Take an entry of another version or symbol."""
    strategies = dice.choice(list(document["recommendations"].values()))["strategies"]
    strategies[dice.choice(list(strategies))] = dice.choice(entries(json.loads(dice.choice(versions))))


def take_a_head(dice: random.Random, document: Json, versions: Versions) -> None:
    """Take some keys of the head of another version."""
    other = json.loads(dice.choice(versions))
    for key in dice.sample(sorted(other), dice.randint(1, 8)):
        if key != "recommendations":
            document[key] = other[key]


def edit_anything(dice: random.Random, document: Json, versions: Versions) -> None:
    """Put an odd value anywhere."""
    holder, key = dice.choice(places(document))
    holder[key] = dice.choice(ODD)


def lose_anything(dice: random.Random, document: Json, versions: Versions) -> None:
    """Leave something out."""
    holder, key = dice.choice(places(document))
    del holder[key]


def edit_twice(dice: random.Random, document: Json, versions: Versions) -> None:
    """Edit two things that may agree with each other."""
    for edit in dice.sample(list(EDITS.values()), 2):
        if edit is not edit_twice:
            with suppress(AttributeError, IndexError, KeyError, TypeError):  # the first has replaced what it edits
                edit(dice, document, versions)


EDITS: Final[Mapping[str, Edit]] = {
    **{f"root {key}": partial(_put_into_root, key) for key in ROOT_VALUES},
    **{
        f"root {key} moved": partial(_shift_in_root, key)
        for key in ("timestamp", "valid_until", "checkpoint_timestamp", "last_5min_update")
    },
    **{
        f"limit {key}": partial(_put_into_limits, key)
        for key in ("document_seconds", "checkpoint_minutes", "ml_5min_minutes", "high_score")
    },
    **{f"connection {key}": partial(_put_into_connection, key) for key in CONNECTION_VALUES},
    **{f"record {key}": partial(_put_into_record, key) for key in RECORD_VALUES},
    **{f"entry {key}": partial(_put_into_entry, key) for key in ENTRY_VALUES},
    **{f"leg {key}": partial(_put_into_leg, key) for key in LEG_VALUES},
    "entry valid_until moved": _shift_in_entry,
    "ticket expiry": _expire_ticket,
    **{
        edit.__name__: edit
        for edit in (
            *(swap_records, swap_entries, swap_tickets, swap_trades, rename_an_entry),
            *(take_records, take_entries, take_a_head, edit_anything, lose_anything, edit_twice),
        )
    },
}
"""The edits of meaning; each result has the hash of its own bytes."""


def _mixed(page: int, dice: random.Random, versions: Versions) -> bytes:
    one, other = dice.sample(versions, 2)
    count = max(len(one), len(other)) // page + 1
    if dice.random() < 0.5:  # one torn copy: a head of one version, the rest of the other
        border = page * dice.randint(1, count)
        return one[:border] + other[border:]
    pages = [(one, other)[dice.randrange(2)][page * number : page * (number + 1)] for number in range(count)]
    return b"".join(pages)


def _mixed_and_sealed(page: int, dice: random.Random, versions: Versions) -> bytes:
    return resealed(_mixed(page, dice, versions))


def _damaged(damage: Callable[[random.Random, bytes], bytes], dice: random.Random, versions: Versions) -> bytes:
    return damage(dice, dice.choice(versions))


def flip_a_byte(dice: random.Random, data: bytes) -> bytes:
    """Turn any bits of one byte."""
    place = dice.randrange(len(data))
    return data[:place] + bytes([data[place] ^ dice.randint(1, 255)]) + data[place + 1 :]


def edit_without_sealing(dice: random.Random, versions: Versions) -> bytes:
    """Edit as an editor does, who does not know of the hash."""
    document = json.loads(dice.choice(versions))
    dice.choice(list(EDITS.values()))(dice, document, versions)
    return json.dumps(document).encode()


def nothing(dice: random.Random, versions: Versions) -> bytes:
    """Leave the file as it is."""
    return dice.choice(versions)


KINDS: Final[Mapping[str, Kind]] = {
    **{name: partial(_edited, edit) for name, edit in EDITS.items()},
    **{f"mix of pages of {page}": partial(_mixed, page) for page in PAGES},
    **{f"mix of pages of {page}, sealed": partial(_mixed_and_sealed, page) for page in PAGES},
    **{damage.__name__: partial(_damaged, damage) for damage in (*COMMON, flip_a_byte, be_foreign)},
    "edit_without_sealing": edit_without_sealing,
    "nothing": nothing,
}
"""All kinds by name."""
