"""The schedule of a trading day: which checkpoints, when, until when, and which of them cannot be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from magic8_companion.domain.codes import ReasonCode
from magic8_companion.domain.trading_day import Session, new_york_label
from magic8_companion.engine.config import EngineConfig

RETRY_EVERY: Final = timedelta(seconds=20)
"""Pause before symbols that were skipped for a passing reason are evaluated again; IB's pacing asks for 15 s."""

PASSING: Final = frozenset(
    {
        ReasonCode.PACING,
        ReasonCode.RATE_LIMITED,
        ReasonCode.TIMEOUT,
        ReasonCode.FETCH_TIMEOUT,
        ReasonCode.SOURCE_DOWN,
        ReasonCode.BAD_ANSWER,
        ReasonCode.IB_DISCONNECTED,
        ReasonCode.IB_SERVER_ERROR,
        ReasonCode.FEED_SILENT,
        ReasonCode.QUOTES_BROKEN,
        ReasonCode.CONTRACT_UNKNOWN,
        ReasonCode.BAD_SPOT,
        ReasonCode.PRICE_JUMP,
        "history_failed",
        "history_broken",
        "stale_quotes",
        "missing_bars",
    }
)
"""Reasons that may end within the grace of a checkpoint."""

PUNCTUAL: Final = timedelta(seconds=1)
"""What waking up may cost without counting as late, so that a grace of 0 minutes still means something."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """One scheduled checkpoint.

    ``at`` is its nominal time, ``due_at`` when work starts (the bar has closed), ``latest`` when it is too late to
    start, ``valid_until`` when its entries expire.  ``impossible`` says why it cannot be on this day at all.
    ``follower`` is the next checkpoint where that ends the grace: two checkpoints never evaluate one moment.
    """

    at: datetime
    due_at: datetime
    latest: datetime
    valid_until: datetime
    impossible: str | None = None
    follower: datetime | None = None

    @property
    def label(self) -> str:
        """Return the published label, such as ``10:30 ET``."""
        return new_york_label(self.at)

    def refusal(self, now: datetime) -> str | None:
        """Return why the checkpoint must not start at ``now``, or None; a time before ``due_at`` is not refused."""
        if self.impossible is not None or now <= self.latest + PUNCTUAL:
            return self.impossible
        late = (now - self.due_at).total_seconds() / 60
        grace = (self.latest - self.due_at).total_seconds() / 60
        cut = "" if self.follower is None else f", because {new_york_label(self.follower)} follows"
        return f"missed by {late:.0f} min, the grace is {grace:.0f} min{cut}"

    def retry_at(self, skipped: Iterable[str], now: datetime) -> datetime | None:
        """Return when to evaluate skipped symbols again: after a pause, at the latest at the end of the grace.

        None when no reason is a passing one, or the grace is over.
        """
        if now >= self.latest or not any(reason in PASSING for reason in skipped):
            return None
        return min(now + RETRY_EVERY, self.latest)


def day_schedule(session: Session, options: EngineConfig) -> tuple[Checkpoint, ...]:
    """Return every configured checkpoint of the day in order of time, the impossible ones included."""
    times = sorted(session.at(wall) for wall in options.checkpoint_times)
    return tuple(
        _checkpoint(at, follower, session, options) for at, follower in zip(times, [*times[1:], None], strict=True)
    )


def _checkpoint(at: datetime, follower: datetime | None, session: Session, options: EngineConfig) -> Checkpoint:
    delay, latest = options.bar_close_delay, at + options.bar_close_delay + options.grace
    cut = None if follower is None else max(at, follower - RETRY_EVERY) + delay
    is_cut = cut is not None and cut < latest
    return Checkpoint(
        at=at,
        due_at=at + delay,
        latest=cut if cut is not None and is_cut else latest,
        valid_until=_expiry(at, follower, session, options),
        impossible=None if at < session.close_at else f"the session closes at {new_york_label(session.close_at)}",
        follower=follower if is_cut else None,
    )


def _expiry(at: datetime, follower: datetime | None, session: Session, options: EngineConfig) -> datetime:
    # The earliest of the entries' own lifetime, the next checkpoint plus grace, and the close.
    own = min(at + timedelta(minutes=options.checkpoint_valid_minutes), session.close_at)
    return own if follower is None else min(own, follower + options.grace)
