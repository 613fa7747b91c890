"""A running host follows promotions within the next prediction, and never lets go of what works."""

from __future__ import annotations

import threading
from datetime import date
from pathlib import Path

import pytest

from magic8_companion.domain.errors import PluginUnavailable
from magic8_ml.registry.reloading import PAUSE_SECONDS, ReloadingChampion, load_champion
from magic8_ml.registry.roles import ROLES
from magic8_ml.registry.versions import VERSIONS, Registry, add_version
from tests.registry.made_models import add, damage, parts, writer


class Seconds:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Loader:
    """Loads the bytes of a version; refuses what was torn, and may be held up."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def __call__(self, folder: Path) -> bytes:
        self.calls.append(folder.name)
        assert self.may_go_on.wait(20)
        content = (folder / "trees.ubj").read_bytes()
        if content == b"tre":
            raise PluginUnavailable("ml model", "model_hash_mismatch")
        return content


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Return a registry of two versions, the first one promoted."""
    add(tmp_path, "2025-03-31", b"march")
    add(tmp_path, "2025-04-30", b"april")
    registry = Registry(tmp_path)
    registry.promote(registry.versions()[0], "test")
    return registry


@pytest.fixture
def seconds() -> Seconds:
    """Return a clock at nought."""
    return Seconds()


@pytest.fixture
def loader() -> Loader:
    """Return a loader that has loaded nothing."""
    return Loader()


def test_the_next_prediction_sees_the_promotion(registry: Registry, seconds: Seconds, loader: Loader) -> None:
    """A second after a promotion the next call gets the new version; before, the file is not looked at."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    assert (held.current().served, held.current().valid_until) == (b"march", date(2025, 7, 1))
    registry.promote(registry.versions()[1], "test")
    assert held.current().served == b"march"
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"april"
    assert held.health()["model_version"] == registry.versions()[1]


def test_a_rollback_is_followed_too(registry: Registry, seconds: Seconds, loader: Loader) -> None:
    """Back and forth, each loaded when it is due."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    for move, served in (
        (lambda: registry.promote(registry.versions()[1], "t"), b"april"),
        (lambda: registry.rollback("t"), b"march"),
    ):
        move()
        seconds.now += PAUSE_SECONDS
        assert held.current().served == served


def test_without_a_promotion_nothing_is_loaded_again(registry: Registry, seconds: Seconds, loader: Loader) -> None:
    """New versions and challengers beside the champion are none of the host's business."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    first = held.current()
    add(registry.folder, "2025-05-30")
    registry.challenge(registry.versions()[1], "test")
    for _ in range(5):
        seconds.now += PAUSE_SECONDS
        assert held.current() is first
    assert len(loader.calls) == 1


def test_a_damaged_version_leaves_the_old_one_serving(registry: Registry, seconds: Seconds, loader: Loader) -> None:
    """The health says why, it is not tried again and again, and a rollback clears it."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    registry.promote(registry.versions()[1], "test")
    damage(registry, registry.versions()[1])
    for _ in range(3):
        seconds.now += PAUSE_SECONDS
        assert held.current().served == b"march"
    assert "model_hash_mismatch" in held.health()["reload_problem"]
    assert len(loader.calls) == 2
    registry.rollback("test")
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"march"
    assert held.health()["reload_problem"] is None


@pytest.mark.parametrize("content", [b"{", b"{}"])
def test_damaged_roles_leave_the_old_one_serving(
    registry: Registry, seconds: Seconds, loader: Loader, content: bytes
) -> None:
    """Also when the file that names the champion is damaged, or gone."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    (registry.folder / ROLES).write_bytes(content)
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"march"
    assert "roles.json" in held.health()["reload_problem"]
    (registry.folder / ROLES).unlink()
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"march"


def test_a_slow_load_costs_one_second_once(registry: Registry, seconds: Seconds, loader: Loader) -> None:
    """The prediction that notices waits a moment, then the old version answers until the new one is there."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    registry.promote(registry.versions()[1], "test")
    loader.may_go_on.clear()
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"march"
    assert held.current().served == b"march"
    loader.may_go_on.set()
    for thread in threading.enumerate():
        if thread.name == "ml_model_reload":
            thread.join(20)
    assert held.current().served == b"april"


def test_an_overtaken_load_does_not_win(registry: Registry, seconds: Seconds, loader: Loader) -> None:
    """When roles change while a version is still being loaded, the newest promotion decides, whoever ends last."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    registry.promote(registry.versions()[1], "test")
    loader.may_go_on.clear()
    seconds.now += PAUSE_SECONDS
    held.current()
    slow = [thread for thread in threading.enumerate() if thread.name == "ml_model_reload"]
    registry.rollback("test")
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"march"
    loader.may_go_on.set()
    for thread in slow:
        thread.join(20)
    assert held.current().served == b"march"
    assert held.health()["reload_problem"] is None


def test_a_folder_with_a_single_model_is_its_own_champion(tmp_path: Path, loader: Loader) -> None:
    """The layout without versions loads as it is, provided that it carries a passport."""
    name = add(tmp_path, "2025-03-31")
    single = tmp_path / "versions" / name
    assert load_champion(single, loader).version == name


def test_without_passport_there_is_no_champion(tmp_path: Path, loader: Loader) -> None:
    """A model that proves nothing is refused with its reason, whole as it may be."""
    name = add_version(tmp_path, writer(), {"data": parts()["data"]})
    with pytest.raises(PluginUnavailable) as refused:
        load_champion(tmp_path / "versions" / name, loader)
    assert refused.value.reason == "no_passport"


def test_a_version_that_was_promoted_too_early_is_loaded_when_it_is_complete(
    registry: Registry, seconds: Seconds, loader: Loader
) -> None:
    """The first answers still come from the old version; the files that arrive later are noticed and loaded once."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    newest = registry.folder / VERSIONS / registry.versions()[1]
    trees = (newest / "trees.ubj").read_bytes()
    registry.promote(newest.name, "test")
    (newest / "trees.ubj").unlink()
    for _ in range(2):
        seconds.now += PAUSE_SECONDS
        assert held.current().served == b"march"
    assert held.health()["reload_problem"] is not None
    (newest / "trees.ubj").write_bytes(trees)
    for _ in range(2):
        seconds.now += PAUSE_SECONDS
        assert held.current().served == b"april"
    assert held.health()["reload_problem"] is None
    assert len(loader.calls) == 3


def test_nothing_is_parsed_under_a_broken_seal(registry: Registry, loader: Loader, seconds: Seconds) -> None:
    """A manifest that was changed by hand is refused before a file of the version is read, at start and at a change."""
    held = ReloadingChampion(registry.folder, loader, seconds)
    registry.promote(registry.versions()[1], "test")
    manifest = registry.folder_of("champion") / "manifest.json"
    manifest.write_bytes(manifest.read_bytes().replace(b'"symbols"', b'"extra": 1, "symbols"', 1))
    seconds.now += PAUSE_SECONDS
    assert held.current().served == b"march"
    assert "seal" in str(held.health()["reload_problem"])
    with pytest.raises(PluginUnavailable, match="seal"):
        load_champion(registry.folder, loader)
    assert len(loader.calls) == 1


def test_a_version_that_changes_while_it_is_loaded_is_refused(registry: Registry) -> None:
    """What was checked is what is served."""
    manifest = registry.folder_of("champion") / "manifest.json"

    def load(folder: Path) -> bytes:
        manifest.write_bytes(manifest.read_bytes().replace(b'"symbols"', b'"extra": 1, "symbols"', 1))
        return folder.name.encode()

    with pytest.raises(PluginUnavailable, match="changed while it was loaded"):
        load_champion(registry.folder, load)
