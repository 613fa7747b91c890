"""A fitted model of win probabilities: what is known of every node, and the way from a trade to its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers, Singles
from magic8_ml.forecast.symbol_families import EVERYBODY, known_as
from magic8_ml.trades.base_models import Recalibration, first_known
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.levels import DEFAULT, LEVELS, STRATEGY, SYMBOL, TradeKey, nodes_of
from magic8_ml.trades.pooling import Offset, never_seen
from magic8_ml.trades.sample import Size

_TWO_SIDED_95: Final = 1.959963984540054
_CHUNK: Final = 4096
_KEPT_ROUTES: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What was learnt of one node; ``ships`` tells whether trees of its own are part of its answers.

    ``evidence`` is why: daily loss with and without them, and what became of the comparison.
    """

    level: str
    key: str
    size: Size
    offset: Offset
    ships: bool
    evidence: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return level and key as one name.

        >>> Record.name_of("symbol_strategy", "SPX_Sonar")
        'symbol_strategy-SPX_Sonar'
        """
        return self.name_of(self.level, self.key)

    @staticmethod
    def name_of(level: str, key: str) -> str:
        """Return the name of a node: that of its files, too."""
        return f"{level}-{key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What every node rests on: the base members in the order of their loss, kappa, and the spread of all trades.

    ``shares`` of reward and risk say what an answer is worth.
    """

    lines: tuple[Recalibration, ...]
    kappa: float
    spread: float
    shares: RealisedFractions


@dataclass(frozen=True, slots=True, kw_only=True)
class WinEstimate:
    """A win probability and what it rests on.

    ``low`` and ``high`` are the 95 % interval of the probability itself, clustered by day; ``level`` and ``key`` name
    the deepest level with enough trades, ``days`` and ``trades`` its sample.  ``sessions`` are the days behind each
    level, ``weights`` how much of the own offset of each level below the root counts: n / (n + kappa), or 0 where the
    offsets of the level saved nothing out of sample: then it says what the level above says.  ``members`` are the
    parts of the log odds with their weights; ``refused`` says why deeper levels or better members do not answer.
    """

    probability: float
    low: float
    high: float
    level: str
    key: str
    days: int
    trades: int
    sessions: Mapping[str, int]
    weights: Mapping[str, float]
    members: Mapping[str, float]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NoEstimate:
    """Why there is no probability: ``reason`` is a code, ``detail`` a sentence."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The way of all trades of one path: log odds = line + ``constant`` + sum of ``weight`` x trees of ``booster``."""

    record: Record
    constant: float
    reach: float
    trees: tuple[tuple[str, int, float], ...]
    sessions: Mapping[str, int]
    weights: Mapping[str, float]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WinModel:
    """Everything an answer needs besides the trade.

    ``boosters`` names the trees in the order of ``forest``; ``refused`` maps nodes that cannot be believed to the
    reason, ``damaged`` also those that others carry a copy of; ``digest`` identifies the model.
    """

    names: tuple[str, ...]
    base: Base
    records: Mapping[str, Record]
    boosters: tuple[str, ...]
    forest: Forest
    refused: Mapping[str, str]
    damaged: Mapping[str, str]
    digest: str
    _routes: dict[TradeKey, Route | NoEstimate] = field(default_factory=dict, repr=False)

    def estimate(
        self, paths: Sequence[TradeKey], features: Singles, implied: Floats, forecast: Floats
    ) -> list[WinEstimate | NoEstimate]:
        """Estimate trades, each by itself: ``features`` (n, n_features) in the order of ``names``.

        ``implied`` and ``forecast`` (n,) may be NaN; the best base member that can speak without them does.
        """
        unique = tuple(dict.fromkeys(paths))
        places = {path: place for place, path in enumerate(unique)}
        path = np.array([places[path] for path in paths], dtype=np.int64)
        margin, spoke = self.margins(unique, path, features, implied, forecast)
        routes = [self.route(item) for item in unique]
        answers = zip(path.tolist(), margin.tolist(), spoke.tolist(), strict=True)
        return [self._estimate(routes[place], said, line) for place, said, line in answers]

    def margins(
        self, paths: Sequence[TradeKey], path: Integers, features: Singles, implied: Floats, forecast: Floats
    ) -> tuple[Floats, Integers]:
        """Return log odds (n,), NaN where there is no estimate, and the place of the base member that spoke.

        ``path`` (n,) indexes ``paths``.  A row does not depend on its neighbours, to the bit.
        """
        strategies = nodes_of(paths, path, (STRATEGY,))[0]
        margin, spoke = first_known(self.base.lines, implied, forecast, strategies)
        routes = [self.route(item) for item in paths]
        constants = [route.constant if isinstance(route, Route) else np.nan for route in routes]
        margin += np.array(constants)[path]
        for start in range(0, len(path), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(path)))
            self._add_trees(margin, rows, path, features, _ranks(routes))
        return margin, spoke

    def _add_trees(
        self,
        margin: Floats,
        rows: Integers,
        path: Integers,
        features: Singles,
        ranks: Sequence[tuple[Integers, Floats]],
    ) -> None:
        # one walk for the trees of all ranks; they are added rank by rank, so a row's sum has one order
        lanes = [rows[booster[path[rows]] >= 0] for booster, _ in ranks]
        if not lanes:
            return
        boosters = [booster[path[some]] for (booster, _), some in zip(ranks, lanes, strict=True)]
        sums = self.forest.sums(features, np.concatenate(lanes), np.concatenate(boosters))
        for (_, weight), some in zip(ranks, lanes, strict=True):
            margin[some] += weight[path[some]] * sums[: len(some)]
            sums = sums[len(some) :]

    def route(self, path: TradeKey) -> Route | NoEstimate:
        """Return the way of a path; any thread may ask."""
        route = self._routes.get(path)
        if route is None:
            route = self._find_route(path)
            if len(self._routes) < _KEPT_ROUTES:
                self._routes[path] = route
        return route

    def _estimate(self, route: Route | NoEstimate, margin: float, place: int) -> WinEstimate | NoEstimate:
        if isinstance(route, NoEstimate):
            return route
        if place < 0:
            return NoEstimate(reason="no_base", detail="neither the premium nor the forecast gives a probability")
        low, said, high = expit(np.array([margin - route.reach, margin, margin + route.reach])).tolist()
        better = tuple(f"{line.kind}: its inputs are missing" for line in self.base.lines[:place])
        return WinEstimate(
            probability=said,
            low=low,
            high=high,
            level=route.record.level,
            key=route.record.key,
            days=route.record.size.days,
            trades=route.record.size.trades,
            sessions=route.sessions,
            weights=route.weights,
            members={self.base.lines[place].kind: 1.0, **{name: weight for name, _, weight in route.trees}},
            refused=(*route.refused, *better),
        )

    def _find_route(self, path: TradeKey) -> Route | NoEstimate:
        walk = _Walk(self)
        stand_in = self._stand_in(path.symbol)
        if stand_in != path.symbol:
            walk.note(f"symbol {path.symbol}: no trade of it was learnt, {stand_in} stands for it")
        mine = replace(path, symbol=stand_in)
        for level in LEVELS:
            if not walk.step(level, mine.key(level)):
                break
        return walk.route()

    def _stand_in(self, symbol: str) -> str:
        # symbols of one asset win and lose together
        known = {
            name.removeprefix(f"{SYMBOL}-") for name in (*self.records, *self.refused) if name.startswith(f"{SYMBOL}-")
        }
        other = known_as(symbol, known)
        return symbol if other == EVERYBODY else other


def _ranks(routes: Sequence[Route | NoEstimate]) -> list[tuple[Integers, Floats]]:
    # the first trees of every path, then the second: booster, -1 for none, and weight per path
    trees = [route.trees if isinstance(route, Route) else () for route in routes]
    answer = []
    for rank in range(max(map(len, trees), default=0)):
        mine = [own[rank][1:] if rank < len(own) else (-1, 0.0) for own in trees]
        answer.append((np.array([booster for booster, _ in mine]), np.array([weight for _, weight in mine])))
    return answer


_Ranks = Sequence[tuple[Integers, Floats]]


class _Walk:
    # from the root down: an affine map of the line and the trees, grown level by level

    def __init__(self, model: WinModel) -> None:
        self._model = model
        self._trees: dict[str, float] = {}
        self._constant, self._variance = 0.0, 0.0
        self._sessions: dict[str, int] = {}
        self._weights: dict[str, float] = {}
        self._answers: Record | None = None
        self._refused: list[str] = []
        self._nothing: NoEstimate | None = None

    def note(self, sentence: str) -> None:
        self._refused.append(sentence)

    def step(self, level: str, key: str) -> bool:
        name = Record.name_of(level, key)
        model = self._model
        if (why := model.refused.get(name)) is not None:
            self._refused.append(f"{level} {key}: {why}")
            return self._stop(level, f"{level} {key}: {why}", "model_unavailable")
        record = model.records.get(name)
        if record is None:
            self._refused.append(f"{level} {key}: no trade of it was learnt")
            if level == STRATEGY:
                return self._stop(level, f"no trade of a {key} was learnt", "strategy_unseen")
            self._sessions[level] = 0
            self._add(never_seen(self._widest(level)), level)
            return True
        self._sessions[level] = record.size.days
        self._blend(record)
        self._add(record.offset, level)
        self._judge(record)
        return True

    def _stop(self, level: str, detail: str, reason: str) -> bool:
        # what lies below cannot rest on a node that is refused; its own uncertainty stays
        if level == DEFAULT or reason == "strategy_unseen":
            self._nothing = NoEstimate(reason=reason, detail=detail)
        self._variance += self._widest(level) / self._model.base.kappa
        return False

    def _widest(self, level: str) -> float:
        # of a node without a record no spread is known: it may be as wide as any of its level
        spreads = [record.offset.spread for record in self._model.records.values() if record.level == level]
        return max(spreads, default=self._model.base.spread)

    def _blend(self, record: Record) -> None:
        if record.ships:
            weight = record.offset.weight
            self._trees = {name: (1 - weight) * share for name, share in self._trees.items()}
            self._trees[record.name] = weight
            self._constant *= 1 - weight

    def _add(self, offset: Offset, level: str) -> None:
        self._constant += offset.added
        above = self._variance
        kappa = self._model.base.kappa
        root = level == DEFAULT
        self._variance = offset.spread / max(offset.days, 1) if root else offset.variance(above, kappa)
        if not root:
            self._weights[level] = offset.weight if offset.counts else 0.0

    def _judge(self, record: Record) -> None:
        shortage = record.size.shortage
        if shortage is None or self._answers is None:
            self._answers = record
        else:
            self._refused.append(f"{record.level} {record.key}: {shortage}")

    def route(self) -> Route | NoEstimate:
        if self._nothing is not None or self._answers is None:
            return self._nothing or NoEstimate(reason="model_unavailable", detail="the model has no level")
        places = self._model.boosters
        return Route(
            record=self._answers,
            constant=self._constant,
            reach=_TWO_SIDED_95 * math.sqrt(self._variance),
            trees=tuple((name, places.index(name), share) for name, share in self._trees.items()),
            sessions=self._sessions,
            weights=self._weights,
            refused=tuple(self._refused),
        )
