"""Ask the published file whether a trade is approved.  One file, standard library only: copy it beside your bot.

    document = load("data/recommendations.json")
    decision = document.is_actionable("SPX", "Iron Condor")        # a vertical: add side="bull" or "bear"
    if decision:
        ...                     # place the order
    else:
        print(decision.reason)  # "too_old", "not_best", ...

Nothing here raises, and every doubt is a refusal: a missing, torn, old, foreign or contradictory file never approves,
and a kill file refuses at once, whether or not the host still runs.  Runs on Python 3.8 and newer.
"""

from __future__ import annotations

import copy
import hashlib
import json
import math
import os
import re
import stat
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

MAX_BYTES = 2 * 1024 * 1024
MAX_CLOCK_SKEW_S = 5
FIVE_MINUTE_HIGH = 80  # the published score from which a 5-minute answer is HIGH

REASONS = (
    *("file_missing", "unreadable", "too_large", "bad_json"),
    *("schema_unknown", "unsealed", "hash_mismatch", "halted"),
    *("no_timestamp", "clock_skew", "too_old", "expired", "seq_went_back"),
    *("not_practice", "not_live", "delayed", "feed_degraded", "market_closed", "symbol_unknown", "symbol_mismatch"),
    "strategy_unknown",
    *("entry_missing", "source_excluded", "entry_expired", "not_best", "low_confidence", "not_tradable"),
    *("no_side", "side_mismatch", "contradiction"),
    "ok",
)
"""Every reason of a decision in the order of the checks: the first that fails is given, ``ok`` if none does."""

_STRATEGIES = {
    "butterfly": "Butterfly",
    **dict.fromkeys(("ironcondor", "sonar"), "Iron_Condor"),
    **dict.fromkeys(("vertical", "callspread", "putspread"), "Vertical"),
}
_RIGHTS = {"callspread": "C", "putspread": "P"}
_SIDES = ("bull", "bear")
_ACTIONS = ("BUY", "SELL")
_SYMBOLS = {"SPXW": "SPX", "NDXP": "NDX", "RUTW": "RUT"}
_TIME_PATTERN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_LIMITS = {"document_seconds": 300, "checkpoint_minutes": 35, "ml_5min_minutes": 10, "high_score": 65}
"""The limits of the host's default settings, for documents that do not state theirs."""
_HIGHEST_LIMITS = {"document_seconds": 300, "checkpoint_minutes": 240, "ml_5min_minutes": 60, "high_score": 100}
"""The highest values that the host's settings accept."""
_STRUCTURES = {"Butterfly": "butterfly", "Iron_Condor": "condor", "Vertical": "vertical"}
_DIRECTIONS = {"bull": "bullish", "bear": "bearish"}
_SPREADS = {
    ("C", "BUY"): ("bull", "call debit vertical"),
    ("P", "SELL"): ("bull", "put credit vertical"),
    ("P", "BUY"): ("bear", "put debit vertical"),
    ("C", "SELL"): ("bear", "call credit vertical"),
}
_TAKEN_LITERALLY = re.compile(r"""^\s*$|^[~\s]|\s$|[$'"`]""")
_MOST_DIGITS = 18
_UTC = timezone.utc  # noqa: UP017  # datetime.UTC is younger than many bots


@dataclass(frozen=True)
class Decision:
    """The answer to one question; true in a condition only if the trade is approved.

    What could not be read is None.  ``valid_until`` (aware UTC) is the end of the deciding entry's life: place the
    order before it.  ``age_s`` is the age of the file in seconds.  ``side`` (bull or bear), ``structure`` (the trade in
    words) and ``ticket`` (legs, limit price; None without a chain) are those of the deciding entry.
    """

    actionable: bool
    reason: str
    entry_key: str | None = None
    score: float | None = None
    confidence: str | None = None
    source: str | None = None
    valid_until: datetime | None = None
    seq: int | None = None
    age_s: float | None = None
    side: str | None = None
    structure: str | None = None
    ticket: dict[str, Any] | None = None

    def __bool__(self) -> bool:
        return self.actionable


def load(
    path: str | os.PathLike[str],
    *,
    max_age_s: float = 300,
    allow_delayed: bool = False,
    require_best: bool = True,
    sources: Iterable[str] = ("checkpoint", "blend", "ml_5min"),
    kill_switch: str | os.PathLike[str] | None = None,
    allow_unsealed: bool = False,
    practice: bool = False,
) -> Document:
    """Return the document at ``path``, which need not exist yet.  Never raises: a senseless option refuses everything.

    Parameters
    ----------
    path
        The published ``recommendations.json``.
    max_age_s
        Refuse a file older than this, in seconds.
    allow_delayed
        Accept data that the host declares delayed.
    require_best
        Approve only the symbol's best strategy.  Otherwise any tradable entry of the strategy counts: the base entry
        first, then its 5-minute entry.
    sources
        Who may have made the deciding entry.
    kill_switch
        A kill file of your own, next to ``KILL`` in the document's folder and the one that the document names.
    allow_unsealed
        Accept documents of schema 1.0, which cannot prove that their bytes belong together.
    practice
        Approve documents of a practice run (``magic8 run --practice``) and no other ones.
    """
    rules = _Rules(
        path=path,
        kill_switch=kill_switch,
        max_age_s=_number(max_age_s),
        allow_delayed=allow_delayed is True,
        require_best=require_best is not False,
        sources=_texts(sources),
        allow_unsealed=allow_unsealed is True,
        practice=practice,
    )
    return Document(rules)


class Document:
    """The published file as it is now: every question looks whether it changed.  May be shared between threads."""

    def __init__(self, rules: _Rules) -> None:
        self._rules = rules
        self._lock = threading.Lock()
        self._file = _File(problem="file_missing")
        self._highest_seq = 0

    def is_actionable(
        self, symbol: str, strategy: str, now: datetime | None = None, *, side: str | None = None
    ) -> Decision:
        """Tell whether a trade of ``strategy`` in ``symbol`` is approved; never raises.

        Parameters
        ----------
        symbol, strategy
            As people write them: ``spxw``, ``Iron Condor``, ``SONAR``, ``call-spread``.
        now
            An aware time, for tests and replays; otherwise this machine's clock.
        side
            ``bull`` or ``bear``: the side of the vertical that you want to trade.  Pass it for every vertical: an
            approved call spread does not approve a put spread.
        """
        try:
            with self._lock:
                return self._answer(symbol, strategy, side, now)
        except Exception:  # noqa: BLE001  # whatever a hostile argument or file provokes is a refusal
            return Decision(actionable=False, reason="unreadable")

    def should_execute_strategy(self, symbol: str, strategy_type: str, side: str | None = None) -> bool:
        """Give the answer of :meth:`is_actionable` as a plain bool, under the name that older bots call."""
        return self.is_actionable(symbol, strategy_type, side=side).actionable

    def _answer(self, symbol: object, strategy: object, side: object, now: datetime | None) -> Decision:
        if now is None:
            now = datetime.now(_UTC)  # noqa: TID251  # a bot has no clock port: this file stands alone
        self._file = _read_if_changed(self._rules.path, self._file)
        decision = _decide(self._file, self._rules, (symbol, strategy, side), now, self._highest_seq)
        if REASONS.index(decision.reason) > REASONS.index("seq_went_back"):
            self._highest_seq = decision.seq or 0  # only a fresh document moves the mark
        elif decision.reason == "halted":
            self._highest_seq = self._seq_of_halted(decision, now)
        return decision

    def _seq_of_halted(self, decision: Decision, now: datetime) -> int:
        question = _Question(self._file, self._rules, (None, None, None), now, self._highest_seq)
        is_fresh = _first_failing(_FRESHNESS_CHECKS, question) is None
        return decision.seq or 0 if is_fresh else self._highest_seq


@dataclass(frozen=True)
class _Rules:
    """The options of :func:`load`; an age limit of NaN refuses every age."""

    path: str | os.PathLike[str]
    kill_switch: object
    max_age_s: float
    allow_delayed: bool
    require_best: bool
    sources: tuple[str, ...]
    allow_unsealed: bool
    practice: object


class _Question:
    """One question to one document.  An unknown number is NaN: every comparison with it is false, so it refuses."""

    def __init__(
        self, file: _File, rules: _Rules, trade: tuple[object, object, object], now: datetime, highest_seq: int
    ) -> None:
        self.file, self.rules, self.now, self.highest_seq = file, rules, now, highest_seq
        self.root: dict[str, Any] = file.root if isinstance(file.root, dict) else {}
        symbol, strategy, side = trade
        self.symbol, self.strategy, self.right = _symbol(symbol), _strategy(strategy), _right(strategy)
        self.side = side.strip().casefold() if isinstance(side, str) else side
        self.record: dict[str, Any] = _member(_member(self.root, "recommendations"), self.symbol)
        self.is_unsealed = self.root.get("schema_version") == "1.0"
        self.timestamp = _parse_time(self.root.get("timestamp"))
        self.age_s = _seconds_between(self.timestamp, now)
        seq = self.root.get("seq")
        self.seq = seq if type(seq) is int else 0

    def lives_until(self, text: object) -> bool:
        return _seconds_between(self.now, _parse_time(text)) > 0

    def is_of_its_time(self, data_status: object) -> bool:
        """Tell whether data of this status are of now: those of a simulated day are only in practice."""
        if self.rules.practice is True:
            return data_status == "simulated"
        return self.rules.practice is False and data_status in ("live", "delayed") and "practice" not in self.root

    def accepts(self, data_status: object) -> bool:
        return data_status != "delayed" or self.rules.allow_delayed

    @property
    def has_its_feed(self) -> bool:
        """Tell whether the feed is connected, or its problem is limited to other symbols."""
        if "connection" not in self.root:
            return True  # nothing to connect to, or an older document
        connection = _member(self.root, "connection")
        symbols = connection.get("symbols", [])
        if not isinstance(symbols, list) or self.symbol in symbols:
            return False
        return connection.get("state") == "connected" or (connection.get("state") == "degraded" and symbols != [])

    @property
    def contradicts_itself(self) -> bool:
        """Tell whether the file says two things at once: it was mixed, edited, or is not the host's."""
        skipped = self.root.get("skipped", {})
        return (
            any(self._is_made_up(described) for described in (self.root, self.record))
            or not isinstance(skipped, dict)
            or self.symbol in skipped
            or not all(self._was_today(key) for key in ("checkpoint_timestamp", "last_5min_update"))
            or not self.lives_within(self.timestamp, self.root.get("valid_until"), self.limit("document_seconds"))
        )

    def limit(self, name: str) -> float:
        """Return a limit that the document states, NaN when it is not one of the host."""
        stated = self.root.get("limits", _LIMITS)
        value = _number(stated.get(name)) if isinstance(stated, dict) else math.nan
        return value if 0 <= value <= _HIGHEST_LIMITS[name] else math.nan

    def lives_within(self, start: datetime | None, end: object, seconds: float) -> bool:
        """Tell whether a life is not longer than the limit."""
        return _seconds_between(start, _parse_time(end)) <= seconds

    def _is_made_up(self, described: dict[str, Any]) -> bool:
        is_recorded = described.get("data_source") in ("replay", "simulated")
        return is_recorded and described.get("data_status") in ("live", "delayed") and not self.rules.practice

    def _was_today(self, key: str) -> bool:
        if self.root.get(key) is None:
            return True
        at, now = _parse_time(self.root.get(key)), self.timestamp
        return at is not None and now is not None and at <= now and at.date() == now.date()

    def candidates(self) -> list[_Candidate]:
        if self.rules.require_best:
            return [_Candidate(self, self.record.get("best_strategy_key"))]
        return [_Candidate(self, self.strategy), _Candidate(self, f"{self.strategy}_5min")]


class _Candidate:
    """One entry that may decide a question."""

    def __init__(self, question: _Question, key: object) -> None:
        self.question, self.key = question, key
        self.entry: dict[str, Any] = _member(_member(question.record, "strategies"), key)
        self.score = _number(self.entry.get("score"))
        self.is_no_trade = key == "No_Trade"  # an entry without source and life: for any strategy it is not the best

    @property
    def is_best(self) -> bool:
        strategy = self.question.strategy
        return self.question.record.get("best_strategy") == strategy and self.key in {strategy, f"{strategy}_5min"}

    @property
    def has_side(self) -> bool:
        """Tell whether the entry says which trade it means; only a vertical needs a side."""
        return self.question.strategy != "Vertical" or self.entry.get("side") in _SIDES

    @property
    def is_on_side(self) -> bool:
        """Tell whether the entry is on the side that the bot named, and has the right of a call or put spread."""
        side, right = self.question.side, self.question.right
        if self.question.strategy != "Vertical":
            return side is None
        if right is not None and self.entry.get("right") != right and (side is None or "right" in self.entry):
            return False
        return side is None or side == self.entry.get("side")

    @property
    def contradicts_itself(self) -> bool:
        """Tell whether the entry contradicts its key, the document or itself."""
        deciding, question = self.question.rules.require_best, self.question
        return (
            question.contradicts_itself
            or (deciding and question.record.get("best_strategy_source") != self.entry.get("source"))
            or not (
                self._is_of_its_source and self._lives_within_limits and self._is_one_trade and self._has_its_ticket
            )
        )

    @property
    def _is_of_its_source(self) -> bool:
        """Tell whether the source may write under this key in this document, and calls this score HIGH."""
        source, merge_strategy = self.entry.get("source"), self.question.root.get("merge_strategy")
        if str(self.key).endswith("_5min") and (source, merge_strategy) != ("ml_5min", "overlay"):
            return False
        if source == "ml_5min":
            return self.score >= FIVE_MINUTE_HIGH and self.question.root.get("ml_5min_enhanced") is True
        return self.score >= self.question.limit("high_score") and (source != "blend" or merge_strategy == "weighted")

    @property
    def _lives_within_limits(self) -> bool:
        """Tell whether the entry lives no longer than the settings allow after what it was made from."""
        source, question, end = self.entry.get("source"), self.question, self.entry.get("valid_until")
        limits = {"checkpoint_timestamp": "checkpoint_minutes", "last_5min_update": "ml_5min_minutes"}
        origins = {"ml_5min": ("last_5min_update",), "blend": tuple(limits)}.get(str(source), ("checkpoint_timestamp",))
        return all(
            question.lives_within(_parse_time(question.root.get(at)), end, 60 * question.limit(limits[at]))
            for at in origins
        )

    @property
    def _is_one_trade(self) -> bool:
        """Tell whether structure, side, right, action and direction are of one trade of the strategy."""
        entry, strategy = self.entry, str(self.question.strategy)
        side, structure, direction = entry.get("side"), entry.get("structure"), entry.get("direction")
        if structure is not None and not str(structure).endswith(_STRUCTURES[strategy]):
            return False
        if strategy != "Vertical":
            return side is None and direction in (None, "neutral")
        right, action = entry.get("right"), entry.get("action")
        is_open = right is None and action is None
        meant = (side, f"{side} vertical") if is_open else _SPREADS.get((str(right), str(action)), ("", ""))
        return side == meant[0] and structure in (None, meant[1]) and direction in (None, _DIRECTIONS.get(str(side)))

    @property
    def _has_its_ticket(self) -> bool:
        """Tell whether the ticket, if there is one, expires today and has the legs of the entry's trade."""
        entry, question = self.entry, self.question
        ticket, structure = entry.get("ticket"), str(entry.get("structure"))
        if ticket is None:
            return True
        legs = ticket.get("legs") if isinstance(ticket, dict) else None
        if not isinstance(legs, list) or not all(isinstance(leg, dict) for leg in legs):
            return False
        is_of_today = question.timestamp is not None and ticket.get("expiry") == str(question.timestamp.date())
        if any(leg.get("action") not in _ACTIONS or math.isnan(_number(leg.get("strike"))) for leg in legs):
            return False
        rights = [str(leg.get("right")) for leg in legs]
        if "vertical" in structure:
            order = _ACTIONS if entry.get("side") == "bull" else _ACTIONS[::-1]
            below, above = ([_number(leg.get("strike")) for leg in legs if leg.get("action") == name] for name in order)
            is_trade = len(below) == len(above) == 1 and below < above and rights == [entry.get("right")] * 2
        elif "iron" in structure:
            is_trade = sorted(rights) == ["C", "C", "P", "P"]
        else:
            is_trade = rights in (["C"] * 3, ["P"] * 3)
        return is_trade and (is_of_today or question.rules.practice is True)

    def decide(self) -> Decision:
        reason = _first_failing(_ENTRY_CHECKS, self)
        return Decision(
            actionable=reason is None,
            reason=reason or "ok",
            entry_key=self.key if isinstance(self.key, str) else None,
            score=None if math.isnan(self.score) else self.score,
            confidence=_text(self.entry.get("confidence")),
            source=_text(self.entry.get("source")),
            valid_until=_parse_time(self.entry.get("valid_until")),
            seq=self.question.seq,
            age_s=self.question.age_s,
            side=_text(self.entry.get("side")),
            structure=_text(self.entry.get("structure")),
            ticket=copy.deepcopy(_member(self.entry, "ticket")) or None,
        )


# The checks: what must be true, else the reason.

_PROOF_CHECKS: tuple[tuple[str, Callable[[_Question], bool]], ...] = (
    ("schema_unknown", lambda question: question.root.get("schema_version") in ("1.0", "1.1")),
    ("unsealed", lambda question: question.rules.allow_unsealed or not question.is_unsealed),
    ("hash_mismatch", lambda question: question.file.is_sealed or question.is_unsealed),
    ("halted", lambda question: question.root.get("halt_reason", "unknown") is None and not _is_killed(question)),
)
_FRESHNESS_CHECKS: tuple[tuple[str, Callable[[_Question], bool]], ...] = (
    ("no_timestamp", lambda question: question.timestamp is not None),
    ("clock_skew", lambda question: question.age_s >= -MAX_CLOCK_SKEW_S),
    ("too_old", lambda question: question.age_s <= question.rules.max_age_s),
    ("expired", lambda question: question.lives_until(question.root.get("valid_until"))),
    ("seq_went_back", lambda question: 0 < question.seq >= question.highest_seq),
)
_QUESTION_CHECKS: tuple[tuple[str, Callable[[_Question], bool]], ...] = (
    ("not_practice", lambda question: question.rules.practice is False or question.root.get("practice") is True),
    ("not_live", lambda question: question.is_of_its_time(question.root.get("data_status"))),
    ("delayed", lambda question: question.accepts(question.root.get("data_status"))),
    ("feed_degraded", lambda question: question.has_its_feed),
    ("market_closed", lambda question: question.root.get("market_session") == "regular"),
    ("symbol_unknown", lambda question: bool(question.record)),
    ("symbol_mismatch", lambda question: question.is_unsealed or question.record.get("symbol") == question.symbol),
    ("strategy_unknown", lambda question: question.strategy is not None),
)
_ENTRY_CHECKS: tuple[tuple[str, Callable[[_Candidate], bool]], ...] = (
    ("entry_missing", lambda found: bool(found.entry)),
    ("source_excluded", lambda found: found.is_no_trade or found.entry.get("source") in found.question.rules.sources),
    ("entry_expired", lambda found: found.is_no_trade or found.question.lives_until(found.entry.get("valid_until"))),
    ("not_best", lambda found: found.is_best or not found.question.rules.require_best),
    ("low_confidence", lambda found: found.entry.get("confidence") == "HIGH" and 0 <= found.score <= 100),
    ("not_tradable", lambda found: found.entry.get("should_trade") is True and found.entry.get("blocked_by") == []),
    ("no_side", lambda found: found.has_side),
    ("side_mismatch", lambda found: found.is_on_side),
    ("contradiction", lambda found: not found.contradicts_itself),
    # A file that contradicts itself: the document shows the worst of its symbols.
    ("not_live", lambda found: found.question.is_of_its_time(found.question.record.get("data_status"))),
    ("delayed", lambda found: found.question.accepts(found.question.record.get("data_status"))),
)


def _decide(
    file: _File, rules: _Rules, trade: tuple[object, object, object], now: datetime, highest_seq: int = 0
) -> Decision:
    if file.problem:
        return Decision(actionable=False, reason=file.problem)
    question = _Question(file, rules, trade, now, highest_seq)
    reason = _first_failing((*_PROOF_CHECKS, *_FRESHNESS_CHECKS, *_QUESTION_CHECKS), question)
    if reason:
        age_s = None if math.isnan(question.age_s) else question.age_s
        return Decision(actionable=False, reason=reason, seq=question.seq or None, age_s=age_s)
    answers = [candidate.decide() for candidate in question.candidates()]
    return max(answers, key=lambda answer: REASONS.index(answer.reason))  # the one that came furthest, base first


def _first_failing(checks: Iterable[tuple[str, Callable[[Any], bool]]], subject: object) -> str | None:
    return next((reason for reason, holds in checks if not holds(subject)), None)


def _is_killed(question: _Question) -> bool:
    """Look for every kill file: for each answer anew, whether or not the document changed."""
    path, own = os.fsdecode(question.rules.path), question.rules.kill_switch
    named = question.root.get(
        "kill_switch", None if question.is_unsealed else False
    )  # each document of 1.1 has the key
    if not isinstance(named, (str, type(None))) or not isinstance(own, (str, os.PathLike, type(None))):
        return True
    folders = {os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.realpath(path))}  # noqa: PTH100, PTH120
    files = [os.path.join(folder, name) for folder in folders for name in ("KILL", named) if name is not None]  # noqa: PTH118
    if own is not None:
        files.append(os.path.expanduser(os.fsdecode(own)))  # noqa: PTH111
    return any(map(_is_set, files)) or (own is not None and _is_taken_literally(files[-1]))


def _is_taken_literally(path: str) -> bool:
    """Tell whether a path holds what only a shell would expand or strip; a folder that exists may have any name."""
    folder, name = os.path.split(path)
    return _TAKEN_LITERALLY.search(name if _is_folder(folder) else path) is not None


def _is_folder(path: str) -> bool:
    try:
        return os.path.isdir(path)  # noqa: PTH112
    except ValueError:
        return False


def _is_set(path: str) -> bool:
    """Tell whether anything lies at a path, a dangling link included; what cannot be looked at counts as set."""
    try:
        os.lstat(path)
    except (OSError, ValueError) as error:
        return not isinstance(error, FileNotFoundError)
    return True


# The file.


@dataclass(frozen=True)
class _File:
    """What was read, and the signature (modification time, size, inode) it had; a problem has no root."""

    root: Any = None
    problem: str | None = None
    is_sealed: bool = False
    signature: tuple[int, int, int] | None = None


def _read_if_changed(path: str | os.PathLike[str], known: _File) -> _File:
    try:
        path = os.fspath(path)  # a number would be taken for an open file of the bot's own, and closed
        status = os.stat(path)  # noqa: PTH116  # pathlib would need a path that is known to be one
        if not stat.S_ISREG(status.st_mode):
            return _File(problem="unreadable")  # opening a pipe would wait for its writer
        if known.signature == _signature(status):
            return known
        with open(path, "rb") as stream:  # noqa: PTH123  # as above
            signature = _signature(os.fstat(stream.fileno()))
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        return _File(problem="file_missing")
    except (OSError, ValueError, TypeError):
        return _File(problem="unreadable")
    return _parse(data, signature)


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _parse(data: bytes, signature: tuple[int, int, int] | None = None) -> _File:
    """Accept nothing but strictly one JSON text."""
    if len(data) > MAX_BYTES:
        return _File(problem="too_large", signature=signature)
    try:
        text = data.decode("utf-8")
        numbers: dict[str, Any] = {"parse_float": _finite, "parse_int": _integer, "parse_constant": _finite}
        root = json.loads(text, object_pairs_hook=_object, **numbers)
        if "\\u" in text:  # an escape may hide half a character
            json.dumps(root, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        return _File(problem="bad_json", signature=signature)
    return _File(root=root, signature=signature, is_sealed=_is_sealed(data, root))


def _is_sealed(data: bytes, root: object) -> bool:
    """Tell whether the content hash is that of these bytes with the hash's own 64 digits set to 0."""
    claimed = root.get("content_hash") if isinstance(root, dict) else None
    if not isinstance(claimed, str) or re.fullmatch("[0-9a-f]{64}", claimed) is None:
        return False
    return hashlib.sha256(data.replace(claimed.encode(), b"0" * 64)).hexdigest() == claimed


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    record = dict(pairs)
    if len(record) != len(pairs):
        raise ValueError("a key stands twice")
    return record


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("not a finite number")
    return number


def _integer(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError("an integer too long to be meant")
    return int(text)


def _symbol(name: object) -> str | None:
    upper = name.strip().upper() if isinstance(name, str) else ""
    return _SYMBOLS.get(upper, upper)


def _strategy(name: object) -> str | None:
    return _STRATEGIES.get(_letters(name))


def _letters(name: object) -> str:
    return "".join(letter for letter in name if letter not in " -_").casefold() if isinstance(name, str) else ""


def _right(name: object) -> str | None:
    """Return C of a call spread, P of a put spread, None of any other name."""
    return _RIGHTS.get(_letters(name))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _member(record: object, key: object) -> dict[str, Any]:
    """Return the object under a key, or an empty one: what is not an object approves nothing."""
    member = record.get(key) if isinstance(record, dict) and isinstance(key, str) else None
    return member if isinstance(member, dict) else {}


def _parse_time(text: object) -> datetime | None:
    """Return the UTC time that a text names with its offset."""
    if not isinstance(text, str) or not _TIME_PATTERN.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(_UTC)  # noqa: FURB162  # before 3.11
    except (ValueError, OverflowError):
        return None


def _seconds_between(start: datetime | None, end: datetime | None) -> float:
    """Return the seconds from start to end, NaN when one is unknown or without zone."""
    if start is None or end is None or start.utcoffset() is None or end.utcoffset() is None:
        return math.nan
    return (end - start).total_seconds()


def _number(value: object) -> float:
    """Return a finite number, NaN for anything else; True is not a number."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e15
    return float(value) if is_number else math.nan  # type: ignore[arg-type]  # a number by the line above


def _texts(values: object) -> tuple[str, ...]:
    if isinstance(values, str):
        return (values,)
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, Iterable) else ()
