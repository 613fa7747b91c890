"""The configuration of the IB provider."""

from __future__ import annotations

from dataclasses import dataclass, field

from magic8_companion.domain.config import SharedConfig, same_as, setting
from magic8_companion.providers.config import ProviderConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class IBConfig:
    """Address, time limits and request limits of the gateway."""

    host: str = field(default="127.0.0.1", metadata=setting("Host on which TWS or the Gateway listens."))
    port: int = field(
        default=7497,
        metadata=setting("Port of TWS (7496 live, 7497 paper) or Gateway (4001 live, 4002 paper).", ge=1, le=65535),
    )
    client_id: int = field(default=2, metadata=setting("Client id of the only IB connection.", ge=1, le=32767))
    connect_timeout_seconds: float = field(
        default=10.0, metadata=setting("Seconds to wait for a connection to IB.", advanced=True, ge=1, le=120)
    )
    request_timeout_seconds: float = same_as(SharedConfig, "request_timeout_seconds")
    market_data_lines: int = field(
        default=100, metadata=setting("Market data lines that the account grants.", advanced=True, ge=10, le=1000)
    )
    allow_delayed: bool = field(
        default=True, metadata=setting("Whether to ask for delayed data where live data is not subscribed.")
    )
    vix_attempts: int = field(
        default=1,
        metadata=setting("Requests to IB for the VIX before Yahoo is used; 0 skips IB.", advanced=True, ge=0, le=5),
    )
    stream_open_interest: bool = field(
        default=True, metadata=setting("Whether to stream open interest.", advanced=True)
    )
    open_interest_timeout_seconds: float = field(
        default=2.0, metadata=setting("Seconds to wait for each batch of open interest.", advanced=True, ge=0.5, le=30)
    )
    strikes_each_side: int = same_as(ProviderConfig, "strikes_each_side")
    messages_per_second: float = field(
        default=45.0, metadata=setting("Messages per second of real time that IB accepts, whatever the clock shows.")
    )

    @property
    def address(self) -> str:
        """Return ``host:port``."""
        return f"{self.host}:{self.port}"
