"""From a chain to tickets in the published entries: what is said, what blocks, and that no failure skips a symbol."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import orjson
import pytest

from magic8_companion.domain.codes import DataStatus, Direction
from magic8_companion.domain.market_state import MarketState
from magic8_companion.domain.ml_result import MLResult, Prediction, RemainingMove, Unavailable
from magic8_companion.domain.option_chain import OptionChain
from magic8_companion.domain.recommendation import CheckpointResult, SymbolRecommendation
from magic8_companion.domain.scores import ScoreCard
from magic8_companion.domain.strategy import BASE_STRATEGIES
from magic8_companion.domain.structure import VerticalSpread, vertical_of
from magic8_companion.engine.config import TicketConfig
from magic8_companion.engine.decide import decide
from magic8_companion.engine.merge import PublishContext, merge
from magic8_companion.engine.ticket_search import limits_of, search_tickets
from magic8_companion.options.chain_quotes import clean_chain
from magic8_companion.options.smile import fit_smile
from magic8_companion.publishing.documents import recommendations_document
from magic8_companion.publishing.schema import validate
from tests.engine.fakes import FULL_DAY, card_of, options, view_of
from tests.engine.test_decide import prediction
from tests.engine.test_decide import state as bare_state
from tests.options.chains import simulated_chain

SPREADS = tuple(VerticalSpread(right=right, action=action) for right in "CP" for action in ("BUY", "SELL"))
NOON = FULL_DAY.open_at.replace(hour=16, minute=0)
GOLDEN = Path(__file__).parent / "recommendations_with_tickets.json"
CHAIN = simulated_chain(at=NOON)
DEVIATION = fit_smile(clean_chain(CHAIN)).atm_total_vol


def state_of(chain: OptionChain | None = CHAIN) -> MarketState:
    """Return a state of SPX at noon; its bars stand far below the price, so the day is bullish."""
    return replace(bare_state(), as_of=NOON, spot=CHAIN.spot, chain=chain)


def model(share: float = 0.75, *, direction: str = "neutral") -> Prediction:
    """Return an answer whose remaining move is a share of what the options say."""
    residuals = np.random.default_rng(8).standard_normal(4000)
    move = RemainingMove(scale=share * DEVIATION, residuals=tuple(residuals.tolist()))
    return prediction(move=move, direction=direction)


def record_of(state: MarketState, ml: MLResult | None = None) -> SymbolRecommendation:
    """Return the record as the checkpoint makes it."""
    card: ScoreCard = replace(card_of("SPX"), ml=ml)
    if ml is not None and not isinstance(ml, Unavailable):
        zeros = dict.fromkeys(BASE_STRATEGIES, 0.0)
        card = replace(card, ml_scores=zeros, agreement=dict.fromkeys(zeros, "mixed"))
    until = NOON.replace(minute=35)
    return decide(card, view_of(state), until, options(symbols=("SPX",)), search_tickets(view_of(state), ml))


def document_of(record: SymbolRecommendation) -> dict:
    """Return the published document that holds the record."""
    settings = options(symbols=("SPX",))
    result = CheckpointResult(
        checkpoint_at=NOON,
        system_mode="standard",
        data_source="fake",
        data_status=DataStatus.LIVE,
        recommendations={"SPX": record},
    )
    context = PublishContext(now=NOON.replace(second=5), data_source="fake", data_status=DataStatus.LIVE)
    return recommendations_document(merge(result, None, context, settings), 7)


def test_without_a_model_every_strategy_has_a_ticket_and_the_markets_probability() -> None:
    """Nothing is said of the expected value, nothing is blocked, and the evidence holds the order line."""
    record = record_of(state_of())
    for name in BASE_STRATEGIES:
        entry = record.strategies[name]
        assert entry.ticket is not None
        assert entry.implied_probability is not None
        assert 0.3 < entry.implied_probability < 0.95
        assert (entry.win_probability, entry.expected_value, entry.blocked_by) == (None, None, ())
        assert entry.evidence is not None
        assert entry.evidence[-1].factor == "ticket"
        assert str(entry.evidence[-1].value).endswith("LMT")
        assert entry.evidence[-1].points == 0.0


def test_a_calm_model_ranks_and_says_what_is_earned() -> None:
    """The executable expected value is positive and published, with both probabilities."""
    record = record_of(state_of(), model(0.75))
    for name in BASE_STRATEGIES:
        entry = record.strategies[name]
        assert entry.ticket is not None
        assert entry.expected_value is not None
        assert entry.expected_value > 0
        assert entry.win_probability is not None
        assert entry.win_probability >= 0.2
        assert "no_net_edge" not in entry.blocked_by
        assert entry.evidence is not None
        assert "natural" in entry.evidence[-1].why
    assert record.best_strategy == "Iron_Condor"


def test_a_model_that_agrees_with_the_market_finds_no_net_edge() -> None:
    """The HIGH entry loses its tradability, and the rationale names the nearest miss."""
    record = record_of(state_of(), model(1.0))
    condor = record.strategies["Iron_Condor"]
    assert (condor.confidence, condor.should_trade, condor.blocked_by) == ("HIGH", False, ("no_net_edge",))
    assert condor.ticket is None
    assert "none passes; nearest is" in condor.rationale
    assert record.best_strategy == "No_Trade"
    assert "no_net_edge" in record.strategies["No_Trade"].rationale


def test_no_number_stands_beside_a_missing_ticket() -> None:
    """The model's own probabilities belong to a structure at a modelled price, which nobody quotes here."""
    ml = replace(model(1.0), win_probability={"Iron_Condor": 0.7}, implied_probability={"Iron_Condor": 0.6})
    entry = record_of(state_of(), ml).strategies["Iron_Condor"]
    assert entry.ticket is None
    assert (entry.win_probability, entry.implied_probability, entry.expected_value) == (None, None, None)
    unseen = record_of(state_of(None), ml).strategies["Iron_Condor"]
    assert (unseen.win_probability, unseen.implied_probability) == (0.7, 0.6)


def test_without_quotes_to_execute_nothing_is_said_about_an_edge() -> None:
    """Sides without any bid leave no candidate: no ticket, a reason, no blocker."""
    rows = tuple(replace(row, call_bid=None, put_bid=None) for row in CHAIN.rows)
    record = record_of(state_of(replace(CHAIN, rows=rows)), model(0.75))
    for name in BASE_STRATEGIES:
        entry = record.strategies[name]
        assert (entry.ticket, entry.blocked_by) == (None, ())
        assert "No ticket: no_quotes" in entry.rationale


def spoilt(**factors: float) -> OptionChain:
    """Return the chain with some columns multiplied."""
    rows = (
        replace(row, **{name: (getattr(row, name) or 0.0) * factor for name, factor in factors.items()})
        for row in CHAIN.rows
    )
    return replace(CHAIN, rows=tuple(rows))


@pytest.mark.parametrize(
    ("chain", "reason"),
    [
        (spoilt(call_ask=0.5, put_ask=0.5), "quotes_contradict"),
        (spoilt(put_bid=0.1, put_ask=0.1), "quotes_off_parity"),
        (replace(CHAIN, spot=600.0), "spot_outside_strikes"),
    ],
)
def test_absurd_quotes_block_what_cannot_be_priced_on_them(chain: OptionChain, reason: str) -> None:
    """Every strategy has the reason, whatever its score; quotes that are merely missing block nothing."""
    for ml in (None, model(0.75)):
        record = record_of(state_of(chain), ml)
        assert {record.strategies[name].blocked_by for name in BASE_STRATEGIES} == {(reason,)}
        assert record.best_strategy == "No_Trade"


def test_absurd_puts_block_the_strategies_that_need_them() -> None:
    """With crossed puts no condor can be priced; a butterfly of calls can."""
    rows = tuple(
        row if row.strike > CHAIN.spot else replace(row, put_bid=(row.put_ask or 0.0) * 2) for row in CHAIN.rows
    )
    record = record_of(state_of(replace(CHAIN, rows=rows)))
    assert all(record.strategies[name].blocked_by in {(), ("quotes_contradict",)} for name in BASE_STRATEGIES)
    assert record.strategies["Iron_Condor"].blocked_by == ("quotes_contradict",)


def test_a_chain_that_contradicts_itself_blocks_without_being_read() -> None:
    """Strikes out of order are no chain; one that could not be had leaves the scores alone."""
    for why, blocked_by in (("bad_chain", ("bad_chain",)), ("timeout", ())):
        state = replace(state_of(None), missing={"chain": why})
        assert record_of(state).strategies["Iron_Condor"].blocked_by == blocked_by


def test_an_unavailable_model_is_no_model() -> None:
    """The market's odds alone."""
    entry = record_of(state_of(), Unavailable(reason="no_model")).strategies["Vertical"]
    assert entry.ticket is not None
    assert entry.expected_value is None


@pytest.mark.parametrize(
    ("direction", "lower_leg"), [("bullish", {("C", "BUY"), ("P", "BUY")}), ("bearish", {("C", "SELL"), ("P", "SELL")})]
)
def test_a_vertical_goes_with_the_direction(direction: str, lower_leg: set[tuple[str, str]]) -> None:
    """Bullish verticals own the lower strike, bearish ones the higher."""
    for ml in (model(0.75, direction=direction), replace(prediction(), direction=direction)):
        ticket = record_of(state_of(), ml).strategies["Vertical"].ticket
        assert ticket is not None
        lowest = min(ticket.legs, key=lambda leg: leg.strike)
        assert (lowest.right, lowest.action) in lower_leg


def test_without_a_direction_of_the_model_the_day_decides() -> None:
    """The price stands above its open: bullish."""
    ticket = record_of(state_of()).strategies["Vertical"].ticket
    assert ticket is not None
    assert min(ticket.legs, key=lambda leg: leg.strike).action == "BUY"


@pytest.mark.parametrize("spread", SPREADS)
def test_the_vertical_that_the_model_means_outweighs_its_direction(spread: VerticalSpread) -> None:
    """Ticket, side and search follow the structure whose score is blended, whatever class is the likeliest."""
    for ml in (model(0.75), prediction()):
        for direction in ("bearish", "neutral", "bullish"):
            entry = record_of(state_of(), replace(ml, vertical=spread, direction=direction)).strategies["Vertical"]
            assert entry.ticket is not None
            assert entry.side == spread.side
            found = vertical_of(entry.ticket.legs)
            assert found is not None
            assert (found.side, found.right, found.action) == (entry.side, entry.right, entry.action)
            assert entry.structure == found.structure


def test_without_a_ticket_the_odds_name_the_vertical_they_are_about() -> None:
    """No chain: probability, side, right and action are those of the model's own vertical."""
    spread = VerticalSpread(right="C", action="SELL")
    ml = replace(prediction(), direction=Direction.BULLISH, vertical=spread, win_probability={"Vertical": 0.81})
    entry = record_of(state_of(None), ml).strategies["Vertical"]
    assert (entry.side, entry.right, entry.action) == ("bear", "C", "SELL")
    assert (entry.structure, entry.win_probability, entry.direction) == ("call credit vertical", 0.81, None)


@pytest.mark.parametrize(("change", "side"), [(0.01, "bull"), (-0.01, "bear")])
def test_rules_alone_give_a_vertical_the_side_of_the_day(change: float, side: str) -> None:
    """Without chain and model the right is open; a day above its open is bull."""
    state = state_of(None)
    entry = record_of(replace(state, spot=float(state.bars.open[0]) * (1 + change))).strategies["Vertical"]
    assert (entry.side, entry.right, entry.action, entry.structure) == (side, None, None, f"{side} vertical")


def test_every_ticket_has_its_structure_in_words() -> None:
    """The words belong to the strategy; a trade without side has none."""
    for ml in (None, model(0.75)):
        for name, entry in record_of(state_of(), ml).strategies.items():
            assert entry.structure is not None
            assert entry.structure.endswith(name.rpartition("_")[2].lower())
            assert (entry.side is None) == (name != "Vertical")


def test_without_a_chain_there_are_no_tickets() -> None:
    """The entries look as they always did."""
    assert search_tickets(view_of(state_of(None)), None) == {}
    assert record_of(state_of(None)).strategies["Vertical"].rationale == "Vertical by decree"


def test_a_chain_that_was_refused_leaves_its_reason_and_the_odds_of_the_model() -> None:
    """The entry says why there is no ticket; no evidence is invented, and what the model knows without quotes stays."""
    state = replace(state_of(None), missing={"chain": "no_0dte_chain"})
    ml = replace(model(), win_probability={"Butterfly": 0.7}, implied_probability={"Butterfly": 0.6})
    entry = record_of(state, ml).strategies["Butterfly"]
    assert entry.rationale.endswith("No ticket: no chain: no_0dte_chain.")
    assert (entry.win_probability, entry.implied_probability) == (0.7, 0.6)
    assert all(item.factor != "ticket" for item in entry.evidence or ())


def test_no_ticket_bets_against_the_score_it_stands_under() -> None:
    """A score of Butterfly or Iron_Condor speaks for a calm close: sold butterflies and bought condors are left out."""
    assert not any(kind.is_long_volatility for kind in limits_of(6800.0, 20.0, None).kinds)
    wild = record_of(state_of(), model(1.8)).strategies
    assert wild["Butterfly"].blocked_by == wild["Iron_Condor"].blocked_by == ("no_net_edge",)


def test_limits_grow_with_the_price_and_with_a_wild_day() -> None:
    """0.6 % of the price, or one standard deviation when that is more."""
    assert limits_of(600.0, 2.0, None).max_width == pytest.approx(3.6)
    assert limits_of(600.0, 12.0, None).max_width == pytest.approx(12.0)
    assert limits_of(24_000.0, 80.0, None).max_margin == pytest.approx(14_400.0)


def test_the_operator_bounds_what_a_ticket_costs_and_risks() -> None:
    """Narrower wings, less margin, more credit and a dearer broker all show in the tickets."""
    strict = TicketConfig(max_width_pct=0.1, max_margin=900.0, min_credit_pct=20.0, commission=2.0)
    found = search_tickets(view_of(state_of()), model(0.75), strict)
    for ticket_result in found.values():
        assert ticket_result.ticket is not None
        levels = sorted({leg.strike for leg in ticket_result.ticket.legs})
        assert levels[1] - levels[0] <= DEVIATION * CHAIN.spot < 0.006 * CHAIN.spot
        assert ticket_result.ticket.max_loss <= 900
    usual = search_tickets(view_of(state_of()), model(0.75))
    assert all(found[name].ticket != usual[name].ticket for name in BASE_STRATEGIES)
    condor = found["Iron_Condor"].evidence
    assert condor is not None
    assert "fees 9." in condor.why


def test_a_broken_model_never_costs_the_symbol() -> None:
    """Too few residuals are a refusal of the option maths, and a reason in the entry."""
    ml = prediction(move=RemainingMove(scale=0.01, residuals=(0.0,)))
    entry = record_of(state_of(), ml).strategies["Butterfly"]
    assert entry.ticket is None
    assert "bad_distribution" in entry.rationale


def test_even_an_unforeseen_failure_is_only_a_reason() -> None:
    """A chain of a kind that nobody foresaw: the exception's name is published, the scores stand."""
    odd = replace(CHAIN)
    object.__setattr__(odd, "rows", None)
    entry = record_of(state_of(odd)).strategies["Iron_Condor"]
    assert (entry.score, entry.should_trade, entry.ticket) == (74.9, True, None)
    assert "exception:TypeError" in entry.rationale


def test_the_published_document_is_the_golden_one_and_obeys_the_schema() -> None:
    """A whole document with tickets, to the byte; set WRITE_GOLDEN=1 to accept a change on purpose."""
    document = document_of(record_of(state_of(), model(0.75)))
    validate(document, "recommendations")
    text = orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if os.environ.get("WRITE_GOLDEN"):
        GOLDEN.write_bytes(text)
    assert orjson.loads(text) == orjson.loads(GOLDEN.read_bytes())
