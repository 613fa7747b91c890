"""Open a file of others: a plain file of a bounded size, or one sentence that names it.

A FIFO would block the reader for ever, ``/dev/zero`` has no end, and a link can lead out of a data folder.  So a file
is examined before it is opened and again afterwards, because it may have been exchanged in between.

Every refusal is a :class:`FileRefused`, an ``OSError``: callers that handle a missing file handle it too.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

MAX_BYTES: Final = 256 * 1024 * 1024
"""Of a table."""

MAX_DOCUMENT_BYTES: Final = 64 * 1024 * 1024
"""Of JSON, CSV of settings, and the files of a model."""

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)
_OPEN_FLAGS: Final = (
    os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
)


class FileRefused(OSError):
    """A file is not read; ``strerror`` is the reason without the path, the text a sentence with it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(errno.EINVAL, why, str(path))

    def __reduce__(self) -> tuple[type[FileRefused], tuple[Path, str]]:
        """Let a worker process hand the refusal over."""
        return FileRefused, (Path(str(self.filename)), str(self.strerror))

    def __str__(self) -> str:
        """Return the sentence."""
        return f"{self.filename} {self.strerror}"


@contextmanager
def opened(path: Path, *, max_bytes: int = MAX_BYTES, within: Path | None = None) -> Iterator[BinaryIO]:
    """Open a plain file for reading; what overflows memory or 64 bits while it is read is a refusal as well.

    Parameters
    ----------
    max_bytes
        Size limit of the file.
    within
        The data folder that the file was found in: a link that leads out of it is refused.

    Raises
    ------
    FileRefused
        When it is no plain file, too large, or does not fit into memory.
    OSError
        When it is missing or not readable.
    """
    if within is not None and not path.resolve().is_relative_to(within.resolve()):
        raise FileRefused(path, "is a link out of its folder; put the file itself there")
    _require_plain(path, _status(path), max_bytes)
    with os.fdopen(os.open(path, _OPEN_FLAGS), "rb") as stream, bounded(path):
        _require_plain(path, os.fstat(stream.fileno()), max_bytes)
        yield stream


def read_bytes(path: Path, *, max_bytes: int = MAX_DOCUMENT_BYTES, within: Path | None = None) -> bytes:
    """Return the content of a plain file; raises as :func:`opened` does, also when the file grows while it is read."""
    with opened(path, max_bytes=max_bytes, within=within) as stream:
        content = stream.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise FileRefused(path, _too_large(max_bytes))
    return content


@contextmanager
def bounded(path: Path) -> Iterator[None]:
    """Turn ``MemoryError``, a number beyond 64 bits and a nesting without end into a refusal of ``path``."""
    try:
        yield
    except MemoryError as error:
        raise FileRefused(path, "does not fit into memory; split it") from error
    except OverflowError as error:
        raise FileRefused(path, "holds a number beyond 64 bits; correct it") from error
    except RecursionError as error:
        raise FileRefused(path, "is nested too deeply; write it again") from error


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except FileNotFoundError:
        if path.is_symlink():
            raise FileRefused(path, "is a link to nothing; remove it") from None
        raise


def _require_plain(path: Path, status: os.stat_result, max_bytes: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "something else")
        raise FileRefused(path, f"is {kind}, not a plain file; remove it")
    if status.st_size > max_bytes:
        raise FileRefused(path, _too_large(max_bytes))


def _too_large(max_bytes: int) -> str:
    return f"is larger than {max_bytes:,} bytes; split it or remove it"
