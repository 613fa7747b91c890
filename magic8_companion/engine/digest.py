"""The fingerprint of what a decision was made from."""

from __future__ import annotations

from hashlib import sha256

from magic8_companion.domain.bars import COLUMNS
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
        digest.update(len(bars).to_bytes(8, "little"))
        for column in ("starts", *COLUMNS):
            digest.update(getattr(bars, column).astype("<i8" if column == "starts" else "<f8").tobytes())
    return digest.hexdigest()
