"""The champion as a running host holds it: asked at every prediction, changed over without a restart.

A promotion replaces one file.  Whoever asks for the current champion looks at that file at most once a second; when it
has changed, the new version is loaded next to the old one and replaces it in one step.  A version that cannot be
loaded leaves the old one serving, and ``health`` says why; it is loaded again as soon as its files change, as those of
a version that was promoted before it was complete do.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Final, Generic, TypeVar

from magic8_companion.domain.errors import Magic8Error
from magic8_ml.registry.manifest import ModelUnavailable, read_manifest
from magic8_ml.registry.roles import ROLES, RegistryRefused, read_roles
from magic8_ml.registry.validity import require_passport, valid_until
from magic8_ml.registry.versions import VERSIONS, remove_abandoned_versions

logger = logging.getLogger(__name__)

Served = TypeVar("Served")

PAUSE_SECONDS: Final = 1.0
"""The file of roles is looked at no more often than this."""

WAIT_SECONDS: Final = 1.0
"""The prediction that notices a promotion waits this long for the new version; then the old one answers once more."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Champion(Generic[Served]):
    """A loaded version; it may predict sessions up to ``valid_until``."""

    served: Served
    version: str
    valid_until: date


def load_champion(folder: Path, load: Callable[[Path], Served]) -> Champion[Served]:
    """Load the champion of the registry in ``folder``; a folder that holds a single model is its own champion.

    Raises
    ------
    PluginUnavailable
        Whatever ``load`` raises; ``no_passport``, or ``model_corrupt`` when the roles are unreadable.
    """
    return _loaded(_champion_folder(folder), load)


def files_stamp(folder: Path) -> _Stamp:
    """Return what changes with the files in ``folder`` or of its champion; it holds nothing while there are none."""
    try:
        champion = _champion_folder(folder)
    except ModelUnavailable:
        champion = folder
    return _stamps(folder) + (() if champion == folder else _stamps(champion))


class ReloadingChampion(Generic[Served]):
    """Holds the champion of a registry and follows promotions; any thread may ask.

    Parameters
    ----------
    folder
        The registry, or a folder that holds a single model.
    load
        Makes of a version's folder what is served.
    monotonic
        Seconds of a clock that never goes back: it paces the looking, no result depends on it.

    Raises
    ------
    PluginUnavailable
        When there is no usable champion to begin with.
    """

    def __init__(
        self, folder: Path, load: Callable[[Path], Served], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder, self._load, self._monotonic = folder, load, monotonic
        remove_abandoned_versions(folder)
        self._lock = threading.Lock()
        self._seen: _Stamp = _stamp(folder / ROLES)
        self._refused: tuple[Path, _Stamp] | None = None
        self._looked_at = monotonic()
        self._champion = load_champion(folder, load)
        self._problem: str | None = None

    def current(self) -> Champion[Served]:
        """Return the champion; takes one ``stat`` a second, and up to a second once after each promotion."""
        if (change := self._noticed()) is not None:
            thread = threading.Thread(target=self._change_over, args=(change,), name="ml_model_reload", daemon=True)
            thread.start()
            thread.join(WAIT_SECONDS)
        return self._champion

    def health(self) -> Mapping[str, Any]:
        """Return model_version, model_valid_until and reload_problem (None, or why the newest champion is not used)."""
        champion = self._champion
        return {
            "model_version": champion.version,
            "model_valid_until": champion.valid_until,
            "reload_problem": self._problem,
        }

    def _noticed(self) -> _Stamp | None:
        with self._lock:
            now = self._monotonic()
            if now - self._looked_at < PAUSE_SECONDS:
                return None
            self._looked_at = now
            stamp = _stamp(self._folder / ROLES)
            if stamp == self._seen and (self._refused is None or _stamps(self._refused[0]) == self._refused[1]):
                return None
            self._seen = stamp
            return stamp

    def _change_over(self, change: _Stamp) -> None:
        before, problem, refused = self._champion, None, None
        champion = before
        try:
            folder = _champion_folder(self._folder)
            if folder.name != before.version:
                refused = folder, _stamps(folder)  # from before the loading: what is written meanwhile counts as new
                champion = _loaded(folder, self._load)
                refused = None
        except (Magic8Error, OSError, KeyError, TypeError, ValueError) as error:
            problem = str(error)
        with self._lock:
            if change != self._seen:  # the roles have changed again meanwhile: a later thread loads the newer version
                return
            self._champion, self._problem, self._refused = champion, problem, refused
        if problem is not None:
            logger.warning("The promoted ML model cannot be used, %s goes on serving: %s", before.version, problem)
        elif champion is not before:
            logger.info("ML model changed over from %s to %s", before.version, champion.version)


_Stamp = tuple[object, ...]


def _stamp(file: Path) -> _Stamp:
    try:
        found = file.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _stamps(folder: Path) -> _Stamp:
    try:
        return tuple((file.name, *_stamp(file)) for file in sorted(folder.iterdir()))
    except OSError:
        return ()


def _champion_folder(folder: Path) -> Path:
    try:
        roles = read_roles(folder)
    except RegistryRefused as error:
        raise ModelUnavailable("model_corrupt", str(error)) from error
    return folder if roles is None else folder / VERSIONS / roles.champion


def _loaded(folder: Path, load: Callable[[Path], Served]) -> Champion[Served]:
    # the seal covers the digests of all files: nothing is parsed before it holds
    manifest = read_manifest(folder)
    require_passport(manifest)
    served = load(folder)
    if read_manifest(folder) != manifest:
        raise ModelUnavailable("model_corrupt", f"{folder} was changed while it was loaded")
    return Champion(served=served, version=str(manifest["model_version"]), valid_until=valid_until(manifest))
