"""The check that stands between a torn model file and a reader that would end the process."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_ml.forecast.ubjson import is_whole_object


def test_a_stored_booster_is_whole(models: Path) -> None:
    """What XGBoost writes passes."""
    assert is_whole_object((models / "variance.ubj").read_bytes())


def test_no_prefix_of_a_booster_is_whole(models: Path) -> None:
    """However the file was cut, it does not pass."""
    content = (models / "variance.ubj").read_bytes()
    cuts = {*range(400), *range(400, len(content), 997), len(content) - 1}
    assert not any(is_whole_object(content[:cut]) for cut in cuts)


def test_what_follows_the_object_is_noticed(models: Path) -> None:
    """Bytes behind the end are not part of a model."""
    assert not is_whole_object((models / "variance.ubj").read_bytes() + b"N")


@given(st.binary(max_size=300))
def test_noise_never_raises(noise: bytes) -> None:
    """Any bytes get an answer."""
    assert is_whole_object(b"{" + noise) in {True, False}
    assert not is_whole_object(b"[" + noise)


@pytest.mark.parametrize(
    "content",
    [
        b"{}",
        b"{i\x01aT}",
        b"{#U\x01U\x01aZ",
        b"{$U#U\x01U\x01a\x07",
        b"{U\x01a[#U\x02SU\x01xC!}",
        b"{U\x01a[d\x00\x00\x00\x00]}",
    ],
)
def test_every_form_of_container_is_known(content: bytes) -> None:
    """Open, counted and typed containers, keyed or not."""
    assert is_whole_object(content)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"{$U}", b"{U\x01a[$", b"{i\xffa", b"{U\x01aX}", b"{" + b"U\x00[" * 500, b"{U\x01aTU\x01aF}"]
)
def test_strays_are_no_object(content: bytes) -> None:
    """Missing ends, unknown markers, negative lengths and bottomless nesting do not pass."""
    assert not is_whole_object(content)


@pytest.mark.parametrize("kind", [b"Z", b"N", b"T", b"F"])
def test_a_count_of_values_without_bytes_is_bounded(kind: bytes) -> None:
    """Four billion nulls in twenty bytes are refused at once."""
    assert not is_whole_object(b"{U\x01a[$" + kind + b"#L\x00\x00\x00\x01\x00\x00\x00\x00}")
    assert not is_whole_object(b"{$" + kind + b"#L\x7f\xff\xff\xff\xff\xff\xff\xff}")
