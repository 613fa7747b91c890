"""Write a file so that a reader sees the old content or the new one, never a part, and a power cut changes nothing.

Content goes to a new file of a unique name in the same folder, is flushed and synced, and takes the final name in one
atomic step; syncing the folder makes the step itself durable.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.domain.errors import ConfigError, PublishError

# Written once, then only replaced: an editor that would change a published file in place (and with it the archived
# copy, which shares its content) is refused.  Windows cannot replace a read-only file.
_MODE: Final = 0o444 if os.name == "posix" else 0o666


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
    """Create a folder with its parents, if need be.

    Raises
    ------
    ConfigError
        When it cannot be created.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError([unwritable(folder, error)]) from error


def unwritable(folder: Path, error: OSError) -> str:
    """Return the sentence for a folder that cannot be used."""
    why = error.strerror or error
    return f"the output folder {folder} cannot be written ({why}); choose another with M8C_OUTPUT_DIR"


@contextmanager
def publishing(path: Path) -> Iterator[None]:
    """Turn a failure of the file system into a PublishError that names ``path``."""
    try:
        yield
    except OSError as error:
        raise PublishError(f"{path} cannot be written: {error.strerror or error}") from error


def write_temporary(path: Path, data: bytes) -> Path:
    """Write ``data``, synced, to a new hidden file in the folder of ``path``; return the new file's path."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        with open(temporary, "xb", opener=_open_immutable) as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def replace_file(path: Path, data: bytes) -> None:
    """Give ``path`` the content ``data``, durably and in one step.

    Raises
    ------
    PublishError
        When the file system refuses.
    """
    with publishing(path):
        write_temporary(path, data).replace(path)
        sync_folder(path.parent)


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


def _open_immutable(name: str, flags: int) -> int:
    return os.open(name, flags, _MODE)
