"""Find the daily folders of a download and their sheets, and report every skipped file."""

from __future__ import annotations

import re
import stat
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from magic8_companion.domain.trading_day import new_york_day
from magic8_ml.history.layouts import KINDS

_FOLDER_NAMES: Final = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})(?:_logs)?(?:-[0-9A-F]{5})?"),
    re.compile(r"(?P<month>\d{1,2})-(?P<day>\d{1,2})-(?P<year>\d{4})-[0-9A-F]{5}"),
)
_FILE_NAME: Final = re.compile(rf"(?P<kind>{'|'.join(KINDS)}) (?P<stamp>\d{{8}}-\d{{6}})\.csv")
LARGEST_SHEET: Final = 256 * 1024 * 1024
"""Bytes; a sheet of a day has less than a hundredth of that."""

_PICTURE: Final = re.compile(r"score .*\.png")


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFile:
    """One sheet on disk; ``name`` is folder/file, ``downloaded_at`` the UTC stamp of its file name."""

    path: Path
    name: str
    kind: str
    day: date
    downloaded_at: datetime

    @property
    def order(self) -> tuple[date, datetime, str]:
        """Return the sort key: an earlier download of a day comes first."""
        return self.day, self.downloaded_at, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderFinding:
    """A problem of a folder or file: ``reason`` is a code, ``detail`` a sentence."""

    where: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """The sheets of one calendar month in download order, and the number of their folders."""

    key: str
    folders: int
    files: tuple[SheetFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """The content of a raw folder."""

    folders: int
    months: tuple[Month, ...]
    findings: tuple[FolderFinding, ...]


def folder_day(name: str) -> date | None:
    """Return the day in a folder name, or None when the name matches no known pattern.

    >>> folder_day("2024-08-05-5568E"), folder_day("12-5-2022-5568E"), folder_day("2023-01-20_logs-5BFD1")
    (datetime.date(2024, 8, 5), datetime.date(2022, 12, 5), datetime.date(2023, 1, 20))
    >>> folder_day("old") is None
    True
    """
    for pattern in _FOLDER_NAMES:
        if found := pattern.fullmatch(name):
            try:
                return date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None


def find_download(raw: Path) -> Download:
    """List the folders and sheets below ``raw``; the result does not depend on the order of the directory."""
    findings: list[FolderFinding] = []
    files: list[SheetFile] = []
    folders_of: dict[str, set[str]] = defaultdict(set)
    folders = 0
    for entry in sorted(raw.iterdir(), key=lambda path: path.name):
        if entry.is_symlink():
            findings.append(FolderFinding(where=entry.name, reason="link", detail="links are not followed"))
            continue
        if not entry.is_dir():
            findings.append(
                FolderFinding(where=entry.name, reason="loose_file", detail="a file outside the daily folders")
            )
            continue
        folders += 1
        found = _sheets(entry, findings)
        files += found
        if not found:
            findings.append(
                FolderFinding(where=entry.name, reason="folder_refused", detail="it has no readable sheet name")
            )
        for sheet in found:
            folders_of[f"{sheet.day:%Y-%m}"].add(entry.name)
    files.sort(key=lambda sheet: sheet.order)
    months = tuple(
        Month(key=key, folders=len(names), files=tuple(file for file in files if f"{file.day:%Y-%m}" == key))
        for key, names in sorted(folders_of.items())
    )
    return Download(folders=folders, months=months, findings=tuple(findings))


def _sheets(folder: Path, findings: list[FolderFinding]) -> list[SheetFile]:
    day = folder_day(folder.name)
    if day is None:
        detail = "the folder name matches no known pattern; its day comes from the download stamps of its sheets"
        findings.append(FolderFinding(where=folder.name, reason="unknown_folder_name", detail=detail))
    found: list[SheetFile] = []
    for path in sorted(folder.iterdir(), key=lambda path: path.name):
        name = f"{folder.name}/{path.name}"
        match = _FILE_NAME.fullmatch(path.name)
        stamp = _stamp(match["stamp"]) if match else None
        if match and stamp and (problem := _unfit(path)) is not None:
            findings.append(FolderFinding(where=name, reason="unfit_file", detail=problem))
        elif match and stamp:
            sheet_day = day or new_york_day(stamp)
            found.append(SheetFile(path=path, name=name, kind=match["kind"], day=sheet_day, downloaded_at=stamp))
        elif not _PICTURE.fullmatch(path.name):
            findings.append(FolderFinding(where=name, reason="unknown_file_name", detail="no sheet of a known kind"))
    findings += _second_files(folder.name, found)
    return found


def _unfit(path: Path) -> str | None:
    """Return why a sheet is not opened: only plain files of a sane size are."""
    status = path.lstat()
    if not stat.S_ISREG(status.st_mode):
        return "it is a link, a pipe or a device, not a plain file"
    if status.st_size > LARGEST_SHEET:
        return f"it has {status.st_size:,} bytes; a sheet has at most {LARGEST_SHEET:,}"
    return None


def _second_files(folder: str, sheets: Iterable[SheetFile]) -> list[FolderFinding]:
    names: dict[str, list[str]] = defaultdict(list)
    for sheet in sheets:
        names[sheet.kind].append(sheet.path.name)
    return [
        FolderFinding(
            where=folder, reason="second_file_of_a_kind", detail=f"all are read, oldest first: {', '.join(of_kind)}"
        )
        for of_kind in names.values()
        if len(of_kind) > 1
    ]


def _stamp(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None
