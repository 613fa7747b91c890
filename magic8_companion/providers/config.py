"""The configuration of the providers: which one serves, and what each of them needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from magic8_companion.domain.config import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderConfig:
    """Which source of market data serves, and its parameters; those of IB are in ``providers.ib.config``."""

    name: str = field(
        default="simulated",
        metadata=setting(
            "Source: ib, yahoo, replay (also: file), simulated, or a name registered under magic8.providers."
        ),
    )
    replay_path: Path | None = field(
        default=None, metadata=setting("Folder of recorded bars that provider replay needs.")
    )
    seed: int = field(default=8, metadata=setting("Seed of the simulated market.", advanced=True, ge=0, le=2**32 - 1))
    strikes_each_side: int = field(
        default=20, metadata=setting("Strikes on each side of the money in a chain.", advanced=True, ge=5, le=40)
    )
    yahoo_server: str = field(
        default="",
        metadata=setting("Address of a simulated Yahoo for tests; empty uses Yahoo itself.", advanced=True),
    )
    fallback_to_yahoo: bool = field(
        default=True, metadata=setting("Whether Yahoo answers, stamped as such, what IB cannot.")
    )


DEFAULTS: Final = ProviderConfig()
