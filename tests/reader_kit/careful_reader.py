"""An independent careful reader: what must not be traded, in under 150 lines, without any code of the reader kit.

It knows no options, no reasons and no kill files: only whether an approval would be wrong.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]

_WORDS = {"Butterfly": "butterfly", "Iron_Condor": "condor", "Vertical": "vertical"}
_DEFAULT_LIMITS = {"document_seconds": 300, "checkpoint_minutes": 35, "ml_5min_minutes": 10, "high_score": 65}


class Objection(Exception):
    """What speaks against the trade."""


def objection(data: bytes, symbol: str, strategy: str, side: str | None, now: datetime) -> str | None:
    """Return why the best trade of ``symbol`` must not be made as ``strategy`` now, None if it may."""
    try:
        root = _strict(data)
        _require_own_bytes(data, root)
        _require_fresh(root, now)
        record = root["recommendations"][symbol]
        key = record["best_strategy_key"]
        entry = record["strategies"][key]
        _require_feed(root, record, symbol)
        _require(record["best_strategy"] == strategy and key in (strategy, strategy + "_5min"), "another strategy")
        _require(record["best_strategy_source"] == entry["source"], "source of the best")
        is_allowed = entry["confidence"] == "HIGH" and entry["should_trade"] is True and entry["blocked_by"] == []
        _require(is_allowed and now < _instant(entry["valid_until"]), "not tradable")
        _require_source(root, entry, key)
        _require_trade(entry, strategy, side)
        if entry.get("ticket") is not None:
            _require_ticket(entry, str(_instant(root["timestamp"]).date()))
    except (Objection, KeyError, TypeError, ValueError, AttributeError, IndexError, RecursionError) as doubt:
        return f"{type(doubt).__name__}: {doubt}"
    return None


def _require(holds: object, doubt: str) -> None:
    if holds is not True:
        raise Objection(doubt)


def _strict(data: bytes) -> Json:
    def once(pairs: list[tuple[str, Any]]) -> Json:
        _require(len({name for name, _ in pairs}) == len(pairs), "a key twice")
        return dict(pairs)

    root: Json = json.loads(data.decode(), object_pairs_hook=once)
    json.dumps(root, allow_nan=False, ensure_ascii=False).encode()  # no NaN, no half characters
    return root


def _require_own_bytes(data: bytes, root: Json) -> None:
    claimed = root["content_hash"].encode()
    _require(len(claimed) == 64 and set(claimed) <= set(b"0123456789abcdef"), "hash")
    _require(hashlib.sha256(data.replace(claimed, b"0" * 64)).hexdigest().encode() == claimed, "bytes")


def _instant(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    _require(at.tzinfo is not None, "a time without zone")
    return at.astimezone(UTC)


def _number(value: Any, low: float, high: float) -> float:
    _require(type(value) in (int, float) and low <= value <= high, f"{value} is not in {low} .. {high}")
    return float(value)


def _seconds(start: str, end: str) -> float:
    return (_instant(end) - _instant(start)).total_seconds()


def _require_fresh(root: Json, now: datetime) -> None:
    _require(root["schema_version"] == "1.1" and "practice" not in root, "kind")
    _require(root["halt_reason"] is None, "halted")
    _require(root["kill_switch"] is None or (type(root["kill_switch"]) is str and root["kill_switch"] != ""), "kill")
    _require(type(root["seq"]) is int and root["seq"] > 0, "seq")
    age = (now - _instant(root["timestamp"])).total_seconds()
    _require(-5 <= age <= 300 and now < _instant(root["valid_until"]), "age")
    limit = _number(root.get("limits", _DEFAULT_LIMITS)["document_seconds"], 0, 300)
    _require(_seconds(root["timestamp"], root["valid_until"]) <= limit, "life")
    for name in ("checkpoint_timestamp", "last_5min_update"):
        if root.get(name) is not None:
            _require(_seconds(root[name], root["timestamp"]) >= 0, "the future")
            _require(_instant(root[name]).date() == _instant(root["timestamp"]).date(), "another day")


def _require_feed(root: Json, record: Json, symbol: str) -> None:
    _require(record["symbol"] == symbol and symbol not in (root.get("skipped") or ()), "symbol")
    _require(root["market_session"] == "regular", "closed")
    for described in (root, record):
        _require(described["data_status"] == "live", "status")
        _require(described.get("data_source") not in ("replay", "simulated"), "source")
    if "connection" in root:
        alone, state = root["connection"].get("symbols", []), root["connection"]["state"]
        _require(type(alone) is list and symbol not in alone, "no data of the symbol")
        _require(state == "connected" or (state == "degraded" and len(alone) > 0), "feed")


def _require_source(root: Json, entry: Json, key: str) -> None:
    source, limits = entry["source"], root.get("limits", _DEFAULT_LIMITS)
    _require(source in ("checkpoint", "blend", "ml_5min"), "unknown source")
    _require(not key.endswith("_5min") or (source == "ml_5min" and root["merge_strategy"] == "overlay"), "key")
    _require(source != "blend" or root["merge_strategy"] == "weighted", "merge")
    _require(source != "ml_5min" or root["ml_5min_enhanced"] is True, "no 5-minute result")
    _number(entry["score"], 80 if source == "ml_5min" else _number(limits["high_score"], 0, 100), 100)
    if source != "ml_5min":
        limit = 60 * _number(limits["checkpoint_minutes"], 0, 240)
        _require(_seconds(root["checkpoint_timestamp"], entry["valid_until"]) <= limit, "life")
    if source != "checkpoint":
        limit = 60 * _number(limits["ml_5min_minutes"], 0, 60)
        _require(_seconds(root["last_5min_update"], entry["valid_until"]) <= limit, "life")


def _require_trade(entry: Json, strategy: str, side: str | None) -> None:
    structure, own, direction = entry.get("structure"), entry.get("side"), entry.get("direction")
    _require(structure is None or structure.endswith(_WORDS[strategy]), "structure")
    _require(side in (None, own), "another side")
    if strategy != "Vertical":
        _require(own is None and direction in (None, "neutral"), "a side")
        return
    _require(own in ("bull", "bear") and direction in (None, own + "ish"), "direction")
    right, action, name = entry.get("right"), entry.get("action"), f"{own} vertical"
    if (right, action) != (None, None):
        name = f"{'call' if right == 'C' else 'put'} {'debit' if action == 'BUY' else 'credit'} vertical"
        _require(right in ("C", "P") and action in ("BUY", "SELL"), "right")
        _require(((right == "C") == (action == "BUY")) == (own == "bull"), "side")
    _require(structure in (None, name), "structure")


def _require_ticket(entry: Json, day: str) -> None:
    legs = [(leg["action"], leg["right"], leg["strike"]) for leg in entry["ticket"]["legs"]]
    calls, puts = (sum(right == which for _, right, _ in legs) for which in "CP")
    _require(entry["ticket"]["expiry"] == day and calls + puts == len(legs), "ticket")
    if "vertical" in entry["structure"]:
        (bought,), (sold,) = ([strike for action, _, strike in legs if action == which] for which in ("BUY", "SELL"))
        _require(legs[0][1] == legs[1][1] == entry["right"], "right of the legs")
        _require(bought < sold if entry["side"] == "bull" else bought > sold, "side of the legs")
    else:
        _require(sorted((calls, puts)) == ([2, 2] if "iron" in entry["structure"] else [0, 3]), "legs")
