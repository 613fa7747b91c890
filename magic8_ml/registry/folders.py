"""Folders that take their name in one step, and working folders that no kill leaves behind for good.

A working folder is locked while its maker lives; one that can be locked belongs to a killed process and is removed by
the next maker.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from glob import escape
from pathlib import Path
from typing import Final

from magic8_companion.durable import locked, sync_folder, write_synced

_GUARD: Final = ".guard"
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_CANNOT: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP})


@contextmanager
def working_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """Make a hidden folder in ``parent``, remove it at the end, and remove first what killed makers left there."""
    remove_abandoned(parent, prefix)
    with ExitStack() as held:
        while True:
            folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
            held.callback(shutil.rmtree, folder, ignore_errors=True)
            with suppress(FileNotFoundError):
                held.enter_context(locked(folder / _GUARD))
                break
            # another maker took the folder for an abandoned one before it was locked
        yield folder


def remove_abandoned(parent: Path, prefix: str) -> None:
    """Remove the working folders of killed processes; does nothing where it may not write."""
    with suppress(OSError):
        for folder in parent.glob(f"{escape(prefix)}*"):
            with suppress(OSError), locked(folder / _GUARD, wait=False):
                shutil.rmtree(folder, ignore_errors=True)


def replace_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    """Give ``folder`` these files and no others, synced, whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with working_folder(folder.parent, f".{folder.name}-") as work:
        fresh = work / "fresh"
        fresh.mkdir()
        for name, content in files.items():
            write_synced(fresh / name, content)
        put_in_place(fresh, folder)


def put_in_place(fresh: Path, target: Path, exchange: Callable[[Path, Path], bool] | None = None) -> None:
    """Give a folder the name ``target``; a folder of that name is then at ``fresh``, or beside it as ``retired``.

    Where the system can exchange two names, a reader finds one or the other at any time; elsewhere the name is missing
    for a moment.
    """
    sync_folder(fresh)
    if not target.exists():
        fresh.rename(target)
    elif not (exchange or exchange_names)(fresh, target):
        retired = fresh.with_name("retired")
        target.rename(retired)
        try:
            fresh.rename(target)
        except OSError:
            retired.rename(target)
            raise
    sync_folder(target.parent)


def exchange_names(one: Path, other: Path) -> bool:
    """Exchange the names of two files or folders in one step; return False where the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None) if sys.platform == "linux" else None
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT:
        return False
    raise OSError(number, os.strerror(number), str(one))
