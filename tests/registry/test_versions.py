"""The registry: versions are whole and never change, one file says who serves, and every move is on record."""

from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from magic8_ml.registry.manifest import MANIFEST
from magic8_ml.registry.roles import ROLES, RegistryRefused, Roles, read_roles
from magic8_ml.registry.versions import HISTORY, VERSIONS, Registry, add_version, versions_in
from tests.registry.made_models import add, damage, manifest, writer

MARCH, APRIL, MAY = "2025-03-31", "2025-04-30", "2025-05-30"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Return a registry with versions of March, April and May, nobody promoted."""
    for day in (MAY, MARCH, APRIL):
        add(tmp_path / "models", day)
    return Registry(tmp_path / "models")


def named(registry: Registry, month: str) -> str:
    """Return the version of a month."""
    return next(version for version in registry.versions() if version.startswith(month))


def test_versions_are_listed_by_their_data(registry: Registry) -> None:
    """The oldest data first, whatever came first into the folder; nobody serves before a promotion."""
    assert [version[:10] for version in registry.versions()] == [MARCH, APRIL, MAY]
    assert registry.roles is None
    assert registry.history() == ()


def test_promote_and_roll_back_walk_the_same_way(registry: Registry) -> None:
    """Each rollback goes one champion further back, and the first champion has nobody before it."""
    march, april, may = registry.versions()
    for version in (march, april, may):
        registry.promote(version, "test")
    assert registry.roles == Roles(champion=may, earlier=(march, april))
    assert registry.rollback("test").champion == april
    assert registry.rollback("test").champion == march
    with pytest.raises(RegistryRefused, match="no champion before"):
        registry.rollback("test")
    assert registry.roles == Roles(champion=march)


def test_a_challenger_does_not_serve_until_it_is_promoted(registry: Registry) -> None:
    """It stands beside the champion; promoted by its role, it leaves that role."""
    march, april, _ = registry.versions()
    registry.promote(march, "test")
    assert registry.challenge(april, "two days to compare") == Roles(champion=march, challenger=april)
    assert registry.folder_of("challenger").name == april
    assert registry.promote("challenger", "test") == Roles(champion=april, earlier=(march,))


def test_a_challenger_needs_a_champion_other_than_itself(registry: Registry) -> None:
    """Both mistakes are refused."""
    march, *_ = registry.versions()
    with pytest.raises(RegistryRefused, match="needs a champion"):
        registry.challenge(march, "test")
    registry.promote(march, "test")
    with pytest.raises(RegistryRefused, match="champion already"):
        registry.challenge(march, "test")


def test_every_move_is_on_record(registry: Registry) -> None:
    """Who, from whom, when and why; promoting the champion again is no move."""
    march, april, _ = registry.versions()
    registry.promote(march, "first")
    registry.promote(march, "again")
    registry.challenge(april, "worse by 2 %")
    registry.promote(april, "seen enough")
    registry.rollback("bad day")
    moves = registry.history()
    assert [(m["event"], m["version"], m["champion"], m["why"]) for m in moves] == [
        ("promoted", march, march, "first"),
        ("challenges", april, march, "worse by 2 %"),
        ("promoted", april, april, "seen enough"),
        ("rolled back to", march, march, "bad day"),
    ]
    assert [m["champion_before"] for m in moves] == [None, march, march, april]
    assert all(m["at"].endswith("Z") for m in moves)


def test_a_torn_line_of_the_history_is_passed_over(registry: Registry) -> None:
    """What a killed writer left does not swallow the next line."""
    march, april, _ = registry.versions()
    registry.promote(march, "first")
    with (registry.folder / HISTORY).open("ab") as stream:
        stream.write(b'{"at": "2025-')
    registry.promote(april, "second")
    assert [move["why"] for move in registry.history()] == ["first", "second"]


@pytest.mark.parametrize("name", ["2025-03-31", "2024-01-01-00000000", "..", "../versions", "a/b", "", "champion"])
def test_unknown_names_are_refused(registry: Registry, name: str) -> None:
    """Also such that would leave the folder; nothing is written."""
    with pytest.raises(RegistryRefused):
        registry.promote(name, "test")
    assert registry.roles is None


def test_the_nearest_name_is_offered(registry: Registry) -> None:
    """A slip of the pen is answered with what was probably meant."""
    march = named(registry, MARCH)
    with pytest.raises(RegistryRefused, match=f"did you mean {march}"):
        registry.promote(march[:-1] + "x", "test")


def test_a_damaged_version_is_never_promoted(registry: Registry) -> None:
    """Neither forward nor by a rollback; the champion stays."""
    march, april, may = registry.versions()
    registry.promote(march, "test")
    registry.promote(april, "test")
    damage(registry, may)
    with pytest.raises(RegistryRefused, match="model_hash_mismatch"):
        registry.promote(may, "test")
    damage(registry, march)
    with pytest.raises(RegistryRefused, match="cannot serve"):
        registry.rollback("test")
    assert registry.roles == Roles(champion=april, earlier=(march,))


def test_a_version_without_passport_is_never_promoted(registry: Registry) -> None:
    """The registry asks for the passport before a host does."""
    naked = add_version(registry.folder, writer("2025-06-30"), {})
    with pytest.raises(RegistryRefused, match="no_passport"):
        registry.promote(naked, "test")


def test_the_same_training_again_changes_nothing(registry: Registry) -> None:
    """A byte-equal version stays as it is, and nothing is left beside it."""
    march = named(registry, MARCH)
    before = (registry.folder / VERSIONS / march / MANIFEST).stat()
    assert add(registry.folder, MARCH) == march
    assert (registry.folder / VERSIONS / march / MANIFEST).stat().st_ino == before.st_ino
    assert sorted(path.name for path in (registry.folder / VERSIONS).iterdir()) == sorted(registry.versions())


def test_training_again_heals_a_damaged_version(registry: Registry) -> None:
    """The damaged folder is replaced by the whole one of the same name."""
    march = named(registry, MARCH)
    damage(registry, march)
    add(registry.folder, MARCH)
    assert registry.promote(march, "test").champion == march


def test_a_training_that_fails_leaves_nothing(registry: Registry) -> None:
    """What was half written is gone, and no version is new."""

    def failing(folder: Path) -> None:
        writer()(folder)
        raise OSError("disk full")

    before = registry.versions()
    with pytest.raises(OSError, match="disk full"):
        add_version(registry.folder, failing, {})
    assert sorted(path.name for path in (registry.folder / VERSIONS).iterdir()) == sorted(before)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"format_version": 2}',
        b'{"format_version": 1, "champion": "../x", "challenger": null, "earlier": []}',
    ],
)
def test_unreadable_roles_are_refused_not_guessed(registry: Registry, content: bytes) -> None:
    """No default champion is made up."""
    (registry.folder / ROLES).write_bytes(content)
    with pytest.raises(RegistryRefused):
        read_roles(registry.folder)


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A mistyped path is refused and leaves no trace."""
    with pytest.raises(RegistryRefused, match="there are no models"):
        Registry(tmp_path / "typo").rollback("test")
    assert not (tmp_path / "typo").exists()
    assert versions_in(tmp_path / "typo") == ()


def test_writers_take_turns_and_readers_never_see_a_gap(registry: Registry) -> None:
    """Four writers move, add and roll back at once: every reading is whole, and the history is one unbroken chain."""
    versions = registry.versions()
    registry.promote(versions[0], "begin")
    done = threading.Event()

    def read() -> int:
        seen = 0
        while not done.is_set():
            roles = read_roles(registry.folder)
            assert roles is not None
            assert (registry.folder / VERSIONS / roles.champion / MANIFEST).is_file()
            seen += 1
        return seen

    def write(number: int) -> None:
        for turn in range(12):
            registry.promote(versions[(number + turn) % 3], f"{number}")
            add(registry.folder, "2025-06-30", b"%d" % number)
            if turn % 3 == 0:
                with suppress(RegistryRefused):  # the others may have rolled everything back already
                    registry.rollback("back")

    with ThreadPoolExecutor(6) as pool:
        readers = [pool.submit(read) for _ in range(2)]
        try:
            for writing in [pool.submit(write, number) for number in range(4)]:
                writing.result()
        finally:
            done.set()
        assert all(reader.result() > 10 for reader in readers)
    moves = registry.history()
    assert [m["champion_before"] for m in moves[1:]] == [m["champion"] for m in moves[:-1]]
    assert moves[-1]["champion"] == registry.folder_of("champion").name
    assert len(registry.versions()) == 3 + 4


def test_the_name_of_a_version_is_that_of_its_manifest(tmp_path: Path) -> None:
    """Its folder is called as the model calls itself."""
    assert add(tmp_path, MAY) == manifest(MAY)["model_version"]


def test_a_version_under_another_name_is_never_promoted(registry: Registry) -> None:
    """A copy in a folder of its own would be two versions that call themselves one."""
    version = registry.versions()[0]
    shutil.copytree(registry.folder_of(version), registry.folder / VERSIONS / "mine")
    with pytest.raises(RegistryRefused, match=f"holds version {version} under another name"):
        registry.promote("mine", "test")
