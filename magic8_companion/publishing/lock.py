"""One host per output folder: a lock that the operating system gives back when its holder dies, however it dies."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from magic8_companion.domain.errors import AlreadyRunning, ConfigError
from magic8_companion.publishing.json_file import make_folder, unwritable

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # a locked byte cannot be read: lock one far behind the pid
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


class FolderLock:
    """The right to write into a folder, held from construction to :meth:`release`.

    The lock file ``host.lock`` holds the process id of its owner and stays when the lock is given back.

    Raises
    ------
    AlreadyRunning
        Naming the process that holds the folder.
    ConfigError
        When the folder cannot be created or written.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        try:
            self._descriptor: int | None = _locked(folder / "host.lock")
        except OSError as error:
            raise ConfigError([unwritable(folder, error)]) from error

    def release(self) -> None:
        """Give the folder back; may be called twice."""
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _locked(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    is_ours = False
    try:
        is_ours = _try_lock(descriptor)
        os.lseek(descriptor, 0, os.SEEK_SET)
        owner = os.read(descriptor, 32)
    finally:
        if not is_ours:
            os.close(descriptor)
    if not is_ours:
        raise AlreadyRunning(path.parent, int(owner) if owner.isdigit() else None)
    os.lseek(descriptor, 0, os.SEEK_SET)
    os.ftruncate(descriptor, 0)
    os.write(descriptor, str(os.getpid()).encode())
    return descriptor
