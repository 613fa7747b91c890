"""Price, probabilities and rank of all candidates at once, after spread and fees.

Prices and expected payoffs are sparse matrix products (candidates x options).  Win probabilities follow from the result
at the sorted strikes: it is linear in between.  A payoff of one step, one hump or one dip has its worst outcomes in one
piece: CVaR is the worst window of 5 % of the settlements, and a window that ends at the top continues at the bottom.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from scipy.sparse import csr_array

from magic8_companion.domain.arrays import Floats, Integers, Mask
from magic8_companion.options.candidates import Candidates, Limits, StructureType, enumerate_candidates
from magic8_companion.options.chain_quotes import ChainQuotes
from magic8_companion.options.costs import Fill
from magic8_companion.options.distribution import Distribution, expected_put
from magic8_companion.options.odds import TAIL
from magic8_companion.options.payoff import sign_changes
from magic8_companion.options.products import Fees

_SPLITS: Final = 41  # windows that are divided between both tails
_WINDOWS: Final = 101  # windows in one piece
_SMALLEST: Final = 1e-12
_CENT: Final = 0.01
_LEVELS: Final = 2001


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CandidateEvaluation:
    """Columns over m candidates: costs in points per unit, everything else in dollars per unit or probabilities.

    ``cost`` and ``expected_value`` are keyed by fill scenario; the other results hold for the executed ``fill``, fees
    included.
    """

    candidates: Candidates
    fill: Fill
    cost: dict[Fill, Floats]
    expected_value: dict[Fill, Floats]
    fees: Floats
    max_profit: Floats
    max_loss: Floats
    win_probability: Floats
    cvar: Floats


class LimitCheck(NamedTuple):
    """One limit over all candidates: who passes, the checked value, and a sentence with a field for it."""

    passes: Mask
    value: Floats
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestMiss:
    """The failing candidate that breaks the fewest limits, and which."""

    index: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    """``order`` lists the passing candidates, best executable expected value first; ``pareto`` the undominated of them.

    Another candidate dominates one if it has at least its expected value, at most its CVaR and at least its win
    probability.  ``violations`` counts the broken limits of every candidate.
    """

    evaluation: CandidateEvaluation
    checks: tuple[LimitCheck, ...]
    violations: Integers
    order: Integers
    pareto: Integers

    def best(self, strategy: str | None = None) -> int | None:
        """Return the index of the best passing candidate, of one strategy or of all; None if none passes."""
        passing = self.order[self._belongs(strategy)[self.order]]
        return int(passing[0]) if passing.size else None

    def nearest_miss(self, strategy: str | None = None) -> NearestMiss | None:
        """Return the failing candidate that breaks the fewest limits, with its reasons; None if nothing was quoted."""
        value = self.evaluation.expected_value[self.evaluation.fill]
        failing = np.flatnonzero(self._belongs(strategy) & (self.violations > 0))
        if not failing.size:
            return None
        index = int(failing[np.lexsort((-value[failing], self.violations[failing]))[0]])
        broken = (check for check in self.checks if not check.passes[index])
        return NearestMiss(index=index, reasons=tuple(check.text.format(check.value[index]) for check in broken))

    def _belongs(self, strategy: str | None) -> Mask:
        kinds = [kind for kind in StructureType if strategy in {None, kind.strategy}]
        return np.isin(self.evaluation.candidates.kind, kinds)


def rank_candidates(
    quotes: ChainQuotes, distribution: Distribution, limits: Limits, fees: Fees, *, fill: Fill = Fill.NATURAL
) -> Ranking:
    """Enumerate, price and rank all structures of a chain.

    Parameters
    ----------
    distribution
        Of the settlement price.  Under the market's own one no candidate has a positive expected value after costs.
    fill
        The scenario whose expected value counts as executable.

    Raises
    ------
    DataUnavailable
        The fatal problem of the chain.
    """
    quotes.require_priceable()
    found = enumerate_candidates(quotes.strikes, quotes.forward, limits)
    found = _quoted(found, quotes, limits)
    evaluation = _evaluate(found, quotes, distribution, fees, fill)
    checks = _checks(evaluation, quotes, limits)
    violations = np.sum([~check.passes for check in checks], axis=0)
    order = np.flatnonzero(violations == 0)
    value, tail, win = evaluation.expected_value[fill][order], evaluation.cvar[order], evaluation.win_probability[order]
    order = order[np.lexsort((-win, tail, -value))]
    pareto = order[_pareto_front(evaluation, order)]
    return Ranking(evaluation=evaluation, checks=checks, violations=violations, order=order, pareto=pareto)


def _quoted(found: Candidates, quotes: ChainQuotes, limits: Limits) -> Candidates:
    # bought legs need a usable ask, sold legs a bid of at least the limit
    usable = np.concatenate([quotes.calls.usable, quotes.puts.usable])
    with np.errstate(invalid="ignore"):
        sellable = usable & (np.concatenate([quotes.calls.bid, quotes.puts.bid]) >= limits.min_short_bid)
    quantity = found.quantity
    good = np.where(quantity > 0, usable[found.option], sellable[found.option]) | (quantity == 0)
    kept = good.all(axis=1)
    return Candidates(
        kind=found.kind[kept],
        strike_index=found.strike_index[kept],
        option=found.option[kept],
        quantity=quantity[kept],
    )


def _evaluate(
    found: Candidates, quotes: ChainQuotes, distribution: Distribution, fees: Fees, fill: Fill
) -> CandidateEvaluation:
    strikes, multiplier = quotes.strikes, quotes.product.multiplier
    position, size = _matrix(found, found.quantity, strikes), _matrix(found, np.abs(found.quantity), strikes)
    mid, half_spread = _option_prices(quotes)
    value = np.concatenate([distribution.expected_call(strikes), expected_put(distribution, strikes)])
    mid_cost, mean_payoff = (position @ np.stack([mid, value], axis=1)).T
    spread, fee = (size @ np.stack([half_spread, fees.per_contract(mid)], axis=1)).T
    cost = {scenario: mid_cost + scenario.share * spread for scenario in Fill}
    net_cost = cost[fill] + fee / multiplier
    legs = found.leg_table(strikes)
    result = legs.payoff(legs.strikes) - net_cost[:, None]
    worst = (position @ _tail_values(strikes, value, distribution)).min(axis=1)
    long_volatility = np.isin(found.kind, [kind for kind in StructureType if kind.is_long_volatility])
    if long_volatility.any():
        inside = (position[long_volatility] @ _window_values(strikes, value, distribution)).min(axis=1)
        worst[long_volatility] = np.minimum(worst[long_volatility], inside)
    return CandidateEvaluation(
        candidates=found,
        fill=fill,
        cost=cost,
        expected_value={scenario: multiplier * (mean_payoff - cost[scenario]) - fee for scenario in Fill},
        fees=fee,
        max_profit=multiplier * result.max(axis=1),
        max_loss=-multiplier * result.min(axis=1),
        win_probability=_win_probability(found, strikes, result, distribution),
        cvar=multiplier * (net_cost - worst),
    )


def _matrix(found: Candidates, quantity: Floats, strikes: Floats) -> csr_array:
    # candidates x options; copied, because scipy sorts its arrays in index
    ends = np.arange(0, quantity.size + 1, 4)
    shape = (len(quantity), 2 * len(strikes))
    return csr_array((quantity.ravel(), found.option.ravel(), ends), shape=shape, copy=True)


def _option_prices(quotes: ChainQuotes) -> tuple[Floats, Floats]:
    bid = np.nan_to_num(np.concatenate([quotes.calls.bid, quotes.puts.bid]))
    ask = np.nan_to_num(np.concatenate([quotes.calls.ask, quotes.puts.ask]))
    return (bid + ask) / 2, (ask - bid) / 2


def _tail_values(strikes: Floats, value: Floats, distribution: Distribution) -> Floats:
    # mean value of every option over the worst outcomes, if a share of them lies in the lower tail, the rest above
    low = TAIL * np.linspace(0, 1, _SPLITS)
    above = value[:, None] - _value_below(strikes, value, 1 - TAIL + low, distribution)
    return (_value_below(strikes, value, low, distribution) + above) / TAIL


def _window_values(strikes: Floats, value: Floats, distribution: Distribution) -> Floats:
    # mean value of every option over the outcomes between two quantiles that lie 5 % apart; dense where levels are not
    low = (1 - TAIL) * (1 - np.cos(np.linspace(0, np.pi, _WINDOWS))) / 2
    below = _value_below(strikes, value, low, distribution)
    return np.asarray((_value_below(strikes, value, low + TAIL, distribution) - below) / TAIL)


def _value_below(strikes: Floats, value: Floats, share: Floats, distribution: Distribution) -> Floats:
    # E[option value; the lowest ``share`` of settlements] for every option of the chain, (2 n, shares)
    level = distribution.quantile(np.clip(share, _SMALLEST, 1 - _SMALLEST))
    below, further = distribution.cdf(level), distribution.expected_call(level)
    inside = level - strikes[:, None]
    calls, puts = np.split(value[:, None], 2)
    call = np.where(inside > 0, calls - further - inside * (1 - below), 0.0)
    put = np.where(inside < 0, further - distribution.mean + level - inside * below, puts)
    at_level = np.concatenate([np.maximum(inside, 0), np.maximum(-inside, 0)])
    return np.asarray(np.concatenate([call, put]) - at_level * (below - share))


def _win_probability(found: Candidates, strikes: Floats, result: Floats, distribution: Distribution) -> Floats:
    # beyond the strikes of a candidate its result is flat, so the sign changes between them decide
    breakeven, direction = sign_changes(strikes[found.strike_index], result)
    changes, wins = direction != 0, result > 0
    below = distribution.cdf(strikes)[found.strike_index]
    grid = np.linspace(strikes[0], strikes[-1], _LEVELS)
    at_breakeven = np.zeros_like(direction)
    at_breakeven[changes] = np.interp(breakeven[changes], grid, distribution.cdf(grid))
    start = np.where(wins[:, :-1], below[:, :-1], at_breakeven)
    end = np.where(wins[:, 1:], below[:, 1:], at_breakeven)
    between = np.where(wins[:, 1:] | wins[:, :-1], end - start, 0.0).sum(axis=1)
    return np.asarray(between + np.where(wins[:, 0], below[:, 0], 0.0) + np.where(wins[:, -1], 1 - below[:, -1], 0.0))


def _checks(evaluation: CandidateEvaluation, quotes: ChainQuotes, limits: Limits) -> tuple[LimitCheck, ...]:
    sold = np.isin(evaluation.candidates.kind, [kind for kind in StructureType if kind.is_credit])
    width = (evaluation.max_profit + evaluation.max_loss) / quotes.product.multiplier
    premium = evaluation.cost[evaluation.fill] / width
    crossing = (evaluation.cost[Fill.NATURAL] - evaluation.cost[Fill.MID]) / width
    value, loss, win = evaluation.expected_value[evaluation.fill], evaluation.max_loss, evaluation.win_probability
    at_risk = loss - evaluation.fees
    return (
        LimitCheck(value > 0, value, "expected value {:.2f} $ is not above 0"),
        LimitCheck(
            at_risk > _CENT, at_risk, "maximum loss {:.2f} $ before fees would be a free lunch: a quote is wrong"
        ),
        LimitCheck(loss <= limits.max_margin, loss, f"margin {{:.0f}} $ is above {limits.max_margin:.0f} $"),
        LimitCheck(
            ~sold | (-premium >= limits.min_credit_share),
            -100 * premium,
            f"credit {{:.1f}} % of the width is below {100 * limits.min_credit_share:.1f} %",
        ),
        LimitCheck(
            sold | (premium <= limits.max_debit_share),
            100 * premium,
            f"debit {{:.1f}} % of the width is above {100 * limits.max_debit_share:.1f} %",
        ),
        LimitCheck(
            crossing <= limits.max_spread_share,
            100 * crossing,
            f"the spread costs {{:.1f}} % of the width, above {100 * limits.max_spread_share:.1f} %",
        ),
        LimitCheck(
            win >= limits.min_win_probability,
            100 * win,
            f"win probability {{:.1f}} % is below {100 * limits.min_win_probability:.1f} %",
        ),
    )


def _pareto_front(evaluation: CandidateEvaluation, order: Integers) -> Mask:
    # ``order`` descends in expected value, so only earlier candidates can dominate: those with a smaller CVaR and a
    # higher win probability.  The best of them form a staircase that rises in both.
    tails, wins = evaluation.cvar[order].tolist(), evaluation.win_probability[order].tolist()
    stair_tails: list[float] = []
    stair_wins: list[float] = []
    kept = np.zeros(len(order), dtype=bool)
    for i, (tail, win) in enumerate(zip(tails, wins, strict=True)):
        index = bisect_right(stair_tails, tail)
        if index and stair_wins[index - 1] >= win:
            continue
        kept[i] = True
        end = bisect_right(stair_wins, win, lo=index)
        stair_tails[index:end], stair_wins[index:end] = [tail], [win]
    return kept
