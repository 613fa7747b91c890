"""The archived decisions of an output folder, and their outcomes in its journal."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.domain.trading_day import new_york_day
from magic8_companion.journal.reader import read_records
from magic8_companion.journal.records import OutcomeRecord
from magic8_companion.journal.writer import Journal
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS

AppendOutcomes = Callable[[Sequence[OutcomeRecord], datetime], None]

_ARCHIVED: Final = re.compile(rf"({RECOMMENDATIONS}|{PREDICTIONS})_(\d{{8}})T\d{{6}}Z_(\d+)\.json", re.ASCII)
_OUTCOME: Final = "outcome"


class OutcomeBook:
    """What a folder holds of its decisions and their outcomes; reading creates nothing.

    Parameters
    ----------
    archive
        The folder of archived documents.
    state
        The folder of the journal.
    append
        How a running host appends; without one this book writes the journal itself.
    """

    def __init__(self, archive: Path, state: Path, append: AppendOutcomes | None = None) -> None:
        self._archive, self._state = archive, state
        self._append = append or self._append_alone

    def decided_days(self) -> tuple[date, ...]:
        """Return the days with archived documents, oldest first.

        Documents are published within a session, whose UTC date is its New York date.
        """
        return tuple(sorted({date.fromisoformat(match[2]) for match, _ in self._archived()}))

    def documents(self, day: date) -> tuple[Iterator[dict[str, Any]], Iterator[dict[str, Any]]]:
        """Return the recommendations and the 5-minute predictions of a day, in the order of their numbers.

        Each is read when it is its turn: those of a day are many times larger than what settlement needs of them.
        """
        found: dict[str, list[tuple[int, Path]]] = {RECOMMENDATIONS: [], PREDICTIONS: []}
        for match, path in self._archived():
            if match[2] == f"{day:%Y%m%d}":
                found[match[1]].append((int(match[3]), path))
        recommendations, predictions = (_read(numbered) for numbered in found.values())
        return recommendations, predictions

    def outcomes(self, first: date | None = None) -> list[OutcomeRecord]:
        """Return the outcomes that were written on a day or later, in the order of the journal."""
        records = (record for _, record in read_records(self._state, first, kind=_OUTCOME))
        return [record for record in records if isinstance(record, OutcomeRecord)]

    def append(self, records: Sequence[OutcomeRecord], at: datetime) -> None:
        """Append records to the journal of the New York day of ``at``; the caller holds the folder's lock.

        Raises
        ------
        PublishError
            When the file system reports an error.
        """
        self._append(records, at)

    def _append_alone(self, records: Sequence[OutcomeRecord], at: datetime) -> None:
        Journal(self._state).append(new_york_day(at), records)

    def _archived(self) -> Iterator[tuple[re.Match[str], Path]]:
        for path in self._archive.iterdir() if self._archive.is_dir() else ():
            if match := _ARCHIVED.fullmatch(path.name):
                yield match, path


def _read(numbered: list[tuple[int, Path]]) -> Iterator[dict[str, Any]]:
    for _, path in sorted(numbered):
        yield orjson.loads(path.read_bytes())
