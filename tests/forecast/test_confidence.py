"""Confidence is a rank among past edges: every strategy is outstanding one time in five, and no edge ranks itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_ml.forecast.confidence import ReferenceEdges
from magic8_ml.forecast.labels import BUCKETS, ENTRY_BUCKETS

N_STRATEGIES = 3
SPY = ("SPY",)


def past(n_days: int, seed: int = 4, symbols: tuple[str, ...] = SPY) -> dict[str, np.ndarray]:
    """Draw edges of consecutive days at all entry times, a wider market at some hours than at others."""
    rng = np.random.default_rng(seed)
    shape = (len(symbols), n_days, len(ENTRY_BUCKETS))
    wide = 1 + ENTRY_BUCKETS / 5
    edges = rng.normal(size=(*shape, N_STRATEGIES)) * wide[:, None]
    symbol, day, entry = (grid.ravel() for grid in np.indices(shape))
    return {"edges": edges.reshape(-1, N_STRATEGIES), "symbol": symbol, "day": day, "bucket": ENTRY_BUCKETS[entry]}


def collect(drawn: dict[str, np.ndarray], symbols: tuple[str, ...] = SPY) -> ReferenceEdges:
    """Collect references."""
    return ReferenceEdges.collect(drawn["edges"], symbols, drawn["symbol"], drawn["day"], drawn["bucket"])


def test_on_a_stationary_series_every_strategy_is_high_one_time_in_five() -> None:
    """Edges of later days of the same market rank at 0.80 or above in 20 +- 3 %, at every hour of the day."""
    references, later = collect(past(252)), past(400, seed=5)
    ranks = references.ranks(later["edges"], "SPY", later["bucket"])
    for strategy in range(N_STRATEGIES):
        assert abs((ranks[:, strategy] >= 0.8).mean() - 0.2) < 0.03
    by_hour = [(ranks[later["bucket"] == bucket] >= 0.8).mean() for bucket in range(BUCKETS)]
    assert max(abs(share - 0.2) for share in by_hour) < 0.06


def test_on_a_stationary_series_the_answer_is_high_one_time_in_five() -> None:
    """The highest of three ranks is above 0.80 every second time; its own rank among past ones is so in 20 +- 3 %."""
    references, later = collect(past(252)), past(400, seed=5)
    ranks = references.ranks(later["edges"], "SPY", later["bucket"])
    assert (ranks.max(axis=1) >= 0.8).mean() > 0.45
    answers = references.rank_of_highest(ranks, "SPY", later["bucket"])
    assert abs((answers >= 0.8).mean() - 0.2) < 0.03
    by_hour = [(answers[later["bucket"] == bucket] >= 0.8).mean() for bucket in range(BUCKETS)]
    assert max(abs(share - 0.2) for share in by_hour) < 0.06


def test_the_rank_of_an_answer_agrees_with_counting() -> None:
    """Mid-rank of the highest rank among the highest ranks of the same rows; without any rank there is none."""
    drawn = past(70)
    references = collect(drawn)
    here = drawn["bucket"] == 4
    known = np.sort(references.ranks(drawn["edges"][here], "SPY", drawn["bucket"][here]).max(axis=1))
    ranks = np.array([[0.2, 0.9, np.nan], [np.nan, np.nan, np.nan]])
    found = references.rank_of_highest(ranks, "SPY", np.array([4, 4]))
    assert found[0] == pytest.approx(((known < 0.9).sum() + 0.5 * (known == 0.9).sum()) / len(known), abs=5e-5)
    assert np.isnan(found[1])


@given(st.floats(-4, 4), st.integers(0, BUCKETS - 1))
def test_ranks_agree_with_counting(edge: float, bucket: int) -> None:
    """Mid-rank: those below count one, equals one half."""
    references = collect(past(70))
    known = references.edges["SPY"][2][bucket]
    today = round(edge, 6)
    counted = ((known < today).sum() + 0.5 * (known == today).sum()) / len(known)
    row = np.full((1, N_STRATEGIES), edge)
    assert references.ranks(row, "SPY", np.array([bucket]))[0, 2] == pytest.approx(counted, abs=5e-5)


def test_only_the_last_252_sessions_are_references() -> None:
    """Older edges, however large, change nothing."""
    drawn = past(300)
    whole = collect(drawn)
    drawn["edges"][drawn["day"] < 300 - 252] = 1e6
    again = collect(drawn)
    assert all(np.array_equal(a, b) for a, b in zip(whole.edges["SPY"][0], again.edges["SPY"][0], strict=True))


@pytest.mark.parametrize(
    ("days", "symbols", "pool"),
    [
        ({"SPY": 60}, ("QQQ", "SPY"), "own"),
        ({"SPY": 40}, ("QQQ", "SPY"), "part of the day"),
        ({"SPY": 20}, ("QQQ", "SPX", "SPY"), "family"),
        ({"SPY": 20}, ("QQQ", "SPY"), "all"),
    ],
)
def test_a_young_symbol_is_ranked_in_a_wider_pool(days: dict[str, int], symbols: tuple[str, ...], pool: str) -> None:
    """Sixty sessions of its own, else its part of the day, its family, or all; the pool is told."""
    drawn = past(100, symbols=symbols)
    spy = symbols.index("SPY")
    keep = (drawn["symbol"] != spy) | (drawn["day"] >= 100 - days["SPY"])
    references = collect({name: values[keep] for name, values in drawn.items()}, symbols)
    assert references.pools["SPY"] == pool
    assert all(len(past_edges) for buckets in references.edges["SPY"] for past_edges in buckets)


def test_an_unknown_edge_has_no_rank() -> None:
    """NaN stays NaN: nothing is invented."""
    assert np.isnan(collect(past(60)).ranks(np.full((1, N_STRATEGIES), np.nan), "SPY", np.array([3]))).all()


def test_references_survive_the_file() -> None:
    """The plain form holds everything; a half hour without references is refused."""
    references, later = collect(past(60)), past(5, seed=6)
    plain = references.as_json()
    again = ReferenceEdges.from_json(plain)
    queries = (later["edges"], "SPY", later["bucket"])
    ranks = references.ranks(*queries)
    assert np.array_equal(again.ranks(*queries), ranks)
    answers = [found.rank_of_highest(ranks, "SPY", later["bucket"]) for found in (again, references)]
    assert np.array_equal(*answers)
    for part in (plain["edges"]["SPY"]["Butterfly"], plain["highest"]["SPY"]):
        kept, part[3] = part[3], []
        with pytest.raises(ValueError, match="no reference"):
            ReferenceEdges.from_json(plain)
        part[3] = kept
    del plain["highest"]["SPY"]
    with pytest.raises(ValueError, match="no reference"):
        ReferenceEdges.from_json(plain)
