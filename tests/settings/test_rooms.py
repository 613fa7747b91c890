"""Each setting is described once, in its room, and reaches every room that needs it."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest

from magic8_companion.analysis import AnalysisConfig
from magic8_companion.domain.config import described, meanings, setting
from magic8_companion.engine.config import EngineConfig, TicketConfig
from magic8_companion.providers.config import ProviderConfig
from magic8_companion.publishing.config import PublishingConfig
from magic8_companion.settings.model import Settings, meaning_of
from magic8_companion.settings.rooms import ROOMS, config_of, engine_config, ml_config, setting_of
from magic8_companion.unified_config import load_settings

DESCRIBED = (*ROOMS, ProviderConfig, PublishingConfig)


def test_the_age_of_gamma_is_a_setting(tmp_path: Path) -> None:
    """An older chain gives no gamma; how old it may be is up to the operator."""
    settings = load_settings({"M8C_GAMMA_MAX_AGE_MINUTES": "12"}, root=tmp_path)
    assert config_of(AnalysisConfig, settings).gamma_max_age_minutes == 12


def test_the_limits_of_tickets_are_settings(tmp_path: Path) -> None:
    """Width, margin, credit, spread and commission; without them the defaults of the engine hold."""
    chosen = {
        "M8C_TICKET_MAX_WIDTH_PCT": "0.3",
        "M8C_TICKET_MAX_MARGIN": "1500",
        "M8C_TICKET_MIN_CREDIT_PCT": "20",
        "M8C_TICKET_MAX_SPREAD_PCT": "4",
        "M8C_COMMISSION_PER_CONTRACT": "1.2",
    }
    assert engine_config(load_settings(chosen, root=tmp_path)).tickets == TicketConfig(
        max_width_pct=0.3, max_margin=1500.0, min_credit_pct=20.0, max_spread_pct=4.0, commission=1.2
    )
    usual = EngineConfig(symbols=("SPX",), kill_switch_file=tmp_path / "KILL").tickets
    assert engine_config(load_settings({}, root=tmp_path)).tickets == usual


def test_a_shared_setting_reaches_every_room(tmp_path: Path) -> None:
    """Engine and plugin get the same delay after a bar close, under whatever field name."""
    settings = load_settings({"M8C_BAR_CLOSE_DELAY_SECONDS": "9", "M8C_ML_TIMEOUT_SECONDS": "2"}, root=tmp_path)
    engine, plugin = engine_config(settings), ml_config(settings)
    assert (engine.bar_close_delay_seconds, plugin.bar_close_delay_seconds) == (9, 9)
    assert (engine.ml_timeout_seconds, plugin.timeout_seconds) == (2.0, 2.0)


@pytest.mark.parametrize("room", ROOMS)
def test_without_settings_a_room_has_its_own_defaults(
    room: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the settings fill in without any source is what the room states; nothing else states it."""
    monkeypatch.chdir(tmp_path)
    settings = load_settings({})
    own = {name: described(room, name).default for name in setting_of(room)}
    assert {name: getattr(settings, written) for name, written in setting_of(room).items()} == own


@pytest.mark.parametrize("room", DESCRIBED)
def test_every_field_of_a_room_is_described(room: type[Any]) -> None:
    """A configuration field without a sentence cannot be added."""
    assert set(meanings(room)) == {item.name for item in fields(room)}


@pytest.mark.parametrize("room", DESCRIBED)
def test_every_description_is_a_sentence(room: type[Any]) -> None:
    """It begins with a capital letter and ends with a full stop."""
    for meaning in meanings(room).values():
        assert meaning.sentence[0].isupper(), meaning
        assert meaning.sentence.endswith("."), meaning


def test_no_default_is_stated_twice() -> None:
    """Each setting has a meaning of its own, and every field with that meaning has the very same default."""
    by_meaning: dict[int, list[object]] = {}
    for room in DESCRIBED:
        for item in fields(room):
            default = item.default if item.default_factory is MISSING else item.default_factory()
            by_meaning.setdefault(id(item.metadata["setting"]), []).append(default)
    for defaults in by_meaning.values():
        assert all(default is defaults[0] for default in defaults)
    sentences = [meaning_of(name).sentence for name in Settings.model_fields]
    assert len(set(sentences)) == len(sentences)
    assert len({id(meaning_of(name)) for name in Settings.model_fields}) == len(sentences)


def test_the_settings_state_no_default_of_a_room() -> None:
    """The default of a room's setting is the room's own object."""
    for room in DESCRIBED:
        for field, written in setting_of(room).items():
            given, own = Settings.model_fields[written].default, described(room, field).default
            assert given is own or given == dict(own)


def test_a_setting_needs_a_field_with_default_and_meaning() -> None:
    """A name that the room does not describe stops the import of the settings, by name."""
    with pytest.raises(LookupError, match="EngineConfig has no field symbol "):
        described(EngineConfig, "symbol")
    with pytest.raises(LookupError, match="kill_switch_file has no default"):
        described(EngineConfig, "kill_switch_file")
    assert setting("Seconds.", ge=0)["setting"].limits == {"ge": 0}
