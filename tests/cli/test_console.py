"""The table of a played day: where it shows HIGH, it says what was measured of HIGH."""

from __future__ import annotations

from dataclasses import replace

import pytest

from magic8_companion.cli.console import print_decisions
from magic8_companion.domain.codes import Confidence
from magic8_companion.domain.measured import NOTHING_MEASURED, Measured
from magic8_companion.domain.recommendation import CheckpointResult
from tests.domain.measurements import MEASURED
from tests.publishing.recommendation_sets import checkpoint_result


def _labelled(label: Confidence, measured: Measured) -> CheckpointResult:
    result = checkpoint_result()
    records = {
        symbol: replace(
            item,
            strategies={
                name: replace(entry, confidence=label, should_trade=False) for name, entry in item.strategies.items()
            },
            measured=measured,
        )
        for symbol, item in result.recommendations.items()
    }
    return replace(result, recommendations=records)


@pytest.mark.parametrize(
    ("measured", "sentence"),
    [(NOTHING_MEASURED, "HIGH at a checkpoint: not measured"), (MEASURED, "HIGH calls won 59.6 % [53, 66]")],
)
def test_high_in_the_table_has_its_measurement(
    measured: Measured, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence below the table, however many labels there are; none where nothing is HIGH."""
    print_decisions([_labelled(Confidence.HIGH, measured)] * 2, {})
    assert capsys.readouterr().out.count(sentence) == 1
    print_decisions([_labelled(Confidence.MEDIUM, measured)], {})
    assert sentence not in capsys.readouterr().out
