"""How people write paths and hosts: ``~`` is expanded, and text that only a shell would expand or strip is refused.

A folder that exists may have any name.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

_QUOTES: Final = re.compile("[\"'`\u2018\u2019\u201c\u201d]")


def literal_problem(text: str) -> str | None:
    """Return why a path or host would not mean what it says, or None.

    >>> literal_problem("$HOME/KILL")
    '$ is not expanded here; write out what it stands for'
    >>> literal_problem("data/KILL") is None
    True
    """
    if "$" in text:
        return "$ is not expanded here; write out what it stands for"
    if quote := _QUOTES.search(text):
        return f"the quote {quote[0]} would be part of the name; remove it"
    if text != text.strip():
        return "the white space at its edge would be part of the name; remove it"
    if not text.isprintable():
        return "it holds a character that cannot be printed; remove it"
    return None


def plain_text(text: str) -> str:
    """Return the text of a host or an address unchanged; raises ``ValueError`` when it would be taken literally."""
    if (problem := literal_problem(text)) is not None:
        raise ValueError(problem)
    return text


def written_path(text: str | os.PathLike[str], root: Path | None = None) -> Path:
    """Return a path with ``~`` expanded; ``root`` is where a relative one starts, by default the current folder.

    >>> written_path("data/KILL").as_posix()
    'data/KILL'

    Raises
    ------
    ValueError
        When the text holds ``$``, quotes or white space at an edge and no file or folder has that name, or when the
        home folder is unknown.
    """
    path = Path(text)
    try:
        path = path.expanduser()
    except RuntimeError as error:
        raise ValueError(f"the home folder {path.parts[0]} is not known; write the whole path") from error
    problem = literal_problem(os.fspath(text))
    if problem is not None and not _odd_part_exists((root or Path()) / path):
        raise ValueError(problem)
    return path


def _odd_part_exists(path: Path) -> bool:
    odd = next((part for part in (path, *path.parents) if literal_problem(part.name)), None)
    try:
        return odd is not None and odd.exists()
    except (OSError, ValueError):
        return False
