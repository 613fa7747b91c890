"""``python -m magic8_ml models``: what people and scripts see of the registry."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from magic8_ml.__main__ import main
from magic8_ml.registry.versions import Registry
from tests.domain.measurements import MEASURED
from tests.registry.made_models import add, damage

MARCH, APRIL = "2025-03-31", "2025-04-30"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    """Return a registry of two versions, the second one champion."""
    add(tmp_path / "models", MARCH)
    add(tmp_path / "models", APRIL)
    registry = Registry(tmp_path / "models")
    for version in registry.versions():
        registry.promote(version, "test")
    return registry


def said(registry: Registry, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """Run the command and return what it printed."""
    assert main(["models", *words, "--path", str(registry.folder.parent)]) == 0
    return capsys.readouterr().out


def test_list_shows_roles_dates_and_damage(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """One row per version; a damaged one shows its problem instead of disappearing."""
    damage(registry, registry.versions()[0])
    _, _, first, *more, last = said(registry, capsys, "list").splitlines()
    assert first.split()[:2] == [registry.versions()[0], "former"]
    assert "model_hash_mismatch" in "".join([first, *more])
    assert last.split() == [registry.versions()[1], "champion", APRIL, "2025-07-31", "sound", "not", "measured"]


def test_list_as_json(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """Scripts get one object with versions and roles."""
    answer = orjson.loads(said(registry, capsys, "list", "--json"))
    march, april = registry.versions()
    assert answer["roles"] == {"champion": april, "challenger": None, "earlier": [march]}
    assert [(v["version"], v["role"], v["problem"]) for v in answer["versions"]] == [
        (march, "former", None),
        (april, "champion", None),
    ]


def test_show_tells_what_a_passport_proves(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a name it is the champion; each canary stands there with its numbers."""
    text = said(registry, capsys, "show")
    for part in (registry.versions()[1], "champion", "shuffled_labels: skill -0.001", "SPY"):
        assert part in text
    manifest = orjson.loads(said(registry, capsys, "show", registry.versions()[0], "--json"))["manifest"]
    assert manifest["last_day"] == MARCH


def test_high_is_measured_or_said_not_to_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """List and show say what HIGH of a version has meant; a version without measurement says so."""
    add(tmp_path / "models", MARCH)
    registry = Registry(tmp_path / "models")
    registry.promote(add(tmp_path / "models", APRIL, measured=MEASURED.as_json()), "test")
    first, last = said(registry, capsys, "list").splitlines()[-2:]
    assert first.endswith("not measured")
    assert last.endswith("59.6 % (61.0 %)")
    assert MEASURED.high_sentence in said(registry, capsys, "show")
    assert "HIGH: not measured" in said(registry, capsys, "show", registry.versions()[0])


def test_promote_and_rollback(registry: Registry, capsys: pytest.CaptureFixture[str]) -> None:
    """Both say who is champion now, and write why into the history."""
    march, april = registry.versions()
    assert march in said(registry, capsys, "rollback", "--why", "bad day")
    assert orjson.loads(said(registry, capsys, "promote", april, "--json"))["champion"] == april
    assert [move["why"] for move in registry.history()[-2:]] == ["bad day", "by hand"]


def test_what_cannot_be_done_is_one_sentence(
    registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 and a sentence on stderr."""
    for words, said in (["promote", "nobody"], "version nobody"), (["show", "challenger"], "challenger"):
        assert main(["models", *words, "--path", str(registry.folder.parent)]) == 1
        assert capsys.readouterr().err.startswith(f"Refused: there is no {said} in")
    assert main(["models", "rollback", "--path", str(tmp_path / "elsewhere")]) == 1


def test_an_empty_registry_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Listing nothing is no error."""
    assert main(["models", "list", "--path", str(tmp_path)]) == 0
    assert "no versions" in capsys.readouterr().out


@pytest.mark.parametrize("words", [("models", "list"), ("check",)])
def test_the_model_of_a_simulated_run_is_found(
    words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where M8C_ML_PATH has no model, the folder of the simulated run is named, if there is one."""
    monkeypatch.chdir(tmp_path)
    main([*words])
    said = capsys.readouterr()
    assert "simulated run" not in said.out + said.err
    own = tmp_path / "data" / "simulated" / "ml"
    (own / "models").mkdir(parents=True)
    main([*words])
    said = capsys.readouterr()
    assert f"a simulated run has its own: --{'path' if words[0] == 'models' else 'models'} {own}" in said.out + said.err
