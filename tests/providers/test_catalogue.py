"""Names of providers: what they give, and the sentence for what they cannot give."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.providers.catalogue import create_provider
from magic8_companion.providers.fallback import FallbackProvider
from magic8_companion.providers.registered import canonical_name
from tests.providers.makers import DAY, SetClock, new_york, rows, save

CLOCK = SetClock(new_york(DAY, 12))


@pytest.mark.parametrize("name", ["simulated", "Simulated", " SIMULATED "])
def test_names_are_read_in_any_case(name: str) -> None:
    """A provider is found whatever the case of its name."""
    assert create_provider(name, CLOCK).name == "simulated"


def test_file_is_another_name_of_replay(tmp_path: Path) -> None:
    """The alias gives the replay provider under its own name."""
    save(rows([DAY]), tmp_path / "spy.parquet")
    assert create_provider("FILE", CLOCK, replay_path=tmp_path).name == "replay"


@pytest.mark.parametrize("name", ["ib", "IB", "yahoo"])
def test_live_providers_ask_nobody_before_they_are_asked(name: str) -> None:
    """A real feed is created without a connection, and with the name that is published."""
    provider = create_provider(name, CLOCK)
    assert provider.name == name.lower()
    assert provider.status in {"live", "delayed"}


def test_yahoo_stands_in_for_ib_when_it_is_allowed_to() -> None:
    """Before the first answer the pair speaks for IB; without the permission IB is alone."""
    pair = create_provider("ib", CLOCK, fallback_to_yahoo=True)
    assert isinstance(pair, FallbackProvider)
    assert (pair.name, pair.loop_bound) == ("ib", True)
    assert not isinstance(create_provider("ib", CLOCK), FallbackProvider)


@pytest.mark.parametrize(
    ("name", "near"), [("simulate", "simulated"), ("yaho", "yahoo"), ("files", "file"), ("ibkr", "ib")]
)
def test_an_unknown_name_is_told_the_nearest(name: str, near: str) -> None:
    """A typing error is answered with the name that was probably meant."""
    with pytest.raises(ConfigError, match=f"did you mean {near!r}"):
        canonical_name(name)


def test_replay_needs_a_folder(tmp_path: Path) -> None:
    """Replay without a folder, or with one that is not there, is a mistake in the settings."""
    with pytest.raises(ConfigError, match="M8C_REPLAY_PATH"):
        create_provider("replay", CLOCK)
    with pytest.raises(ConfigError, match="does not exist"):
        create_provider("replay", CLOCK, replay_path=tmp_path / "nowhere")
