"""Folders take their name in one step, and killed makers leave nothing behind for good."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from magic8_companion.durable import locked
from magic8_ml.registry.folders import exchange_names, put_in_place, remove_abandoned, replace_folder, working_folder
from magic8_ml.registry.reloading import load_champion
from magic8_ml.registry.versions import INCOMING, VERSIONS, Registry
from tests.registry.made_models import add


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _made(folder: Path, content: bytes) -> Path:
    folder.mkdir()
    (folder / "a").write_bytes(content)
    return folder


def test_a_folder_has_the_new_files_and_no_others(tmp_path: Path) -> None:
    """Replacing removes the files of before, and nothing hidden stays beside it."""
    replace_folder(tmp_path / "model", {"a": b"1", "b": b"2"})
    replace_folder(tmp_path / "model", {"a": b"3"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "model").iterdir()} == {"a": b"3"}
    assert _names(tmp_path) == ["model"]


def test_a_replaced_folder_is_never_missing_for_a_reader(tmp_path: Path) -> None:
    """While a name is exchanged again and again, a reader always finds the one content or the other."""
    target, other = _made(tmp_path / "v", b"old"), _made(tmp_path / "w", b"new")
    if not exchange_names(target, other):
        pytest.skip("this file system cannot exchange names")
    stop, seen = threading.Event(), set()

    def exchange() -> None:
        while not stop.is_set():
            put_in_place(other, target)

    writer = threading.Thread(target=exchange)
    writer.start()
    try:
        seen = {(target / "a").read_bytes() for _ in range(3_000)}
    finally:
        stop.set()
        writer.join()
    assert seen == {b"old", b"new"}


def test_without_an_exchange_the_name_is_moved(tmp_path: Path) -> None:
    """On other systems the old folder is set aside first."""
    target, fresh = _made(tmp_path / "v", b"old"), _made(tmp_path / "w", b"new")
    put_in_place(fresh, target, exchange=lambda one, other: False)  # noqa: ARG005 - a system without it
    assert (target / "a").read_bytes() == b"new"
    assert (tmp_path / "retired" / "a").read_bytes() == b"old"


def test_what_a_killed_maker_left_is_removed_and_a_living_one_is_spared(tmp_path: Path) -> None:
    """A working folder is abandoned when its lock can be taken."""
    (tmp_path / ".incoming-dead" / "model").mkdir(parents=True)
    (tmp_path / ".other").mkdir()
    with working_folder(tmp_path, INCOMING) as living:
        assert _names(tmp_path) == sorted([".other", living.name])
        remove_abandoned(tmp_path, INCOMING)
        assert living.is_dir()
    assert _names(tmp_path) == [".other"]


def test_a_folder_that_is_taken_before_it_is_locked_is_made_again(tmp_path: Path) -> None:
    """Makers at the same time do not remove each other's folders."""
    failures: list[BaseException] = []

    def make() -> None:
        try:
            for _ in range(40):
                with working_folder(tmp_path, INCOMING) as folder:
                    (folder / "file").write_bytes(b"1")
                    remove_abandoned(tmp_path, INCOMING)
                    assert (folder / "file").exists()
        except BaseException as error:  # noqa: BLE001 - shown by the test
            failures.append(error)

    makers = [threading.Thread(target=make) for _ in range(4)]
    for maker in makers:
        maker.start()
    for maker in makers:
        maker.join()
    assert failures == []
    assert _names(tmp_path) == []


def test_the_start_of_a_host_sweeps_a_registry(tmp_path: Path) -> None:
    """A folder of a killed training and a temporary file of killed roles are gone after start and the next move."""
    from magic8_ml.registry.reloading import ReloadingChampion

    add(tmp_path, "2025-03-31")
    registry = Registry(tmp_path)
    (tmp_path / VERSIONS / ".incoming-x1" / "model").mkdir(parents=True)
    (tmp_path / ".roles.json.0123456789abcdef.tmp").write_bytes(b"{")
    registry.promote(registry.versions()[0], "test")
    ReloadingChampion(tmp_path, lambda folder: folder.name)
    assert load_champion(tmp_path, lambda folder: folder.name).served == registry.versions()[0]
    assert [path.name for path in tmp_path.rglob(".*")] == []
    with locked(tmp_path / "registry.lock", wait=False):
        pass
