"""The archived decisions of a folder and their outcomes: ``state/outcomes-<New York day of the decisions>.jsonl``.

An outcome is a JSON line that is only ever appended.  Each line holds ``prev``, the SHA-256 of the line before it; the
first line of a file has the hash of the file's name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.durable import append_line, make_folder, publishing
from magic8_companion.publishing.schema import PREDICTIONS, RECOMMENDATIONS

_ARCHIVED: Final = re.compile(rf"({RECOMMENDATIONS}|{PREDICTIONS})_(\d{{8}})T\d{{6}}Z_(\d+)\.json", re.ASCII)
_OUTCOMES: Final = re.compile(r"outcomes-(\d{4}-\d\d-\d\d)\.jsonl", re.ASCII)


class OutcomeBook:
    """What a folder holds of its decisions and their outcomes; reading creates nothing.

    Parameters
    ----------
    archive
        The folder of archived documents.
    state
        The folder of the outcomes.
    """

    def __init__(self, archive: Path, state: Path) -> None:
        self._archive, self._state = archive, state

    def decided_days(self) -> tuple[date, ...]:
        """Return the days with archived documents, oldest first.

        Documents are published within a session, whose UTC date is its New York date.
        """
        return tuple(sorted({date.fromisoformat(match[2]) for match, _ in self._files(self._archive, _ARCHIVED)}))

    def settled_days(self) -> tuple[date, ...]:
        """Return the days with outcomes, oldest first."""
        return tuple(sorted(date.fromisoformat(match[1]) for match, _ in self._files(self._state, _OUTCOMES)))

    def documents(self, day: date) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Return the recommendations and the 5-minute predictions of a day, in the order of their numbers."""
        found: dict[str, list[tuple[int, Path]]] = {RECOMMENDATIONS: [], PREDICTIONS: []}
        for match, path in self._files(self._archive, _ARCHIVED):
            if match[2] == f"{day:%Y%m%d}":
                found[match[1]].append((int(match[3]), path))
        read = [[orjson.loads(path.read_bytes()) for _, path in sorted(numbered)] for numbered in found.values()]
        return read[0], read[1]

    def outcomes(self, day: date) -> list[dict[str, Any]]:
        """Return the records of a day in the order in which they were written; a torn last line is left out."""
        path = self._path(day)
        return [orjson.loads(line) for line in _whole_lines(path)] if path.exists() else []

    def append(self, day: date, records: Sequence[Mapping[str, Any]]) -> None:
        """Append records to the outcomes of a day; the caller holds the folder's lock.

        Raises
        ------
        PublishError
            When the file system reports an error.
        """
        if not records:
            return
        path = self._path(day)
        make_folder(self._state)
        with publishing(path):
            lines = list(_whole_lines(path)) if path.exists() else []
            prev = sha256(lines[-1] if lines else path.name.encode()).hexdigest()
            append_line(path, b"\n".join(_chained(records, prev)))

    def _path(self, day: date) -> Path:
        return self._state / f"outcomes-{day}.jsonl"

    @staticmethod
    def _files(folder: Path, name: re.Pattern[str]) -> Iterator[tuple[re.Match[str], Path]]:
        for path in folder.iterdir() if folder.is_dir() else ():
            if match := name.fullmatch(path.name):
                yield match, path


def _whole_lines(path: Path) -> Iterator[bytes]:
    for line in path.read_bytes().split(b"\n"):
        try:
            orjson.loads(line)
        except orjson.JSONDecodeError:  # a writer was killed within this line
            continue
        yield line


def _chained(records: Iterable[Mapping[str, Any]], prev: str) -> Iterator[bytes]:
    for record in records:
        line = orjson.dumps({**record, "prev": prev})
        prev = sha256(line).hexdigest()
        yield line
