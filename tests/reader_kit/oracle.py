"""The slow, obvious twin of the reader kit: what should be answered, written from the contract's list of reasons.

It shares no code with the kit: it parses to pairs first, looks for doubles afterwards, and asks one question at a time.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

BASE = {
    "butterfly": "Butterfly",
    "sonar": "Iron_Condor",
    "ironcondor": "Iron_Condor",
    "vertical": "Vertical",
    "callspread": "Vertical",
    "putspread": "Vertical",
}


class Impossible(Exception):
    """The text is not acceptable JSON."""


def expected(  # noqa: C901, PLR0912  # a list of questions, in the contract's order
    data: bytes,
    symbol: str,
    strategy: str,
    now: datetime,
    *,
    max_age_s: float = 300,
    allow_delayed: bool = False,
    require_best: bool = True,
    sources: tuple[str, ...] = ("checkpoint", "blend", "ml_5min"),
    side: str | None = None,
) -> str:
    """Return the reason that a reader who sees this file for the first time must give."""
    if len(data) > 2 * 1024 * 1024:
        return "too_large"
    try:
        root = strict_json(data)
    except Impossible:
        return "bad_json"
    if not isinstance(root, dict) or root.get("schema_version") not in ("1.0", "1.1"):
        return "schema_unknown"
    if root["schema_version"] == "1.0":
        return "unsealed"
    if not has_own_hash(data, root.get("content_hash")):
        return "hash_mismatch"
    if "halt_reason" not in root or root["halt_reason"] is not None:
        return "halted"
    kill_switch = root.get(
        "kill_switch", ""
    )  # no kill file lies anywhere here, but one that cannot be looked at counts
    if kill_switch is not None and (not isinstance(kill_switch, str) or kill_switch == "" or "\0" in kill_switch):
        return "halted"
    written = moment(root.get("timestamp"))
    if written is None:
        return "no_timestamp"
    if written > now + timedelta(seconds=5):
        return "clock_skew"
    if now - written > timedelta(seconds=max_age_s):
        return "too_old"
    if not is_future(root.get("valid_until"), now):
        return "expired"
    if not is_integer(root.get("seq")) or root["seq"] < 1:
        return "seq_went_back"
    status = status_problem(root.get("data_status"), allow_delayed=allow_delayed)
    if "practice" in root:
        return "not_live"
    if status is not None:
        return status
    upper = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT"}.get(symbol.strip().upper(), symbol.strip().upper())
    if "connection" in root and not is_connected(root["connection"], upper):
        return "feed_degraded"
    if root.get("market_session") != "regular":
        return "market_closed"
    symbols = root.get("recommendations")
    if not isinstance(symbols, dict) or not isinstance(symbols.get(upper), dict) or symbols[upper] == {}:
        return "symbol_unknown"
    if symbols[upper].get("symbol") != upper:
        return "symbol_mismatch"
    base = BASE.get(strategy.replace(" ", "").replace("-", "").replace("_", "").lower())
    if base is None:
        return "strategy_unknown"
    record = symbols[upper]
    if require_best:
        key = record.get("best_strategy_key")
        answer = judge(record, key, strategy, now, allow_delayed, sources, side=side, must_be_best=True)
        return settled(answer, root, upper, key, must_be_best=True)
    answers = [
        settled(
            judge(record, key, strategy, now, allow_delayed, sources, side=side, must_be_best=False),
            root,
            upper,
            key,
            must_be_best=False,
        )
        for key in (base, f"{base}_5min")
    ]
    if "ok" in answers:
        return "ok"
    order = (
        "entry_missing",
        "source_excluded",
        "entry_expired",
        "low_confidence",
        "not_tradable",
        "no_side",
        "side_mismatch",
        "contradiction",
    )
    ranks = [order.index(answer) if answer in order else -1 for answer in answers]
    return answers[0] if ranks[0] >= ranks[1] else answers[1]


def settled(answer: str, root: dict[str, Any], symbol: str, key: Any, *, must_be_best: bool) -> str:
    """Return the answer, or ``contradiction`` when the file says something else about the same trade elsewhere.

    The kit asks this before it compares the symbol's status with the document's.
    """
    if answer not in {"ok", "not_live", "delayed"}:
        return answer
    record = root["recommendations"][symbol]
    found = contradictions(root, record, record["strategies"][key], key)
    if must_be_best and record.get("best_strategy_source") != record["strategies"][key]["source"]:
        found = True
    skipped = root.get("skipped", {})
    return "contradiction" if found or not isinstance(skipped, dict) or symbol in skipped else answer


def contradictions(root: dict[str, Any], record: dict[str, Any], entry: dict[str, Any], key: str) -> bool:
    """Tell whether the document says anything that cannot be true beside this entry."""
    limits = root.get("limits", DEFAULT_LIMITS)
    if not isinstance(limits, dict) or not are_times_of_its_day(root):
        return True
    for described in (root, record):
        is_played = described.get("data_source") in ("replay", "simulated")
        if is_played and described.get("data_status") in ("live", "delayed"):
            return True
    if lives_too_long(root, entry, limits) or is_of_another_source(root, entry, key, limits):
        return True
    if is_another_trade(entry, key.removesuffix("_5min")):
        return True
    return entry.get("ticket") is not None and not is_its_ticket(entry, root["timestamp"])


def are_times_of_its_day(root: dict[str, Any]) -> bool:
    """Tell whether what the document was made from lies before it, on its day."""
    written = moment(root["timestamp"])
    for name in ("checkpoint_timestamp", "last_5min_update"):
        if root.get(name) is not None:
            seen = moment(root[name])
            if seen is None or written is None or seen > written:
                return False
            if seen.astimezone(UTC).date() != written.astimezone(UTC).date():
                return False
    return True


def lives_too_long(root: dict[str, Any], entry: dict[str, Any], limits: dict[str, Any]) -> bool:
    """Tell whether document or entry live longer than the settings allow."""
    lives = [("timestamp", root.get("valid_until"), "document_seconds", 1)]
    if entry["source"] != "ml_5min":
        lives.append(("checkpoint_timestamp", entry["valid_until"], "checkpoint_minutes", 60))
    if entry["source"] != "checkpoint":
        lives.append(("last_5min_update", entry["valid_until"], "ml_5min_minutes", 60))
    for start, end, limit, unit in lives:
        begin, finish, most = moment(root.get(start)), moment(end), limits.get(limit)
        if begin is None or finish is None or not is_number(most) or not 0 <= most <= MOST[limit]:
            return True
        if finish - begin > timedelta(seconds=float(most) * unit):
            return True
    return False


def is_of_another_source(root: dict[str, Any], entry: dict[str, Any], key: str, limits: dict[str, Any]) -> bool:
    """Tell whether the entry's source cannot have written it: under this key, in this merge, as HIGH."""
    source, merge_strategy = entry["source"], root.get("merge_strategy")
    if key.endswith("_5min") and (source != "ml_5min" or merge_strategy != "overlay"):
        return True
    if source == "ml_5min":
        return entry["score"] < 80 or root.get("ml_5min_enhanced") is not True
    least = limits.get("high_score")
    if not is_number(least) or not 0 <= least <= 100 or entry["score"] < least:
        return True
    return source == "blend" and merge_strategy != "weighted"


DEFAULT_LIMITS = {"document_seconds": 300, "checkpoint_minutes": 35, "ml_5min_minutes": 10, "high_score": 65}
MOST = {"document_seconds": 300, "checkpoint_minutes": 240, "ml_5min_minutes": 60}


def is_another_trade(entry: dict[str, Any], strategy: str) -> bool:
    """Tell whether what the entry says of its trade cannot be one trade of the strategy."""
    structure, side, direction = entry.get("structure"), entry.get("side"), entry.get("direction")
    words = {"Butterfly": "butterfly", "Iron_Condor": "condor", "Vertical": "vertical"}
    if structure is not None and (not isinstance(structure, str) or not structure.endswith(words[strategy])):
        return True
    if strategy != "Vertical":
        return side is not None or direction not in (None, "neutral")
    if direction not in (None, {"bull": "bullish", "bear": "bearish"}[side]):
        return True
    right, action = entry.get("right"), entry.get("action")
    if right is None and action is None:
        return structure not in (None, f"{side} vertical")
    if right not in ("C", "P") or action not in ("BUY", "SELL"):
        return True
    if side != ("bull" if (right == "C") == (action == "BUY") else "bear"):
        return True
    name = ("call" if right == "C" else "put") + (" debit" if action == "BUY" else " credit") + " vertical"
    return structure not in (None, name)


def is_its_ticket(entry: dict[str, Any], written: str) -> bool:
    """Tell whether the ticket is one of the day, with the legs of the entry's trade."""
    ticket, structure = entry["ticket"], str(entry.get("structure"))
    at = moment(written)
    if at is None or not isinstance(ticket, dict) or ticket.get("expiry") != at.astimezone(UTC).strftime("%Y-%m-%d"):
        return False
    legs = ticket.get("legs")
    if not isinstance(legs, list):
        return False
    rights, strikes = [], {"BUY": [], "SELL": []}
    for leg in legs:
        if not isinstance(leg, dict) or leg.get("action") not in ("BUY", "SELL") or not is_number(leg.get("strike")):
            return False
        rights.append(leg.get("right"))
        strikes[leg["action"]].append(leg["strike"])
    if "vertical" in structure:
        if [len(strikes["BUY"]), len(strikes["SELL"])] != [1, 1] or rights != [entry.get("right")] * 2:
            return False
        below, above = ("BUY", "SELL") if entry["side"] == "bull" else ("SELL", "BUY")
        return bool(strikes[below][0] < strikes[above][0])
    if "iron" in structure:
        return sorted(map(str, rights)) == ["C", "C", "P", "P"]
    return rights in (["C", "C", "C"], ["P", "P", "P"])


def is_connected(connection: Any, symbol: str) -> bool:
    """Tell whether the feed is well for a symbol."""
    if not isinstance(connection, dict) or not isinstance(connection.get("symbols", []), list):
        return False
    alone = connection.get("symbols", [])
    if symbol in alone:
        return False
    return connection.get("state") == "connected" or (connection.get("state") == "degraded" and len(alone) > 0)


def is_number(value: Any) -> bool:
    """Tell a number from everything else."""
    return is_integer(value) or isinstance(value, Decimal)


def has_own_hash(data: bytes, claimed: Any) -> bool:
    """Compute the hash as the guide says: over the file's bytes with the 64 digits of the hash set to 0."""
    if not isinstance(claimed, str) or len(claimed) != 64 or set(claimed) - set("0123456789abcdef"):
        return False
    return sha256(("0" * 64).encode().join(data.split(claimed.encode()))).hexdigest() == claimed


def side_problem(entry: dict[str, Any], name: str, side: str | None) -> str | None:
    """Return what is wrong with the side of an entry for a bot that asked by this name and side."""
    letters = name.replace(" ", "").replace("-", "").replace("_", "").lower()
    if BASE[letters] != "Vertical":
        return None if side is None else "side_mismatch"
    if entry.get("side") not in ("bull", "bear"):
        return "no_side"
    if side is not None and side != entry["side"]:
        return "side_mismatch"
    wanted = {"callspread": "C", "putspread": "P"}.get(letters)
    if wanted is None or entry.get("right") == wanted or (side is not None and "right" not in entry):
        return None
    return "side_mismatch"


def judge(
    record: dict[str, Any],
    key: Any,
    name: str,
    now: datetime,
    allow_delayed: bool,
    sources: Any,
    *,
    side: str | None,
    must_be_best: bool,
) -> str:
    """Return the reason for one candidate entry."""
    base = BASE[name.replace(" ", "").replace("-", "").replace("_", "").lower()]
    strategies = record.get("strategies")
    entry = strategies.get(key) if isinstance(strategies, dict) and isinstance(key, str) else None
    if not isinstance(entry, dict) or entry == {}:
        return "entry_missing"
    if key == "No_Trade" and must_be_best:
        return "not_best"
    if not isinstance(entry.get("source"), str) or entry["source"] not in sources:
        return "source_excluded"
    if not is_future(entry.get("valid_until"), now):
        return "entry_expired"
    if must_be_best and (record.get("best_strategy") != base or key not in {base, base + "_5min"}):
        return "not_best"
    score = entry.get("score")
    if entry.get("confidence") != "HIGH" or not (is_integer(score) or isinstance(score, Decimal)):
        return "low_confidence"
    if score < 0 or score > 100:
        return "low_confidence"
    if entry.get("should_trade") is not True or entry.get("blocked_by") != []:
        return "not_tradable"
    if (problem := side_problem(entry, name, side)) is not None:
        return problem
    return status_problem(record.get("data_status"), allow_delayed=allow_delayed) or "ok"


def status_problem(status: Any, *, allow_delayed: bool) -> str | None:
    """Return what is wrong with a data status."""
    if status == "live":
        return None
    if status == "delayed":
        return None if allow_delayed else "delayed"
    return "not_live"


def is_integer(value: Any) -> bool:
    """Tell a number from a truth."""
    return isinstance(value, int) and value is not True and value is not False


def is_future(text: Any, now: datetime) -> bool:
    """Tell whether a text names a time after now."""
    at = moment(text)
    return at is not None and at > now


def moment(text: Any) -> datetime | None:
    """Return an instant from the shapes that ISO 8601 allows a document: seconds or microseconds, and an offset."""
    if not isinstance(text, str) or not text.isascii() or "T" not in text:
        return None
    for shape, length in (("%Y-%m-%dT%H:%M:%S", 19), ("%Y-%m-%dT%H:%M:%S.%f", 26)):
        clock, offset = text[:length], text[length:]
        if len(clock) != length or any(letter.isspace() for letter in text):
            continue
        if offset != "Z" and not (len(offset) == 6 and offset[0] in "+-" and offset[3] == ":" and digits(offset[1:3])):
            continue
        try:
            return datetime.strptime(clock + offset, f"{shape}%z")
        except ValueError:
            continue
    return None


def digits(text: str) -> bool:
    """Tell whether a text is all ASCII digits."""
    return text.isascii() and text.isdigit()


def strict_json(data: bytes) -> Any:
    """Parse bytes as JSON without doubles, halves of characters, numbers beyond reason or depth beyond reason."""
    try:
        tree = json.loads(
            data.decode("utf-8"), object_pairs_hook=Pairs, parse_float=Decimal, parse_constant=refuse_constant
        )
        return plain(tree)
    except (ValueError, RecursionError) as error:
        raise Impossible from error


class Pairs(list[tuple[str, Any]]):
    """An object as it stands in the text."""


def refuse_constant(name: str) -> None:
    """Refuse NaN and the infinities."""
    raise ValueError(name)


def plain(node: Any) -> Any:
    """Return the tree with objects as dicts."""
    if isinstance(node, Pairs):
        names = [plain(name) for name, _ in node]
        if len(set(names)) < len(names):
            raise ValueError("a double")
        return {name: plain(value) for name, value in node}
    if isinstance(node, list):
        return [plain(value) for value in node]
    if isinstance(node, str):
        node.encode("utf-8")  # refuses half a character
    if isinstance(node, Decimal) and abs(node) > Decimal("1.7976931348623158e308"):
        raise ValueError("infinite")
    if is_integer(node) and len(str(node)) > 18:
        raise ValueError("too long")
    return node
