"""Write the output folder: the recommendations and, with them, the 5-minute predictions.

Steps: documents -> schema -> seal -> journal -> archive -> published names.  A reader of the folder sees only complete
documents.  A heartbeat publishes the last recommendations again with new times.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import FiveMinuteResult, RecommendationSet
from magic8_companion.domain.trading_day import new_york_day, utc_text
from magic8_companion.durable import FolderLock, encode, make_folder
from magic8_companion.journal.records import DecisionRecord, Record
from magic8_companion.journal.writer import Journal
from magic8_companion.ports import Clock
from magic8_companion.publishing.archive import Archive
from magic8_companion.publishing.channel import Channel, Issue, publish_together
from magic8_companion.publishing.config import DEFAULTS
from magic8_companion.publishing.decision_records import decision_records
from magic8_companion.publishing.documents import UNSEALED, predictions_document, recommendations_document
from magic8_companion.publishing.halted import RESERVE, HaltedDocument
from magic8_companion.publishing.practice import practice_document
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS, validate
from magic8_companion.publishing.seal import sealed

ARCHIVE_FOLDER: Final = "recommendations_archive"
HALTED: Final = "halted.json"
STATE_FOLDER: Final = "state"

_NO_INPUTS: Final[Mapping[str, str]] = MappingProxyType({})


class Publisher:
    """Publishes both kinds of documents into one folder; thread-safe.

    The constructor recovers from a kill: it finds the last numbers, finishes an interrupted publication and removes
    temporary files. The caller holds the folder's :class:`~magic8_companion.durable.FolderLock`.

    Parameters
    ----------
    folder
        Output folder; created when absent.
    recommendations_path
        The published file when it is not ``recommendations.json`` in ``folder``; on the same file system.
    retention_days
        Age limit of archived documents by their own times; 0 keeps all.
    kill_switch
        The kill file that the documents name for their readers.
    lock
        The folder's lock, checked before each publication; None when the caller locks for each call.
    practice_clock
        Today's clock, whose times the documents of a practice run carry; None for every other run.

    Raises
    ------
    ConfigError
        When the folder cannot be created.
    PublishError
        When it cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        recommendations_path: Path | None = None,
        retention_days: int = DEFAULTS.archive_retention_days,
        kill_switch: Path | None = None,
        lock: FolderLock | None = None,
        practice_clock: Clock | None = None,
    ) -> None:
        make_folder(folder)
        archive, state = folder / ARCHIVE_FOLDER, folder / STATE_FOLDER
        published = recommendations_path or folder / f"{RECOMMENDATIONS}.json"
        make_folder(published.parent)
        halted = state / HALTED
        self._recommendations = Channel(published, Archive(archive, RECOMMENDATIONS), retention_days, halted)
        predictions = folder / f"{PREDICTIONS}.json"
        self._predictions = Channel(predictions, Archive(archive, PREDICTIONS), retention_days)
        self._journal = Journal(state)
        self._halted = HaltedDocument(halted, published)
        self._halted_set: RecommendationSet | None = None
        self._last: Mapping[str, Any] = {}
        self._kill_switch = None if kill_switch is None else kill_switch_name(kill_switch, published.parent)
        self._folder_lock = lock
        self._practice_clock = practice_clock
        self._lock = threading.Lock()

    def publish(
        self,
        recommendation_set: RecommendationSet,
        inputs: Mapping[str, str] = _NO_INPUTS,
        slot: FiveMinuteResult | None = None,
        slot_inputs: Mapping[str, str] = _NO_INPUTS,
    ) -> int:
        """Publish ``recommendations.json`` and return its ``seq``; with ``slot``, ``ml_predictions_5min.json`` as well.

        Parameters
        ----------
        recommendation_set The result of the merge.
        inputs, slot_inputs
            Symbol -> SHA-256 of the inputs of its decision, for the journal.
        slot
            A new 5-minute result; its document has its own sequence number.

        Raises
        ------
        PublishError
            When a document breaks its schema (nothing was published then) or cannot be written, or when the folder at
            this path is no longer the locked one.
        """
        with self._lock:
            self.require_held()
            self._renew_halted()
            published_at, shift = recommendation_set.published_at, self._shift(recommendation_set)
            drafts = []
            if slot is not None:
                document = predictions_document(slot, self._predictions.next_seq)
                stamp = _Stamp(slot.published_at, shift)
                drafts.append(_draft(self._predictions, PREDICTIONS, document, stamp, slot_inputs))
            document = recommendations_document(recommendation_set, self._recommendations.next_seq, self._kill_switch)
            stamp = _Stamp(published_at, shift)
            drafts.append(_draft(self._recommendations, RECOMMENDATIONS, document, stamp, inputs))
            decisions = [decision for draft in drafts for decision in draft.decisions]
            self._journal.append(new_york_day(stamp.shown_at), decisions)
            publish_together([draft.issue for draft in drafts])
            self._last = drafts[-1].document
            return self._recommendations.seq

    def record(self, records: Sequence[Record], at: datetime) -> None:
        """Append records other than decisions (outcomes, positions) to the journal, at this time of the run.

        Raises
        ------
        PublishError
            As :meth:`publish` does.
        """
        with self._lock:
            self.require_held()
            shown_at = at if self._practice_clock is None else self._practice_clock.now()
            self._journal.append(new_york_day(shown_at), records)

    def heartbeat(self, at: datetime, valid_until: datetime) -> int:
        """Publish the last recommendations again with other times and the next ``seq``, which is returned.

        The document is neither archived nor journalled.

        Raises
        ------
        PublishError
            As :meth:`publish` does.
        """
        with self._lock:
            self.require_held()
            self._renew_halted()
            times = {"timestamp": utc_text(at), "valid_until": utc_text(valid_until)}
            document = {**self._last, "content_hash": UNSEALED, "seq": self._recommendations.next_seq, **times}
            self._recommendations.beat(sealed(encode(document)))
            return self._recommendations.seq

    def keep_halted(self, recommendation_set: RecommendationSet) -> None:
        """Keep a halted document ready on disk, for :meth:`halt`.

        Raises
        ------
        PublishError
            As :meth:`publish` does.
        """
        with self._lock:
            self._halted_set = recommendation_set
            self._renew_halted()

    def halt(self) -> None:
        """Let the halted document, if one is kept, take the published name: no new document can be written.

        Nothing is done in a folder that is no longer the locked one: another host may write there.
        """
        with self._lock, suppress(PublishError):
            self.require_held()
            if self._halted_set is not None and self._halted.seq:
                self._halted_set = None
                self._recommendations.seq = self._halted.seq
                self._halted.take_over()

    def require_held(self) -> None:
        """Check that the folder is still the locked one; raises ``PublishError``."""
        if self._folder_lock is not None:
            self._folder_lock.require_held()

    def _renew_halted(self) -> None:
        number = self._recommendations.next_seq
        if self._halted_set is not None and number >= self._halted.seq:
            number += RESERVE
            document = recommendations_document(self._halted_set, number, self._kill_switch)
            stamp = _Stamp(self._halted_set.published_at, self._shift(self._halted_set))
            draft = _draft(self._recommendations, RECOMMENDATIONS, document, stamp, _NO_INPUTS)
            self._halted.keep(draft.issue.data, number)

    def _shift(self, recommendation_set: RecommendationSet) -> timedelta | None:
        # Asked once for both documents, so that they agree about every time.
        clock = self._practice_clock
        return None if clock is None else clock.now() - recommendation_set.published_at


def kill_switch_name(kill_switch: Path, folder: Path) -> str:
    """Return the path of the kill file for documents in ``folder``.

    A kill file in the folder or its parent has a relative path, which stays valid where the folder is mounted
    elsewhere.  So the bytes of a document do not depend on the location of its folder.  Any other kill file has its
    absolute path.

    >>> kill_switch_name(Path("/data/KILL"), Path("/data")), kill_switch_name(Path("/data/KILL"), Path("/data/replay"))
    ('KILL', '../KILL')
    >>> kill_switch_name(Path("/run/KILL"), Path("/data"))
    '/run/KILL'
    """
    here, there = Path(os.path.realpath(folder)), Path(os.path.realpath(kill_switch.parent))  # the file may be a link
    if there == here.parent:
        return f"../{kill_switch.name}"
    return (there.relative_to(here) if there.is_relative_to(here) else there).joinpath(kill_switch.name).as_posix()


class _Stamp(NamedTuple):
    published_at: datetime
    shift: timedelta | None

    @property
    def shown_at(self) -> datetime:
        return self.published_at if self.shift is None else self.published_at + self.shift


class _Draft(NamedTuple):
    document: Mapping[str, Any]
    issue: Issue
    decisions: list[DecisionRecord]


def _draft(channel: Channel, kind: str, document: dict[str, Any], stamp: _Stamp, inputs: Mapping[str, str]) -> _Draft:
    if stamp.shift is not None:
        document = practice_document(document, stamp.shift)
    validate(document, kind)
    data = sealed(encode(document))
    decisions = list(decision_records(kind, document, sha256(data).hexdigest(), inputs))
    return _Draft(document, Issue(channel, data, stamp.shown_at), decisions)
