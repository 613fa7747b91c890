"""Who serves: one small file, replaced in one step, is the only truth about champion and challenger.

    {"format_version": 1, "champion": "2025-03-31-1f0c9a2e", "challenger": null, "earlier": ["2025-03-24-77aa01bc"]}

A plain file instead of a symbolic link: it works on every file system, holds both names at once, and one ``stat``
tells whether it has changed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.domain.errors import Magic8Error
from magic8_companion.durable import replace_file
from magic8_companion.outside_files.plain_files import read_bytes

ROLES: Final = "roles.json"
FORMAT_VERSION: Final = 1
_VERSION_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class RegistryRefused(Magic8Error):
    """The registry cannot do this: nothing is changed, and the error gives the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Roles:
    """The roles of versions; ``earlier`` are former champions, the newest last: what a rollback returns to."""

    champion: str
    challenger: str | None = None
    earlier: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse names that are no plain folder names."""
        for name in (self.champion, self.challenger, *self.earlier):
            if name is not None:
                require_version_name(name)

    def promote(self, version: str) -> Roles:
        """Return the roles after ``version`` became champion.

        >>> Roles(champion="a", challenger="b").promote("b")
        Roles(champion='b', challenger=None, earlier=('a',))
        """
        challenger = None if self.challenger == version else self.challenger
        if version == self.champion:
            return replace(self, challenger=challenger)
        return Roles(champion=version, challenger=challenger, earlier=(*self.earlier, self.champion))

    def roll_back(self) -> Roles:
        """Return the roles after the champion gave way to its predecessor.

        Raises
        ------
        RegistryRefused
            When there was no champion before.
        """
        if not self.earlier:
            raise RegistryRefused(f"there is no champion before {self.champion} to go back to")
        return replace(self, champion=self.earlier[-1], earlier=self.earlier[:-1])


def read_roles(folder: Path) -> Roles | None:
    """Read the roles of a registry; None before the first promotion.

    Raises
    ------
    RegistryRefused
        When the file exists but is not valid.
    """
    path = folder / ROLES
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise RegistryRefused(f"{path} cannot be read: {error.strerror}") from error
    try:
        return _roles(orjson.loads(content))
    except (ValueError, KeyError, TypeError) as error:
        raise RegistryRefused(f"{path} is not a file of roles: {error}") from error


def write_roles(folder: Path, roles: Roles) -> datetime:
    """Replace the roles in one step; return when that was, as the file system dates it."""
    data = {
        "format_version": FORMAT_VERSION,
        "champion": roles.champion,
        "challenger": roles.challenger,
        "earlier": list(roles.earlier),
    }
    path = folder / ROLES
    replace_file(path, orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def require_version_name(name: object) -> str:
    """Return ``name`` if it can name a version's folder and nothing outside of it.

    Raises
    ------
    RegistryRefused
        For anything else.
    """
    if not isinstance(name, str) or not _VERSION_NAME.fullmatch(name):
        raise RegistryRefused(f"{name!r} cannot be the name of a version")
    return name


def _roles(data: Any) -> Roles:  # noqa: ANN401 - whatever the file held
    if data["format_version"] != FORMAT_VERSION:
        raise ValueError(f"its format is {data['format_version']!r}, expected {FORMAT_VERSION}")
    return Roles(champion=data["champion"], challenger=data["challenger"], earlier=tuple(data["earlier"]))
