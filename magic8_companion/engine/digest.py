"""The fingerprint of what a decision was made from."""

from __future__ import annotations

from functools import lru_cache
from hashlib import sha256

from magic8_companion.domain.bars import COLUMNS, Bars
from magic8_companion.domain.market_state import MarketState


def inputs_digest(state: MarketState) -> str:
    """Return the SHA-256 (hex) of everything observed: prices, volumes, chain, times, sources and gaps."""
    digest = sha256()
    facts = (
        state.symbol,
        state.as_of.isoformat(),
        state.spot,
        state.vix,
        state.data_source,
        state.data_status,
        state.data_age_seconds,
        sorted(state.missing.items()),
        state.chain,
    )
    digest.update(repr(facts).encode())
    for bars in (state.bars, state.history, state.vix_bars, state.vix_daily):
        digest.update(_bars_digest(bars))
    return digest.hexdigest()


@lru_cache(maxsize=64)
def _bars_digest(bars: Bars) -> bytes:
    # Bars never change and are told apart by identity: a day's history is read once, not at every slot.
    digest = sha256()
    for column in ("starts", *COLUMNS):
        digest.update(getattr(bars, column).astype("<i8" if column == "starts" else "<f8").tobytes())
    return digest.digest()
