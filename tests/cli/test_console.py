"""The table of a played day: where it shows HIGH, it says what was measured of HIGH."""

from __future__ import annotations

from dataclasses import replace

import pytest

from magic8_companion.cli.console import DayProgress, DecisionTable
from magic8_companion.domain.codes import Confidence, Strategy, VerticalSide
from magic8_companion.domain.measured import NOTHING_MEASURED, Measured
from magic8_companion.domain.recommendation import CheckpointResult, Entry
from magic8_companion.domain.ticket import ModelledTrade, TicketLeg
from magic8_companion.domain.trading_day import new_york_label, require_session
from magic8_companion.engine.day import CheckpointOutcome
from tests.domain.measurements import MEASURED
from tests.publishing.recommendation_sets import checkpoint_result, scored, ticket


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


def _outcome(result: CheckpointResult) -> CheckpointOutcome:
    at = result.checkpoint_at
    return CheckpointOutcome(checkpoint_at=at, label=new_york_label(at), result=result)


def _show(*results: CheckpointResult) -> None:
    table = DecisionTable()
    for result in results:
        table.decided(_outcome(result))
    table.close()


@pytest.mark.parametrize(
    ("measured", "sentence"),
    [(NOTHING_MEASURED, "HIGH at a checkpoint: not measured"), (MEASURED, "HIGH calls won 59.6 % [53, 66]")],
)
def test_high_in_the_table_has_its_measurement(
    measured: Measured, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence below the table, however many labels there are; none where nothing is HIGH."""
    _show(*[_labelled(Confidence.HIGH, measured)] * 2)
    assert " ".join(capsys.readouterr().out.split()).count(sentence) == 1
    _show(_labelled(Confidence.MEDIUM, measured))
    assert sentence not in capsys.readouterr().out


def _row(entry: Entry, best: str, capsys: pytest.CaptureFixture[str]) -> str:
    result = checkpoint_result()
    symbol, item = next(iter(result.recommendations.items()))
    strategies = {name: replace(other, score=1.0) for name, other in item.strategies.items()}
    item = replace(item, strategies={**strategies, best: entry}, best_strategy=Strategy(best), best_strategy_key=best)
    _show(replace(result, recommendations={symbol: item}, skipped={}))
    return " ".join(capsys.readouterr().out.split())


def test_the_table_shows_the_trade_its_price_its_chances_and_its_largest_loss(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Strikes are in Magic8's order, the implied chance to win is in brackets."""
    entry = scored(80.0, Confidence.HIGH, ticket=ticket(), win_probability=0.704, implied_probability=0.66)
    said = _row(entry, "Iron_Condor", capsys)
    for part in ("TRADE HIGH", "5200/5210/5100/5090", "@2.10", "70% (66%)", "$790"):
        assert part in said


def test_without_a_chain_the_table_shows_what_the_model_would_have_traded(capsys: pytest.CaptureFixture[str]) -> None:
    """Side, structure, strikes and the modelled price of a vertical, which nobody quotes."""
    legs = tuple(
        TicketLeg(action=act, right="C", strike=at, quantity=1) for act, at in (("BUY", 5850.0), ("SELL", 5855.0))
    )
    modelled = ModelledTrade(legs=legs, price=-2.05, win_probability=0.4)
    spread = {"side": VerticalSide.BULL, "right": "C", "action": "BUY", "structure": "call debit vertical"}
    said = _row(scored(80.0, Confidence.HIGH, modelled=modelled, **spread), "Vertical", capsys)
    for part in ("bull call debit", "5850/5855", "@2.05 modelled", "40% (-)", "$205"):
        assert part in said


def test_the_table_says_why_not(capsys: pytest.CaptureFixture[str]) -> None:
    """A blocker of the chosen strategy stands in its row."""
    said = _row(scored(80.0, Confidence.HIGH, should_trade=False, blocked_by=("kill_switch",)), "Butterfly", capsys)
    assert "kill_switch" in said


def test_the_table_grows_row_by_row_in_columns_that_stay(capsys: pytest.CaptureFixture[str]) -> None:
    """Rows are there as soon as their checkpoint is decided, below heads that are printed once."""
    result = checkpoint_result()
    session = require_session(result.checkpoint_at.date())
    with DayProgress(session, "a day", DecisionTable()) as view:
        view.decided(_outcome(result))
        first = capsys.readouterr().out.splitlines()
        view.reached(result.checkpoint_at, "published")
        view.decided(CheckpointOutcome(checkpoint_at=result.checkpoint_at, label="14:45 ET", skipped="too late"))
        second = capsys.readouterr().out.splitlines()
    (heads,) = [line for line in first + second if line.startswith("time")]
    assert sum(line.startswith(new_york_label(result.checkpoint_at)) for line in first) == len(
        [*result.recommendations, *result.skipped]
    )
    (row,) = second
    assert row.startswith("14:45 ET")
    assert row.index("skipped") == heads.index("decision")
    assert row.index("too late") == heads.index("why not")


def test_a_model_that_does_not_answer_is_named_in_the_row(capsys: pytest.CaptureFixture[str]) -> None:
    """The reason of the model is next to the blockers; a model that is off or answers is not named."""
    result = checkpoint_result()
    symbol, item = next(iter(result.recommendations.items()))
    for status, shown in (("unavailable:stale_bars", True), ("ok", False), ("disabled", False)):
        one = {symbol: replace(item, ml_status=status)}
        _show(replace(result, recommendations=one, skipped={}))
        assert ("ML" in capsys.readouterr().out.partition("---")[2]) is shown
