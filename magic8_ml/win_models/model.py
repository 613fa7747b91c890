"""A fitted model of win probabilities: what is known of every node, and the way from a trade to its answer."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.bars import Floats
from magic8_ml.win_models.base_lines import Line, first_known
from magic8_ml.win_models.forest import Forest
from magic8_ml.win_models.levels import DEFAULT, LEVELS, STRATEGY, Path, nodes_of
from magic8_ml.win_models.pooling import Offset, never_seen
from magic8_ml.win_models.sample import Size
from magic8_ml.win_models.trees import Singles

_TWO_SIDED_95: Final = 1.959963984540054


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
    """What every node rests on: the base members in the order of their loss, kappa, and the spread of all trades."""

    lines: tuple[Line, ...]
    kappa: float
    spread: float


@dataclass(frozen=True, slots=True, kw_only=True)
class WinEstimate:
    """A win probability and what it rests on.

    ``low`` and ``high`` are the 95 % interval of the probability itself, clustered by day; ``level`` and ``key`` name
    the deepest level with enough trades, ``days`` and ``trades`` its sample; ``weights`` tell for each level below the
    root how much of its own offset counts, n / (n + kappa).  ``members`` are the parts of the log odds with their
    weights; ``refused`` says why deeper levels or better members do not answer.
    """

    probability: float
    low: float
    high: float
    level: str
    key: str
    days: int
    trades: int
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
    _routes: dict[Path, Route | NoEstimate] = field(default_factory=dict, repr=False)

    def estimate(
        self, paths: Sequence[Path], features: Singles, implied: Floats, forecast: Floats
    ) -> list[WinEstimate | NoEstimate]:
        """Estimate trades, each by itself: ``features`` (n, n_features) in the order of ``names``.

        ``implied`` and ``forecast`` (n,) may be NaN; the best base member that can speak without them does.
        """
        routes = [self.route(path) for path in paths]
        strategies = nodes_of(paths, np.arange(len(paths)), (STRATEGY,))[0]
        line, place = first_known(self.base.lines, implied, forecast, strategies)
        margin = line + self._tree_parts(routes, features)
        return [
            self._estimate(route, float(said), int(spoke))
            for route, said, spoke in zip(routes, margin, place, strict=True)
        ]

    def route(self, path: Path) -> Route | NoEstimate:
        """Return the way of a path; any thread may ask."""
        route = self._routes.get(path)
        if route is None:
            route = self._routes[path] = self._find_route(path)
        return route

    def _tree_parts(self, routes: Sequence[Route | NoEstimate], features: Singles) -> Floats:
        asked = [
            (row, booster, weight)
            for row, route in enumerate(routes)
            if isinstance(route, Route)
            for _, booster, weight in route.trees
        ]
        added = np.zeros(len(routes))
        if asked:
            rows = np.array([row for row, _, _ in asked])
            sums = self.forest.sums(features, rows, np.array([booster for _, booster, _ in asked]))
            np.add.at(added, rows, sums * np.array([weight for _, _, weight in asked]))
        return added

    def _estimate(self, route: Route | NoEstimate, margin: float, place: int) -> WinEstimate | NoEstimate:
        if isinstance(route, NoEstimate):
            return route
        if place < 0:
            return NoEstimate(reason="no_base", detail="neither the premium nor the forecast gives a probability")
        middle = margin + route.constant
        low, said, high = expit(np.array([middle - route.reach, middle, middle + route.reach])).tolist()
        better = tuple(f"{line.kind}: its inputs are missing" for line in self.base.lines[:place])
        return WinEstimate(
            probability=said,
            low=low,
            high=high,
            level=route.record.level,
            key=route.record.key,
            days=route.record.size.days,
            trades=route.record.size.trades,
            weights=route.weights,
            members={self.base.lines[place].kind: 1.0, **{name: weight for name, _, weight in route.trees}},
            refused=(*route.refused, *better),
        )

    def _find_route(self, path: Path) -> Route | NoEstimate:
        walk = _Walk(self)
        for level in LEVELS:
            if not walk.step(level, path.key(level)):
                break
        return walk.route()


class _Walk:
    # from the root down: an affine map of the line and the trees, grown level by level

    def __init__(self, model: WinModel) -> None:
        self._model = model
        self._trees: dict[str, float] = {}
        self._constant, self._variance = 0.0, 0.0
        self._weights: dict[str, float] = {}
        self._answers: Record | None = None
        self._refused: list[str] = []
        self._nothing: NoEstimate | None = None

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
            self._add(never_seen(model.base.spread), level)
            return True
        self._blend(record)
        self._add(record.offset, level)
        self._judge(record)
        return True

    def _stop(self, level: str, detail: str, reason: str) -> bool:
        # what lies below cannot rest on a node that is refused; its own uncertainty stays
        if level == DEFAULT or reason == "strategy_unseen":
            self._nothing = NoEstimate(reason=reason, detail=detail)
        self._variance += self._model.base.spread / self._model.base.kappa
        return False

    def _blend(self, record: Record) -> None:
        if record.ships:
            weight = record.offset.weight
            self._trees = {name: (1 - weight) * share for name, share in self._trees.items()}
            self._trees[record.name] = weight
            self._constant *= 1 - weight

    def _add(self, offset: Offset, level: str) -> None:
        self._constant += offset.value
        above = self._variance
        kappa = self._model.base.kappa
        root = level == DEFAULT
        self._variance = offset.spread / max(offset.days, 1) if root else offset.variance(above, kappa)
        if not root:
            self._weights[level] = offset.weight

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
            weights=self._weights,
            refused=tuple(self._refused),
        )
