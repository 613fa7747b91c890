"""What forbids an entry whatever its score: the one rule about data, for checkpoints and 5-minute answers alike."""

from __future__ import annotations

from dataclasses import replace

from magic8_companion.domain.codes import Blocker, DataStatus
from magic8_companion.domain.recommendation import CheckpointResult, Entry


def data_blockers(
    data_status: DataStatus, *, trade_on_delayed_data: bool, nonlive_in_live_dir: bool = False
) -> tuple[Blocker, ...]:
    """Return what forbids every entry made from data of this status.

    >>> data_blockers(DataStatus.DELAYED, trade_on_delayed_data=False)
    ('delayed_data',)
    """
    delayed = data_status == DataStatus.DELAYED and not trade_on_delayed_data
    return (Blocker.DELAYED_DATA,) * delayed + (Blocker.NONLIVE_IN_LIVE_DIR,) * nonlive_in_live_dir


def block(entry: Entry, *reasons: str) -> Entry:
    """Return the entry with more blockers, each once; without any it is unchanged."""
    if not reasons:
        return entry
    return replace(entry, should_trade=False, blocked_by=tuple(dict.fromkeys((*entry.blocked_by, *reasons))))


def withdrawn(checkpoint: CheckpointResult, reason: str) -> CheckpointResult:
    """Return the checkpoint with every entry blocked by the reason."""
    records = {
        symbol: replace(record, strategies={key: block(entry, reason) for key, entry in record.strategies.items()})
        for symbol, record in checkpoint.recommendations.items()
    }
    return replace(checkpoint, recommendations=records)
