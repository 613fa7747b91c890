"""A published document as records of the journal, one for each symbol; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from magic8_companion.journal.records import DecisionRecord
from magic8_companion.publishing.schema import RECOMMENDATIONS

SKIPPED: Final = "skipped"
"""The decision about a symbol of which nothing is known."""


def decision_records(
    kind: str, document: Mapping[str, Any], document_sha256: str, inputs: Mapping[str, str]
) -> Iterator[DecisionRecord]:
    """Yield the records of a document of ``kind``; ``inputs`` maps a symbol to the SHA-256 of its inputs."""
    symbols = document["recommendations"]
    decisions = {symbol: (SKIPPED, reason) for symbol, reason in document["skipped"].items() if symbol not in symbols}
    for symbol, item in symbols.items():
        decision = item.get("best_strategy_key", item["best_strategy"])
        decisions[symbol] = (decision, item["strategies"][decision]["rationale"])
    decided_at = document["checkpoint_timestamp" if kind == RECOMMENDATIONS else "slot_time"]
    for symbol, (decision, reason) in decisions.items():
        origin = {**document, **symbols.get(symbol, {})}
        yield DecisionRecord(
            seq=document["seq"],
            timestamp=datetime.fromisoformat(document["timestamp"]),
            document=kind,
            symbol=symbol,
            decision=decision,
            reason=reason,
            inputs_sha256=inputs.get(symbol),
            document_sha256=document_sha256,
            decided_at=None if decided_at is None else datetime.fromisoformat(decided_at),
            valid_until=datetime.fromisoformat(document["valid_until"]),
            data_source=origin["data_source"],
            data_status=origin["data_status"],
            ml_status=origin["ml_status"],
            halt_reason=document.get("halt_reason"),
            recommendation=symbols.get(symbol),
        )
