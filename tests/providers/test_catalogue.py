"""Names of providers: what they give, and the sentence for what they cannot give."""

from __future__ import annotations

from pathlib import Path

import pytest

from magic8_companion.domain.errors import ConfigError
from magic8_companion.providers.catalogue import canonical_name, create_provider
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


@pytest.mark.parametrize("name", ["ib", "IB"])
def test_live_providers_say_that_they_are_still_to_come(name: str) -> None:
    """Asking for a feed that is not there gives one sentence and nothing in its place."""
    with pytest.raises(ConfigError) as caught:
        create_provider(name, CLOCK)
    assert caught.value.problems == (
        f"provider {name.lower()} comes with live data and is not available yet; use replay or simulated",
    )


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
