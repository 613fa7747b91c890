"""The fitted model of win probabilities: parameters of every group, and the estimate of a trade."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

import numpy as np
from scipy.special import expit

from magic8_companion.domain.arrays import Floats, Integers, Singles
from magic8_ml.forecast.symbol_families import ALL_SYMBOLS, match_symbol
from magic8_ml.trades.base_models import Recalibration, first_known
from magic8_ml.trades.expected_value import RealisedFractions
from magic8_ml.trades.forest import Forest
from magic8_ml.trades.levels import DEFAULT, LEVELS, STRATEGY, SYMBOL, TradeKey, level_groups
from magic8_ml.trades.pooling import Offset, unseen_offset
from magic8_ml.trades.sample import SampleSize

_TWO_SIDED_95: Final = 1.959963984540054
_CHUNK: Final = 4096
_MAX_CACHED_KEYS: Final = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupParameters:
    """Fitted parameters of one group; ``uses_trees``: whether the group uses trees of its own.

    ``evidence``: daily losses with and without these trees.
    """

    level: str
    key: str
    size: SampleSize
    offset: Offset
    uses_trees: bool
    evidence: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Return the unique name, built from level and key.

        >>> GroupParameters.name_of("symbol_strategy", "SPX_Sonar")
        'symbol_strategy-SPX_Sonar'
        """
        return self.name_of(self.level, self.key)

    @staticmethod
    def name_of(level: str, key: str) -> str:
        """Return the name of a group, which is also that of its files."""
        return f"{level}-{key}"

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON values for :meth:`from_json`, under the keys of the file format."""
        offset = self.offset
        return {
            "level": self.level,
            "key": self.key,
            "size": asdict(self.size),
            "offset": {
                "value": offset.value,
                "weight": offset.weight,
                "spread": offset.variance_per_day,
                "days": offset.days,
                "trades": offset.trades,
                "counts": offset.is_used,
            },
            "ships": self.uses_trees,
            "evidence": dict(self.evidence),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GroupParameters:
        """Read plain JSON values; raise KeyError, TypeError or ValueError for other content."""
        offset = dict(data["offset"])
        variance_per_day, is_used = offset.pop("spread"), offset.pop("counts")
        return cls(
            level=str(data["level"]),
            key=str(data["key"]),
            size=SampleSize(**data["size"]),
            offset=Offset(**offset, variance_per_day=variance_per_day, is_used=is_used),
            uses_trees=bool(data["ships"]),
            evidence=dict(data["evidence"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedParameters:
    """Parameters shared by all groups: base models by rising loss, prior strength, and the variance of all trades.

    ``realised_fractions`` of reward and risk turn a probability into an expected value.
    """

    base_models: tuple[Recalibration, ...]
    prior_days: float
    variance_per_day: float
    realised_fractions: RealisedFractions


@dataclass(frozen=True, slots=True, kw_only=True)
class WinEstimate:
    """A win probability with its basis.

    ``low`` and ``high``: 95 % confidence interval of the probability, clustered by day.  ``level`` and ``key``: the
    deepest group with enough trades; ``days`` and ``trades``: its sample size.  ``sessions``: number of days of each
    level.  ``weights``: shrinkage weight of each level below the root, 0 if the level's offsets are not used.
    ``members``: components of the log odds and their weights.  ``refused``: why deeper levels or better base models are
    not used.
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
    """Why there is no probability: a ``reason`` code and a ``detail`` sentence."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LogitTerms:
    """Log odds of all trades of one key: base logit + ``constant`` + sum of weight x trees.

    ``half_width``: half the 95 % interval.  ``trees``: name, index of the booster, and weight.
    """

    record: GroupParameters
    constant: float
    half_width: float
    trees: tuple[tuple[str, int, float], ...]
    sessions: Mapping[str, int]
    weights: Mapping[str, float]
    refused: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WinModel:
    """The fitted model; safe to use from several threads.

    ``boosters``: names of the trees in the order of ``forest``.  ``refused``: groups whose files are unusable, with the
    reason; ``damaged`` also lists groups that were restored from a copy.  ``digest`` identifies the model.
    """

    names: tuple[str, ...]
    shared: SharedParameters
    records: Mapping[str, GroupParameters]
    boosters: tuple[str, ...]
    forest: Forest
    refused: Mapping[str, str]
    damaged: Mapping[str, str]
    digest: str
    _terms_by_key: dict[TradeKey, LogitTerms | NoEstimate] = field(default_factory=dict, repr=False)

    def estimate(
        self, trade_keys: Sequence[TradeKey], features: Singles, implied: Floats, forecast: Floats
    ) -> list[WinEstimate | NoEstimate]:
        """Estimate each trade independently: ``features`` (n, n_features) in the order of ``names``.

        ``implied`` and ``forecast`` (n,) may be NaN; the best base model whose inputs are known is used.
        """
        unique = tuple(dict.fromkeys(trade_keys))
        code_of_key = {key: code for code, key in enumerate(unique)}
        key_code = np.array([code_of_key[key] for key in trade_keys], dtype=np.int64)
        logits, base_index = self.logits(unique, key_code, features, implied, forecast)
        terms = [self.logit_terms(key) for key in unique]
        rows = zip(key_code.tolist(), logits.tolist(), base_index.tolist(), strict=True)
        return [self._estimate(terms[code], logit, index) for code, logit, index in rows]

    def logits(
        self, trade_keys: Sequence[TradeKey], key_code: Integers, features: Singles, implied: Floats, forecast: Floats
    ) -> tuple[Floats, Integers]:
        """Return log odds (n,), NaN where there is no estimate, and the index of the base model used.

        ``key_code`` (n,) indexes ``trade_keys``.  A row does not depend on the other rows, to the bit.
        """
        strategies = level_groups(trade_keys, key_code, (STRATEGY,))[0]
        logit, base_index = first_known(self.shared.base_models, implied, forecast, strategies)
        terms = [self.logit_terms(key) for key in trade_keys]
        constants = [item.constant if isinstance(item, LogitTerms) else np.nan for item in terms]
        logit += np.array(constants)[key_code]
        for start in range(0, len(key_code), _CHUNK):
            rows = np.arange(start, min(start + _CHUNK, len(key_code)))
            self._add_trees(logit, rows, key_code, features, _ranks(terms))
        return logit, base_index

    def _add_trees(
        self,
        logit: Floats,
        rows: Integers,
        key_code: Integers,
        features: Singles,
        ranks: Sequence[tuple[Integers, Floats]],
    ) -> None:
        # evaluate the trees of all ranks at once, then add them rank by rank to fix the order of each row's sum
        row_sets = [rows[booster[key_code[rows]] >= 0] for booster, _ in ranks]
        if not row_sets:
            return
        boosters = [booster[key_code[some]] for (booster, _), some in zip(ranks, row_sets, strict=True)]
        sums = self.forest.sums(features, np.concatenate(row_sets), np.concatenate(boosters))
        for (_, weight), some in zip(ranks, row_sets, strict=True):
            logit[some] += weight[key_code[some]] * sums[: len(some)]
            sums = sums[len(some) :]

    def logit_terms(self, key: TradeKey) -> LogitTerms | NoEstimate:
        """Return the log-odds terms of a key, cached."""
        terms = self._terms_by_key.get(key)
        if terms is None:
            terms = self._build_terms(key)
            if len(self._terms_by_key) < _MAX_CACHED_KEYS:
                self._terms_by_key[key] = terms
        return terms

    def _estimate(self, terms: LogitTerms | NoEstimate, logit: float, base_index: int) -> WinEstimate | NoEstimate:
        if isinstance(terms, NoEstimate):
            return terms
        if base_index < 0:
            return NoEstimate(reason="no_base", detail="neither the premium nor the forecast gives a probability")
        bounds = np.array([logit - terms.half_width, logit, logit + terms.half_width])
        low, probability, high = expit(bounds).tolist()
        base_models = self.shared.base_models
        skipped = tuple(f"{base_model.kind}: its inputs are missing" for base_model in base_models[:base_index])
        return WinEstimate(
            probability=probability,
            low=low,
            high=high,
            level=terms.record.level,
            key=terms.record.key,
            days=terms.record.size.days,
            trades=terms.record.size.trades,
            sessions=terms.sessions,
            weights=terms.weights,
            members={base_models[base_index].kind: 1.0, **{name: weight for name, _, weight in terms.trees}},
            refused=(*terms.refused, *skipped),
        )

    def _build_terms(self, key: TradeKey) -> LogitTerms | NoEstimate:
        builder = _TermsBuilder(self)
        proxy = self._proxy_symbol(key.symbol)
        if proxy != key.symbol:
            builder.note(f"symbol {key.symbol}: no trades in the training data, {proxy} is used instead")
        proxy_key = replace(key, symbol=proxy)
        for level in LEVELS:
            if not builder.step(level, proxy_key.group(level)):
                break
        return builder.logit_terms()

    def _proxy_symbol(self, symbol: str) -> str:
        # a symbol without trades uses one of the same underlying asset
        known = {
            name.removeprefix(f"{SYMBOL}-") for name in (*self.records, *self.refused) if name.startswith(f"{SYMBOL}-")
        }
        other = match_symbol(symbol, known)
        return symbol if other == ALL_SYMBOLS else other


def _ranks(terms: Sequence[LogitTerms | NoEstimate]) -> list[tuple[Integers, Floats]]:
    # per rank and key: index of the booster, -1 for none, and its weight
    trees = [item.trees if isinstance(item, LogitTerms) else () for item in terms]
    ranks = []
    for rank in range(max(map(len, trees), default=0)):
        pairs = [of_key[rank][1:] if rank < len(of_key) else (-1, 0.0) for of_key in trees]
        ranks.append((np.array([booster for booster, _ in pairs]), np.array([weight for _, weight in pairs])))
    return ranks


class _TermsBuilder:
    # goes down the levels from the root and updates the terms at each

    def __init__(self, model: WinModel) -> None:
        self._model = model
        self._trees: dict[str, float] = {}
        self._constant, self._variance = 0.0, 0.0
        self._sessions: dict[str, int] = {}
        self._weights: dict[str, float] = {}
        self._deepest: GroupParameters | None = None
        self._refused: list[str] = []
        self._no_estimate: NoEstimate | None = None

    def note(self, sentence: str) -> None:
        self._refused.append(sentence)

    def step(self, level: str, key: str) -> bool:
        name = GroupParameters.name_of(level, key)
        model = self._model
        if (why := model.refused.get(name)) is not None:
            self._refused.append(f"{level} {key}: {why}")
            return self._stop(level, f"{level} {key}: {why}", "model_unavailable")
        record = model.records.get(name)
        if record is None:
            self._refused.append(f"{level} {key}: no trades in the training data")
            if level == STRATEGY:
                return self._stop(level, f"strategy {key}: no trades in the training data", "strategy_unseen")
            self._sessions[level] = 0
            self._add(unseen_offset(self._largest_variance(level)), level)
            return True
        self._sessions[level] = record.size.days
        self._blend(record)
        self._add(record.offset, level)
        self._check_size(record)
        return True

    def _stop(self, level: str, detail: str, reason: str) -> bool:
        # levels below a refused group are not used; its prior variance is added
        if level == DEFAULT or reason == "strategy_unseen":
            self._no_estimate = NoEstimate(reason=reason, detail=detail)
        self._variance += self._largest_variance(level) / self._model.shared.prior_days
        return False

    def _largest_variance(self, level: str) -> float:
        # a group without a record gets the largest variance of its level
        variances = [record.offset.variance_per_day for record in self._model.records.values() if record.level == level]
        return max(variances, default=self._model.shared.variance_per_day)

    def _blend(self, record: GroupParameters) -> None:
        if record.uses_trees:
            weight = record.offset.weight
            self._trees = {name: (1 - weight) * share for name, share in self._trees.items()}
            self._trees[record.name] = weight
            self._constant *= 1 - weight

    def _add(self, offset: Offset, level: str) -> None:
        self._constant += offset.effective
        above = self._variance
        prior_days = self._model.shared.prior_days
        root = level == DEFAULT
        self._variance = offset.variance_per_day / max(offset.days, 1) if root else offset.variance(above, prior_days)
        if not root:
            self._weights[level] = offset.weight if offset.is_used else 0.0

    def _check_size(self, record: GroupParameters) -> None:
        shortage = record.size.shortage
        if shortage is None or self._deepest is None:
            self._deepest = record
        else:
            self._refused.append(f"{record.level} {record.key}: {shortage}")

    def logit_terms(self) -> LogitTerms | NoEstimate:
        if self._no_estimate is not None or self._deepest is None:
            return self._no_estimate or NoEstimate(reason="model_unavailable", detail="the model has no usable level")
        boosters = self._model.boosters
        return LogitTerms(
            record=self._deepest,
            constant=self._constant,
            half_width=_TWO_SIDED_95 * math.sqrt(self._variance),
            trees=tuple((name, boosters.index(name), weight) for name, weight in self._trees.items()),
            sessions=self._sessions,
            weights=self._weights,
            refused=tuple(self._refused),
        )
