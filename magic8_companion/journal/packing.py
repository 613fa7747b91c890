"""Compress the journals of past days, and restore one that is written again.

A journal is never deleted: the compressed file is complete and durable before the plain one goes, and after a kill in
between the plain one counts and is compressed again.  The same text gives the same bytes.
"""

from __future__ import annotations

import gzip
import logging
from datetime import date
from pathlib import Path
from typing import Final

from magic8_companion.durable import remove_leftovers, replace_file, sync_folder
from magic8_companion.journal.reader import journal_files

PACKED: Final = ".gz"

_log = logging.getLogger(__name__)


def pack_before(folder: Path, day: date) -> None:
    """Compress the plain journals of the days before ``day``; one that cannot be compressed stays plain."""
    for file in journal_files(folder):
        if file.day < day and file.path.suffix != PACKED:
            try:
                _pack(file.path)
            except (OSError, EOFError) as error:
                _log.warning("The journal %s stays uncompressed: %s", file.path, error)


def unpack(path: Path) -> None:
    """Restore the plain journal ``path`` if only its compressed form is there; raises ``OSError``."""
    packed = _packed(path)
    if packed.exists():
        if not path.exists():
            replace_file(path, gzip.decompress(packed.read_bytes()))
        packed.unlink()
        sync_folder(path.parent)


def _pack(path: Path) -> None:
    text, packed = path.read_bytes(), _packed(path)
    remove_leftovers(packed)
    replace_file(packed, gzip.compress(text, mtime=0))
    if gzip.decompress(packed.read_bytes()) != text:
        packed.unlink()
        raise OSError("the compressed copy differs")
    path.unlink()
    sync_folder(path.parent)


def _packed(path: Path) -> Path:
    return path.with_name(f"{path.name}{PACKED}")
