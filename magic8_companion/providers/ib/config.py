"""What the provider must be told: the ``M8C_IB_*`` settings and their neighbours, in its own words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class IBConfig:
    """Where the gateway is, how long to wait, and how much may be asked for.

    ``vix_attempts`` is how often IB is asked for the bars of the VIX before another source may be (0: not at all).
    ``messages_per_second`` is in real time, whatever the clock says: it is a limit of the wire.
    """

    host: str = "127.0.0.1"
    port: int = 7497
    client_id: int = 2
    connect_timeout_seconds: float = 10.0
    request_timeout_seconds: float = 15.0
    market_data_lines: int = 100
    allow_delayed: bool = True
    vix_attempts: int = 1
    stream_open_interest: bool = True
    open_interest_timeout_seconds: float = 2.0
    strikes_each_side: int = 20
    messages_per_second: float = 45.0

    @property
    def address(self) -> str:
        """Return host and port as people write them."""
        return f"{self.host}:{self.port}"
