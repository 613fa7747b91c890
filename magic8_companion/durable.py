"""Durable files and locks: a reader sees the old content or the new one, never a part, and a power cut changes nothing.

Content goes to a new file of a unique name in the same folder, is flushed and synced, and takes the final name in one
atomic step; syncing the folder makes the step itself durable.  A lock belongs to an open file: the operating system
releases it when its holder dies, however it dies.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from glob import escape
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import orjson

from magic8_companion.domain.errors import AlreadyRunning, ConfigError, PublishError

# Written once, then only replaced: an editor that would change a published file in place (and with it the archived
# copy, which shares its content) fails.  Windows cannot replace a read-only file.
_PUBLISHED_MODE: Final = 0o444 if os.name == "posix" else 0o666

if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int, *, wait: bool) -> bool:
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # a locked byte cannot be read: lock one far behind the content
        try:
            msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


def encode(document: Any) -> bytes:  # noqa: ANN401  # any JSON value
    """Return the UTF-8 JSON text of a document of plain types, with a final newline.

    Raises
    ------
    PublishError
        When a value is not JSON: a lone surrogate, an integer above 64 bits, a foreign type.
    """
    try:
        return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError as error:
        raise PublishError(f"the document cannot be written as JSON: {error}") from error


def make_folder(folder: Path) -> None:
    """Create a folder with its parents if it is missing.

    Raises
    ------
    ConfigError
        When the folder cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([_unwritable(folder, error)]) from error


@contextmanager
def publishing(path: Path) -> Iterator[None]:
    """Turn a failure of the file system into a PublishError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise PublishError(f"{path} cannot be written: {error.strerror or error}") from error


def write_synced(path: Path, data: bytes, *, read_only: bool = False) -> None:
    """Write a new file and sync its content; raises ``FileExistsError`` when the file exists."""
    with open(path, "xb", opener=_open_published if read_only else None) as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def append_synced(path: Path, data: bytes) -> None:
    """Append to a file and sync its content."""
    with path.open("ab") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def append_line(path: Path, line: bytes) -> None:
    """Append a line and sync; ends first a line that a killed writer left incomplete."""
    try:
        with path.open("rb") as stream:
            stream.seek(-1, os.SEEK_END)
            is_incomplete = stream.read(1) != b"\n"
    except OSError:  # the file is missing or empty
        is_incomplete = False
    append_synced(path, (b"\n" if is_incomplete else b"") + line + b"\n")


def write_temporary(path: Path, data: bytes, *, read_only: bool = False) -> Path:
    """Write ``data``, synced, to a new hidden file in the folder of ``path``; return the new file's path."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        write_synced(temporary, data, read_only=read_only)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def replace_file(path: Path, data: bytes, *, read_only: bool = False) -> None:
    """Give ``path`` the content ``data``, durably and in one step; raises ``OSError`` when the file system refuses."""
    temporary = write_temporary(path, data, read_only=read_only)
    try:
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_folder(path.parent)


def publish_file(path: Path, data: bytes) -> None:
    """Replace a published file, which is read-only.

    Raises
    ------
    PublishError
        When the file system refuses.
    """
    with publishing(path):
        replace_file(path, data, read_only=True)


def remove_leftovers(path: Path) -> None:
    """Delete what a killed writer of ``path`` left behind; only the single writer may call this."""
    with publishing(path):
        for leftover in path.parent.glob(f".{escape(path.name)}.*.tmp"):
            leftover.unlink()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable (Windows offers no such call and journals them itself)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of a lock file.

    Raises
    ------
    BlockingIOError
        When another holder has it and ``wait`` is off.
    """
    with ExitStack() as held:
        while True:
            descriptor = held.enter_context(_opened(path, os.O_RDWR | os.O_CREAT))
            if not _lock(descriptor, wait=wait):
                raise BlockingIOError(f"{path} is locked by another process")
            if _is_still_at(path, descriptor):
                break
            # its last holder removed the file, so this lock keeps nobody out
            held.close()
        yield


class FolderLock:
    """The right to write into a folder, held from construction to :meth:`release`.

    The lock is on the folder itself (its inode), so removing or replacing a file in it changes nothing.  The file
    ``host.lock`` is locked as well, for systems that cannot lock folders; it holds the process id of the owner and
    remains, empty, after the release.

    Raises
    ------
    AlreadyRunning
        Naming the process that holds the folder.
    ConfigError
        When the folder cannot be created or written.
    """

    def __init__(self, folder: Path) -> None:
        make_folder(folder)
        self._folder = folder
        self._held = ExitStack()
        try:
            with ExitStack() as taken:
                self._file = taken.enter_context(_opened(folder / "host.lock", os.O_RDWR | os.O_CREAT))
                self._inode = taken.enter_context(_locked_folder(folder, self._file))
                if not _lock(self._file, wait=False):
                    raise AlreadyRunning(folder, _owner(self._file))
                _write_owner(self._file)
                taken.callback(os.ftruncate, self._file, 0)
                self._held = taken.pop_all()
        except OSError as error:
            raise ConfigError([_unwritable(folder, error)]) from error

    def require_held(self) -> None:
        """Check that the folder at this path is still the one that is locked.

        Raises
        ------
        PublishError
            When the folder (or, where folders cannot be locked, its lock file) was moved, removed or replaced.
        """
        path = self._folder / "host.lock" if self._inode is None else self._folder
        held = os.fstat(self._file if self._inode is None else self._inode)
        with publishing(path):
            if not os.path.samestat(path.stat(), held):
                raise PublishError(f"{path} was replaced while this host held it; stop what moves the output folder")

    def release(self) -> None:
        """Release the folder; may be called twice."""
        self._held.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def _is_still_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags, 0o644)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def _locked_folder(folder: Path, lock_file: int) -> Iterator[int | None]:
    """Lock the folder's inode; None where the system cannot (Windows, some network file systems)."""
    if os.name != "posix":
        yield None
        return
    with _opened(folder, os.O_RDONLY) as descriptor:
        inode: int | None = descriptor
        try:
            is_ours = _lock(descriptor, wait=False)
        except OSError:
            is_ours, inode = True, None
        if not is_ours:
            raise AlreadyRunning(folder, _owner(lock_file))
        yield inode


def _owner(lock_file: int) -> int | None:
    os.lseek(lock_file, 0, os.SEEK_SET)
    number = os.read(lock_file, 32)
    return int(number) if number.isdigit() else None


def _write_owner(lock_file: int) -> None:
    os.lseek(lock_file, 0, os.SEEK_SET)
    os.ftruncate(lock_file, 0)
    os.write(lock_file, str(os.getpid()).encode())


def _unwritable(folder: Path, error: OSError) -> str:
    why = error.strerror or error
    return f"the output folder {folder} cannot be written ({why}); choose another with M8C_OUTPUT_DIR"


def _open_published(name: str, flags: int) -> int:
    return os.open(name, flags, _PUBLISHED_MODE)
