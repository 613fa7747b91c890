"""The table of faults: what the gateway does, what may be published meanwhile, and when data must be back."""

from __future__ import annotations

from typing import Final

from magic8_companion.testing.faults import Fault
from magic8_companion.testing.scenario import GatewaySettings, Step, Trigger
from tests.providers.ib.chaos import SILENCE, Case
from tests.providers.ib.chaos_looks import (
    crossed_is_none,
    finite,
    flagged_delayed,
    interest_unknown,
    no_bid_is_none,
    own_greeks,
    some_strikes_empty,
    vix_is_missing,
    vix_is_there,
    zero_interest_is_zero,
)

DISCONNECTED: Final = frozenset({"ib_disconnected"})
SILENT: Final = frozenset({"ib_disconnected", "feed_silent", "stale_quotes"})
RETRY_AFTER_A_MINUTE: Final = 70.0


def refused(request: str, code: int, text: str = "", count: int = 1) -> Fault:
    """Return a fault that answers a request with an error."""
    return Fault("refused", request=request, code=float(code), text=text, count=float(count))


def notice(code: int) -> Fault:
    """Return a system message."""
    return Fault("notice", code=float(code))


CASES: Final = (
    # the link to IB's servers
    Case(
        name="1100, 20 s later 1101",
        faults=(Fault("link_lost", seconds=20, returns=1101),),
        lasts=20,
        reasons=DISCONNECTED,
    ),
    Case(
        name="1100, 20 s later 1102",
        faults=(Fault("link_lost", seconds=20, returns=1102),),
        lasts=20,
        reasons=DISCONNECTED,
    ),
    Case(
        name="1100, then 1102, but lines stay silent",
        faults=(Fault("link_lost", seconds=5, returns=1102, silent=True),),
        lasts=5,
        reasons=SILENT,
    ),
    Case(name="2110 and nothing more", faults=(notice(2110),), reasons=DISCONNECTED, looks=finite),
    # farms
    Case(
        name="2103, 20 s later 2104",
        faults=(Fault("farm_broken", seconds=20),),
        lasts=20,
        reasons=frozenset({"quotes_broken", "feed_silent"}),
        recovers_within=20,
    ),
    Case(name="2103 and 2104 of another farm, data flow on", faults=(notice(2103), notice(2104)), looks=finite),
    Case(
        name="2105, 20 s later 2106",
        faults=(Fault("farm_broken", farm="history", seconds=20),),
        lasts=20,
        reasons=frozenset({"history_broken"}),
    ),
    Case(
        name="2107, 2108, 2119, 2157, 2158",
        faults=tuple(notice(code) for code in (2107, 2108, 2119, 2157, 2158)),
        looks=finite,
    ),
    Case(name="1300: the port has changed, the connection stays", faults=(notice(1300),), looks=finite),
    # the socket
    Case(name="silence on a live socket", faults=(Fault("silence"),), limit=SILENCE, reasons=SILENT),
    Case(name="half-open socket", faults=(Fault("half_open"),), limit=SILENCE, reasons=SILENT),
    Case(name="7-byte segments", faults=(Fault("segments", size=7),), chain=True, looks=finite),
    Case(name="connection closed", faults=(Fault("drop"),), reasons=DISCONNECTED),
    Case(name="connection reset", faults=(Fault("drop", reset=True),), reasons=DISCONNECTED),
    Case(
        name="closed with a request pending",
        steps=(Step(at=Trigger(request="historical_bars", number=2), fault=Fault("drop")),),
        reasons=DISCONNECTED,
    ),
    Case(
        name="restart in mid-request, 5 s",
        steps=(Step(at=Trigger(request="historical_bars", number=2), fault=Fault("restart", seconds=5)),),
        reasons=DISCONNECTED,
    ),
    Case(
        name="nightly restart, 45 s",
        faults=(Fault("restart", seconds=45),),
        lasts=45,
        reasons=DISCONNECTED,
        recovers_within=65,
    ),
    # who is connected
    Case(
        name="326 at the start: a second host",
        faults=(Fault("client_id_in_use"),),
        before_connect=True,
        reasons=frozenset({"client_id_in_use"}),
        recovers=False,
        state="needs_human",
    ),
    Case(
        name="326 after a drop: our own ghost, 10 s",
        faults=(Fault("client_id_in_use", seconds=10), Fault("drop")),
        lasts=10,
        reasons=DISCONNECTED,
    ),
    Case(
        name="two-factor wait, 40 s",
        faults=(Fault("two_factor", seconds=40),),
        before_connect=True,
        lasts=40,
        reasons=frozenset({"gateway_silent", "ib_disconnected"}),
        recovers_within=30,
    ),
    Case(
        name="10197: another login takes the data, 20 s",
        faults=(Fault("competing_session", seconds=20),),
        lasts=20,
        reasons=frozenset({"competing_session"}),
        recovers_within=RETRY_AFTER_A_MINUTE,
    ),
    # requests
    Case(
        name="162: pacing",
        faults=(refused("historical_bars", 162, "Historical data request pacing violation"),),
        reasons=frozenset({"pacing"}),
        recovers_within=20,
    ),
    Case(
        name="162: no data",
        faults=(refused("historical_bars", 162, "HMDS query returned no data"),),
        reasons=frozenset({"no_data"}),
    ),
    Case(
        name="162: no permission for bars",
        faults=(refused("historical_bars", 162, "No market data permissions for ARCA", count=2),),
        reasons=frozenset({"no_permission"}),
    ),
    Case(
        name="200: contract unknown, during maintenance",
        faults=(refused("contract_details", 200),),
        before_connect=True,
        reasons=frozenset({"contract_unknown"}),
        recovers_within=RETRY_AFTER_A_MINUTE,
    ),
    Case(
        name="321: our request is wrong",
        faults=(refused("historical_bars", 321),),
        reasons=frozenset({"request_refused", "ib_error_321"}),
        recovers=False,
    ),
    Case(
        name="162: another login trades from another IP address",
        faults=(refused("historical_bars", 162, "Trading TWS session is connected from a different IP address"),),
        reasons=frozenset({"competing_session"}),
    ),
    Case(
        name="323: an internal error of IB's server",
        faults=(refused("historical_bars", 323),),
        reasons=frozenset({"ib_server_error"}),
    ),
    Case(name="100: too many messages", faults=(notice(100),), chain=True, limit=SILENCE, looks=finite),
    Case(name="101: too many lines", faults=(refused("market_data", 101),), chain=True, looks=finite),
    Case(
        name="bars never answered",
        faults=(Fault("unanswered", request="historical_bars", count=1),),
        reasons=frozenset({"timeout"}),
    ),
    Case(
        name="contracts never answered",
        faults=(Fault("unanswered", request="contract_details", count=1),),
        before_connect=True,
        reasons=frozenset({"timeout", "feed_silent"}),
    ),
    Case(
        name="market data never answered",
        faults=(Fault("unanswered", request="market_data", count=1),),
        before_connect=True,
        reasons=frozenset({"feed_silent"}),
    ),
    Case(name="the gateway's time never answered", faults=(Fault("unanswered", request="current_time"),), looks=finite),
    Case(
        name="startApi never answered",
        faults=(Fault("unanswered", request="start_api", count=1),),
        before_connect=True,
        reasons=frozenset({"gateway_silent", "ib_disconnected"}),
    ),
    Case(name="10182: bars no longer updated", faults=(notice(10182),), looks=finite),
    # permissions and delay
    Case(
        name="354: not subscribed, delayed data not wanted",
        faults=(Fault("no_permission", code=354.0, seconds=15),),
        before_connect=True,
        options={"allow_delayed": False},
        lasts=15,
        reasons=frozenset({"no_permission"}),
        recovers_within=RETRY_AFTER_A_MINUTE,
    ),
    Case(
        name="354: not subscribed, not even delayed",
        faults=(Fault("no_permission", code=354.0, seconds=15),),
        before_connect=True,
        lasts=15,
        reasons=frozenset({"no_permission"}),
        recovers_within=RETRY_AFTER_A_MINUTE,
    ),
    *(
        Case(
            name=f"{code}, then 10167: delayed data instead of live",
            faults=(Fault("delayed_only", code=float(code)),),
            before_connect=True,
            chain=True,
            looks=flagged_delayed,
            delayed=True,
            reasons=frozenset({"feed_silent"}),
        )
        for code in (10168, 10089, 10186)
    ),
    Case(
        name="10090: partly subscribed, no Greeks",
        faults=(Fault("no_permission", code=10090.0),),
        before_connect=True,
        chain=True,
        looks=own_greeks,
    ),
    # what the data say
    Case(name="bids of -1", faults=(Fault("no_bid"),), chain=True, looks=no_bid_is_none),
    Case(name="Greeks without values", faults=(Fault("no_greeks"),), chain=True, looks=own_greeks),
    Case(name="crossed option quotes", faults=(Fault("crossed_quotes"),), chain=True, looks=crossed_is_none),
    Case(
        name="open interest zero",
        faults=(Fault("open_interest"),),
        before_connect=True,
        chain=True,
        looks=zero_interest_is_zero,
    ),
    Case(
        name="open interest never comes",
        faults=(Fault("open_interest", value="never"),),
        before_connect=True,
        chain=True,
        looks=interest_unknown,
    ),
    Case(
        name="10 of 41 strikes silent",
        faults=(Fault("missing_strikes", count=10.0, nearest=41.0),),
        options={"strikes_each_side": 20},
        fastest=2.0,
        before_connect=True,
        chain=True,
        looks=some_strikes_empty,
    ),
    Case(
        name="spot NaN, 20 s",
        faults=(Fault("bad_price", value="nan", seconds=20),),
        lasts=20,
        reasons=frozenset({"bad_spot", "feed_silent"}),
        recovers_within=20,
    ),
    Case(
        name="spot -1, 20 s",
        faults=(Fault("bad_price", value="-1", seconds=20),),
        lasts=20,
        reasons=frozenset({"bad_spot", "feed_silent"}),
        recovers_within=20,
    ),
    Case(
        name="bid above ask, 20 s",
        faults=(Fault("crossed_quotes", of="underlyings", seconds=20),),
        lasts=20,
        reasons=frozenset({"bad_spot", "feed_silent"}),
        recovers_within=20,
    ),
    Case(
        name="no ticks of the symbol, 40 s",
        faults=(Fault("no_ticks", seconds=40),),
        lasts=40,
        reasons=SILENT,
        recovers_within=20,
    ),
    Case(
        name="permission lost while the line is open, 15 s",
        faults=(Fault("no_permission", code=354.0, seconds=15),),
        lasts=15,
        reasons=frozenset({"no_permission"}),
        recovers_within=RETRY_AFTER_A_MINUTE,
    ),
    Case(
        name="cached tick of half an hour ago, 45 s",
        faults=(Fault("stale_quotes", minutes=30.0, seconds=45),),
        lasts=45,
        reasons=frozenset({"stale_quotes", "feed_silent", "ib_disconnected"}),
        recovers_within=30,
    ),
    Case(
        name="gateway's clock 120 s ahead, 25 s",
        faults=(Fault("clock_skew", by=120.0, seconds=25),),
        lasts=25,
        reasons=frozenset({"clock_skew"}),
        recovers_within=20,
    ),
    Case(
        name="gateway's clock 120 s behind, 25 s",
        faults=(Fault("clock_skew", by=-120.0, seconds=25),),
        lasts=25,
        reasons=frozenset({"clock_skew"}),
        recovers_within=20,
    ),
    Case(
        name="the day changes",
        faults=(Fault("day_change", time="09:45"),),
        reasons=frozenset({"stale_quotes", "feed_silent", "ib_disconnected"}),
        chain=True,
        looks=finite,
    ),
    Case(
        name="bars in another zone's time",
        faults=(Fault("wrong_zone", seconds=20),),
        lasts=20,
        reasons=frozenset({"bad_bars"}),
    ),
    Case(name="bars stamped as text of another zone", faults=(Fault("wrong_zone", as_text=True),), looks=finite),
    Case(
        name="3 bars missing, 20 s",
        faults=(Fault("bars_gap", seconds=20),),
        lasts=20,
        reasons=frozenset({"bars_gap"}),
    ),
    Case(name="a bar sent twice", faults=(Fault("repeated_bar"),), looks=finite),
    Case(
        name="a bar with its high below its low, 20 s",
        faults=(Fault("bad_bar", seconds=20),),
        lasts=20,
        reasons=frozenset({"bad_bars"}),
    ),
    Case(name="VIX 8 s late", faults=(Fault("late", delay=8.0, symbols=("VIX",)),), vix=True, looks=vix_is_there),
    Case(name="VIX never", faults=(Fault("late", delay=900.0, symbols=("VIX",)),), vix=True, looks=vix_is_missing),
    Case(name="everything 5 s late", faults=(Fault("late", delay=5.0),), looks=finite),
    *(
        Case(
            name=f"server version {version}",
            faults=(),
            before_connect=True,
            settings=GatewaySettings(server_version=version),
            chain=True,
            looks=finite,
        )
        for version in (157, 163, 164, 166, 176, 178, 187, 201)
    ),
)
