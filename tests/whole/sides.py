"""Read archived documents as an outsider and list where an entry means two trades."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

SIDES = {
    "call debit vertical": ("bull", "C", "BUY"),
    "put credit vertical": ("bull", "P", "SELL"),
    "put debit vertical": ("bear", "P", "BUY"),
    "call credit vertical": ("bear", "C", "SELL"),
}
DIRECTIONS = {"bull": "bullish", "bear": "bearish"}


def entries(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Yield the key, the entry and the metadata of every entry of a document."""
    for record in document["recommendations"].values():
        for key, entry in record["strategies"].items():
            yield key, entry, record.get("ml_5min_metadata", {})


def contradictions(document: dict[str, Any]) -> list[str]:
    """Return what contradicts itself in the document, one sentence each."""
    found = []
    for key, entry, metadata in entries(document):
        name = key.removesuffix("_5min")
        check = _of_a_vertical(entry) if name == "Vertical" else _of_no_side(entry)
        check += _of_the_model(name, entry, metadata)
        found += [f"seq {document['seq']} {key}: {problem}" for problem in check]
    return found


def bet_on_a_rise(legs: list[dict[str, Any]]) -> bool:
    """Tell whether a vertical gains when the price rises: its payoff far above less that far below."""
    far = (0.0, 1e6)
    values = [
        sum(
            (1 if leg["action"] == "BUY" else -1)
            * max(0.0, (price - leg["strike"]) if leg["right"] == "C" else (leg["strike"] - price))
            for leg in legs
        )
        for price in far
    ]
    return values[1] > values[0]


def _of_a_vertical(entry: dict[str, Any]) -> list[str]:
    if "skipped" in entry["blocked_by"]:
        return []
    side, structure, ticket = entry.get("side"), entry.get("structure"), entry.get("ticket")
    found = []
    if side not in DIRECTIONS:
        found.append(f"side {side}")
    elif entry.get("direction", DIRECTIONS[side]) != DIRECTIONS[side]:
        found.append(f"direction {entry['direction']} beside {side}")
    if structure is not None and SIDES[structure] != (side, entry.get("right"), entry.get("action")):
        found.append(f"{structure} beside {side}, {entry.get('right')}, {entry.get('action')}")
    if ticket is not None and bet_on_a_rise(ticket["legs"]) != (side == "bull"):
        found.append(f"the ticket is not {side}")
    if ticket is not None and {leg["right"] for leg in ticket["legs"]} != {entry.get("right")}:
        found.append(f"the ticket has another right than {entry.get('right')}")
    if ticket is not None and (entry["action"] == "SELL") != (ticket["limit_price"] > 0):
        found.append(f"action {entry['action']} at {ticket['limit_price']}")
    if structure is None and entry.get("win_probability") is not None:
        found.append("a chance to win without structure")
    return found


def _of_no_side(entry: dict[str, Any]) -> list[str]:
    sided = {"side", "right", "action"} & set(entry) or entry.get("direction", "neutral") != "neutral"
    nameless = entry.get("ticket") is not None and "structure" not in entry
    return ["a side without vertical"] * bool(sided) + ["a ticket without structure"] * nameless


def _of_the_model(name: str, entry: dict[str, Any], metadata: dict[str, Any]) -> list[str]:
    # the model's sentence of a 5-minute Vertical names its structure and its chance to win
    words = metadata.get("rationale", "").partition(":")
    if name != "Vertical" or "ml_confidence" not in entry or not words[0].startswith("Vertical"):
        return []
    structure = f"Vertical ({entry['structure'].removesuffix(' vertical')})"
    found = [] if words[0] == structure else [f"{entry['structure']}, but the model means {words[0]}"]
    chance = f" win {entry['win_probability']:.2f},"
    return found if chance in words[2] else [*found, f"{chance} is not in {words[2]}"]
