"""The codes of the published files, one enumeration per kind.

Every member is a ``str``: it compares, sorts, prints, pickles and serializes as its text.
"""

from __future__ import annotations

from enum import StrEnum


class Code(StrEnum):
    """A text with a fixed set of values; its ``repr`` is that of the text, so digests of values do not change."""

    __repr__ = str.__repr__


class Strategy(Code):
    """A strategy of Magic8; ``SONAR`` is a strategy in history and messages, and an alias in the published file."""

    BUTTERFLY = "Butterfly"
    IRON_CONDOR = "Iron_Condor"
    VERTICAL = "Vertical"
    NO_TRADE = "No_Trade"
    SONAR = "Sonar"


class VerticalSide(Code):
    """The side of a vertical: which way the market has to go."""

    BULL = "bull"
    BEAR = "bear"


class Direction(Code):
    """The published direction of an entry or a prediction."""

    BEARISH = "bearish"
    NEUTRAL = "neutral"
    BULLISH = "bullish"


class DataStatus(Code):
    """How fresh the data of a source is."""

    LIVE = "live"
    DELAYED = "delayed"
    STALE = "stale"
    REPLAY = "replay"
    SIMULATED = "simulated"


class Confidence(Code):
    """The label of a published score."""

    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


class EntrySource(Code):
    """What an entry was decided from: a checkpoint, a 5-minute prediction, or a blend of both."""

    CHECKPOINT = "checkpoint"
    FIVE_MINUTE = "ml_5min"
    BLEND = "blend"


class Blocker(Code):
    """Why an entry must not be traded although its score allows it; models may add codes of their own."""

    DELAYED_DATA = "delayed_data"
    NONLIVE_IN_LIVE_DIR = "nonlive_in_live_dir"
    NO_NET_EDGE = "no_net_edge"
    SCORE_GAP = "score_gap"
    SKIPPED = "skipped"
    EXPIRED = "expired"
    SUPERSEDED = "superseded"
    VOLATILITY_PAUSE = "volatility_pause"
    KILL_SWITCH = "kill_switch"
    NO_SIDE = "no_side"
    EVENT_PAUSE = "event_pause"
    CLOCK_CHANGED = "clock_changed"


class EventsStatus(Code):
    """Whether the calendar of events covers a day: if it does not, an event that is not listed may still happen."""

    KNOWN = "known"
    EXPIRED = "event_calendar_expired"


class ReasonCode(Code):
    """Why data, or a prediction, is unavailable; providers outside this project may add codes of their own."""

    # calendar and schedule
    MARKET_CLOSED = "market_closed"
    BEFORE_FIRST_SLOT = "before_first_slot"
    AFTER_LAST_SLOT = "after_last_slot"
    CHECKPOINT_PAUSE = "checkpoint_pause"
    VOLATILITY_PAUSE = "volatility_pause"
    SLOT_DONE = "slot_done"
    NO_CHECKPOINT_YET = "no_checkpoint_yet"
    NOT_OBSERVED = "not_observed"
    CLOCK_CHANGED = "clock_changed"
    CHECKPOINT_MISSED = "checkpoint_missed"
    KILL_SWITCH = "kill_switch"
    STOPPED = "stopped"
    CANNOT_PUBLISH = "cannot_publish"
    CALENDAR_RANGE = "calendar_range"
    # source of the data
    TIMEOUT = "timeout"
    FETCH_TIMEOUT = "fetch_timeout"
    NO_DATA = "no_data"
    SOURCE_DOWN = "source_down"
    IB_DISCONNECTED = "ib_disconnected"
    FEED_SILENT = "feed_silent"
    CLOCK_SKEW = "clock_skew"
    COMPETING_SESSION = "competing_session"
    QUOTES_BROKEN = "quotes_broken"
    BARS_BROKEN = "bars_broken"
    CONTRACTS_BROKEN = "contracts_broken"
    RATE_LIMITED = "rate_limited"
    PACING = "pacing"
    REQUEST_REFUSED = "request_refused"
    IB_SERVER_ERROR = "ib_server_error"
    BAD_ANSWER = "bad_answer"
    NO_FREE_LINE = "no_free_line"
    CONTRACT_UNKNOWN = "contract_unknown"
    CLOSED = "closed"
    CALLED_ON_PROVIDER_LOOP = "called_on_provider_loop"
    WRONG_LOOP = "wrong_loop"
    VIX_NOT_ASKED = "vix_not_asked"
    INTERVAL_UNAVAILABLE = "interval_unavailable"
    PERIOD_UNAVAILABLE = "period_unavailable"
    # bars and the VIX
    MISSING_BARS = "missing_bars"
    NO_BARS_YET = "no_bars_yet"
    BARS_GAP = "bars_gap"
    BAD_BARS = "bad_bars"
    STALE_BARS = "stale_bars"
    BAD_SPOT = "bad_spot"
    PRICE_JUMP = "price_jump"
    INCOMPLETE_DAY = "incomplete_day"
    BAD_FILE = "bad_file"
    MISSING_VIX = "missing_vix"
    STALE_VIX = "stale_vix"
    IMPLAUSIBLE_VIX = "implausible_vix"
    INDEX_RATIO = "index_ratio"
    IV_HISTORY_SHORT = "iv_history_short"
    HISTORY_SHORT = "history_short"
    HISTORY_BROKEN = "history_broken"
    TIME_UNTRAINED = "time_not_learnt"
    # option chain
    NO_CHAIN = "no_chain"
    NO_0DTE_CHAIN = "no_0dte_chain"
    NO_CHAIN_RECORDED = "no_chain_recorded"
    CHAIN_INCOMPLETE = "chain_incomplete"
    BAD_CHAIN = "bad_chain"
    WRONG_EXPIRY = "wrong_expiry"
    OTHER_EXPIRY = "other_expiry"
    AFTER_CLOSE = "after_close"
    SPOT_OUTSIDE_STRIKES = "spot_outside_strikes"
    NO_QUOTES = "no_quotes"
    NO_OPEN_INTEREST = "no_open_interest"
    UNKNOWN_PRODUCT = "unknown_product"
    STALE_QUOTES = "stale_quotes"
    TOO_FEW_QUOTES = "too_few_quotes"
    QUOTES_OFF_PARITY = "quotes_off_parity"
    QUOTES_CONTRADICT = "quotes_contradict"
    SMILE_ARBITRAGE = "smile_arbitrage"
    BAD_DISTRIBUTION = "bad_distribution"
    BAD_LEG = "bad_leg"
    # callers
    NO_MARKET_VIEW = "no_market_view"
    WRONG_SYMBOL = "wrong_symbol"
    MISSING_MARKET = "missing_market"
    # models
    NO_MODEL = "no_model"
    NO_PASSPORT = "no_passport"
    MODEL_CORRUPT = "model_corrupt"
    MODEL_HASH_MISMATCH = "model_hash_mismatch"
    MODEL_EXPIRED = "model_expired"
    FEATURE_MISMATCH = "feature_mismatch"
    BAD_RESULT = "bad_result"
    ABSTAINED = "abstained"
    NO_MOVEMENT = "no_movement"
    EXCEPTION = "exception"
