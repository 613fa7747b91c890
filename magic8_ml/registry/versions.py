"""The versions of a model on disk, and the moves between them.

    models/
    ├── roles.json                       champion, challenger, former champions
    ├── history.jsonl                    who was promoted or rolled back when, and why; only ever appended to
    ├── registry.lock                    one writer at a time; readers need no lock
    └── versions/
        └── 2025-03-31-1f0c9a2e/         complete and never changed: model files and their manifest

A reader follows ``roles.json`` to a folder.  Whatever a writer does, and wherever it is killed, the file names a
version that is whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_companion.domain.trading_day import utc_text
from magic8_companion.durable import append_line, locked, remove_leftovers, replace_file
from magic8_companion.outside_files.plain_files import read_bytes
from magic8_ml.registry.folders import put_in_place, remove_abandoned, working_folder
from magic8_ml.registry.manifest import MANIFEST, ModelUnavailable, read_manifest
from magic8_ml.registry.passport import with_passport
from magic8_ml.registry.roles import ROLES, RegistryRefused, Roles, read_roles, require_version_name, write_roles
from magic8_ml.registry.validity import require_valid_version

VERSIONS: Final = "versions"
HISTORY: Final = "history.jsonl"
CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
INCOMING: Final = ".incoming-"
_LOCK: Final = "registry.lock"
_READABLE: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class Registry:
    """The registry in a folder such as ``<ml_path>/models``; any number of processes and threads may use it at once."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def roles(self) -> Roles | None:
        """Who serves; None before the first promotion."""
        return read_roles(self.folder)

    def versions(self) -> tuple[str, ...]:
        """Return the names of all versions, those of older data first."""
        return versions_in(self.folder)

    def folder_of(self, version: str) -> Path:
        """Return the folder of a version; ``champion`` and ``challenger`` are names too.

        Raises
        ------
        RegistryRefused
            When there is none of that name.
        """
        return self.folder / VERSIONS / self._resolve(version)

    def promote(self, version: str, why: str) -> Roles:
        """Make a version champion: serving hosts change over to it.

        Raises
        ------
        RegistryRefused
            When it is not there, damaged, or without a valid passport; the champion stays.
        """
        with self._writing():
            name = self._checked_name(version)
            before = self.roles
            after = Roles(champion=name) if before is None else before.promote(name)
            self._change(before, after, "promoted", name, why)
        return after

    def challenge(self, version: str, why: str) -> Roles:
        """Make a version the challenger, which does not serve; ``why`` is the reason against its promotion.

        Raises
        ------
        RegistryRefused
            When the version or a champion is missing.
        """
        with self._writing():
            before = self.roles
            if before is None:
                raise RegistryRefused("a challenger needs a champion: promote a version first")
            name = self._resolve(version)
            if name == before.champion:
                raise RegistryRefused(f"{name} is the champion already")
            after = Roles(champion=before.champion, challenger=name, earlier=before.earlier)
            self._change(before, after, "challenges", name, why)
        return after

    def rollback(self, why: str) -> Roles:
        """Give the role back to the champion before this one.

        Raises
        ------
        RegistryRefused
            When there was none, or it is damaged by now; the champion stays.
        """
        with self._writing():
            before = self.roles
            if before is None:
                raise RegistryRefused(f"nobody has been promoted in {self.folder} yet")
            after = before.roll_back()
            self._checked_name(after.champion)
            self._change(before, after, "rolled back to", after.champion, why)
        return after

    def history(self) -> tuple[Mapping[str, Any], ...]:
        """Return the moves so far, the oldest first; an incomplete line of a killed writer is skipped."""
        try:
            lines = read_bytes(self.folder / HISTORY).splitlines()
        except FileNotFoundError:
            return ()
        return tuple(move for line in lines if (move := _move(line)) is not None)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        if not self.folder.is_dir():
            raise RegistryRefused(f"there are no models in {self.folder}")
        with locked(self.folder / _LOCK):
            remove_leftovers(self.folder / ROLES)
            yield

    def _checked_name(self, version: str) -> str:
        name = self._resolve(version)
        try:
            require_valid_version(self.folder / VERSIONS / name)
        except ModelUnavailable as why:
            raise RegistryRefused(f"{name} cannot serve: {why}") from why
        return name

    def _resolve(self, version: str) -> str:
        roles = self.roles
        if roles is not None and version == CHAMPION:
            return roles.champion
        if roles is not None and version == CHALLENGER and roles.challenger is not None:
            return roles.challenger
        if version in {CHAMPION, CHALLENGER}:
            raise RegistryRefused(f"there is no {version} in {self.folder}")
        known = self.versions()
        if require_version_name(version) not in known:
            near = get_close_matches(version, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise RegistryRefused(f"there is no version {version} in {self.folder}{hint}")
        return version

    def _change(self, before: Roles | None, after: Roles, event: str, version: str, why: str) -> None:
        if after == before:
            return
        at = write_roles(self.folder, after)
        move = {
            "at": utc_text(at),
            "event": event,
            "version": version,
            "champion_before": before and before.champion,
            "champion": after.champion,
            "why": why,
        }
        append_line(self.folder / HISTORY, orjson.dumps(move))


def add_version(folder: Path, write: Callable[[Path], object], passport: Mapping[str, Any]) -> str:
    """Let ``write`` make a model in the folder it is handed, seal its passport, keep it as a version; return its name.

    The name is the ``model_version`` of its manifest, ``passport`` the parts of the passport.  A version that is there
    already, byte for byte, stays as it is; a damaged one of the same name is replaced.
    """
    versions = folder / VERSIONS
    versions.mkdir(parents=True, exist_ok=True)
    with working_folder(versions, INCOMING) as work:
        fresh = work / "model"
        write(fresh)
        manifest = with_passport(read_manifest(fresh), passport)
        version = require_version_name(manifest.get("model_version"))
        replace_file(fresh / MANIFEST, orjson.dumps(manifest, option=_READABLE))
        with locked(folder / _LOCK):
            _place(fresh, versions / version)
    return version


def remove_abandoned_versions(folder: Path) -> None:
    """Remove what killed trainings left below a registry's folder."""
    remove_abandoned(folder / VERSIONS, INCOMING)


def versions_in(folder: Path) -> tuple[str, ...]:
    """Return the names of the versions below a registry's folder, those of older data first."""
    return tuple(sorted(path.parent.name for path in (folder / VERSIONS).glob(f"[!.]*/{MANIFEST}")))


def _place(fresh: Path, target: Path) -> None:
    if not target.exists() or _contents(target) != _contents(fresh):
        put_in_place(fresh, target)


def _contents(folder: Path) -> dict[str, bytes]:
    return {path.name: read_bytes(path) for path in folder.iterdir() if path.is_file()}


def _move(line: bytes) -> Mapping[str, Any] | None:
    try:
        move = orjson.loads(line)
    except ValueError:
        return None
    return move if isinstance(move, dict) else None
