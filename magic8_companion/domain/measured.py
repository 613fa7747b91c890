"""What was measured of a model on unseen days: wins of HIGH, of HIGH in the blend, and by agreement with rules.

The training writes it into the manifest of the model under ``measured``.  Wherever a person meets the label HIGH, this
record says in one sentence what the label has meant so far, or "not measured".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

MEASURED: Final = "measured"
"""The key of a manifest and of a model's answer."""

NOT_MEASURED: Final = "not measured"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredWins:
    """How often trades of one group won: share, its 95 % interval by days, and the mean chance that prices implied.

    ``low`` and ``high`` are None where the days do not support an interval.
    """

    calls: int
    days: int
    won: float
    implied: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        """Return ``won 59.6 % [53, 66] (53.2 % implied by option prices)``."""
        interval = "" if self.low is None or self.high is None else f" [{100 * self.low:.0f}, {100 * self.high:.0f}]"
        return f"won {100 * self.won:.1f} %{interval} ({100 * self.implied:.1f} % implied by option prices)"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredHigh:
    """HIGH calls and all other calls on the unseen days ``first_day`` to ``last_day``; ``share`` of HIGH in answers.

    ``calls`` or ``rest`` is None where there were none.
    """

    first_day: str
    last_day: str
    days: int
    share: float
    calls: MeasuredWins | None
    rest: MeasuredWins | None

    def __str__(self) -> str:
        """Return one sentence without its full stop."""
        high = "no call was HIGH" if self.calls is None else f"HIGH calls {self.calls}"
        rest = "" if self.rest is None else f", other calls {self.rest}"
        return f"{high}{rest}, on {self.days} unseen days to {self.last_day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredBlend:
    """HIGH at checkpoints, of the blend with the model's ``weight`` and HIGH from ``high_score``."""

    high: MeasuredHigh
    weight: float
    high_score: float

    def __str__(self) -> str:
        """Return one sentence without its full stop."""
        return f"{self.high}, at ML weight {self.weight:g} and HIGH from {self.high_score:g}"


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredAgreement:
    """Wins of the strategies on which rules and ML agreed, were mixed or disagreed; None where that never happened."""

    first_day: str
    last_day: str
    days: int
    agree: MeasuredWins | None
    mixed: MeasuredWins | None
    disagree: MeasuredWins | None

    def sentence_of(self, agreement: str) -> str:
        """Return what was measured of ``agree``, ``mixed`` or ``disagree``, or "not measured"."""
        wins = {"agree": self.agree, "mixed": self.mixed, "disagree": self.disagree}.get(agreement)
        return NOT_MEASURED if wins is None else f"{wins}, on {wins.days} unseen days to {self.last_day}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """The measurements of a model; None is "not measured".  ``is_simulated``: on days of a simulated market."""

    high: MeasuredHigh | None = None
    agreement: MeasuredAgreement | None = None
    blend: MeasuredBlend | None = None
    is_simulated: bool = False

    @property
    def high_sentence(self) -> str:
        """Return what HIGH has meant so far, for people.

        >>> Measured().high_sentence
        'HIGH: not measured'
        """
        return f"HIGH: {NOT_MEASURED}" if self.high is None else f"{self.high}{self._origin}"

    @property
    def checkpoint_note(self) -> str:
        """Return the same for a reader of checkpoint labels, which are labels of the blend of rules and model.

        >>> Measured().checkpoint_note
        'HIGH at a checkpoint: not measured'
        """
        if self.blend is not None:
            return f"HIGH at a checkpoint: {self.blend}{self._origin}"
        alone = "" if self.high is None else f"; the model alone: {self.high_sentence}"
        return f"HIGH at a checkpoint: {NOT_MEASURED}{alone}"

    def agreement_sentence(self, agreement: str) -> str:
        """Return what ``agree``, ``mixed`` or ``disagree`` has meant so far, for people.

        >>> Measured().agreement_sentence("agree")
        'not measured'
        """
        found = NOT_MEASURED if self.agreement is None else self.agreement.sentence_of(agreement)
        return found if found == NOT_MEASURED else f"{found}{self._origin}"

    @property
    def _origin(self) -> str:
        return ", all of it simulated" if self.is_simulated else ""

    def as_json(self) -> dict[str, Any]:
        """Return the plain form that :func:`read_measured` reads."""
        return asdict(self)


NOTHING_MEASURED: Final = Measured()


def read_measured(data: object) -> Measured:
    """Read the plain form; what is missing or cannot be read counts as not measured, because it is only shown.

    >>> read_measured({"high": {"share": 0.3}}) == NOTHING_MEASURED
    True
    """
    found = data if isinstance(data, Mapping) else {}
    return Measured(
        high=_high(found.get("high")),
        agreement=_agreement(found.get("agreement")),
        blend=_blend(found.get("blend")),
        is_simulated=found.get("is_simulated") is True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Span:
    first_day: str
    last_day: str
    days: int
    wins: Mapping[str, MeasuredWins | None] = field(default_factory=dict)


def _high(data: object) -> MeasuredHigh | None:
    if (span := _span(data, ("calls", "rest"))) is None or not isinstance(data, Mapping):
        return None
    share = data.get("share")
    if not isinstance(share, int | float) or not 0 <= share <= 1:
        return None
    return MeasuredHigh(
        first_day=span.first_day, last_day=span.last_day, days=span.days, share=float(share), **span.wins
    )


def _blend(data: object) -> MeasuredBlend | None:
    if not isinstance(data, Mapping) or (high := _high(data.get("high"))) is None:
        return None
    weight, score = data.get("weight"), data.get("high_score")
    if not isinstance(weight, int | float) or not isinstance(score, int | float):
        return None
    return MeasuredBlend(high=high, weight=float(weight), high_score=float(score))


def _agreement(data: object) -> MeasuredAgreement | None:
    span = _span(data, ("agree", "mixed", "disagree"))
    if span is None:
        return None
    return MeasuredAgreement(first_day=span.first_day, last_day=span.last_day, days=span.days, **span.wins)


def _span(data: object, groups: tuple[str, ...]) -> _Span | None:
    if not isinstance(data, Mapping):
        return None
    try:
        return _Span(
            first_day=str(data["first_day"]),
            last_day=str(data["last_day"]),
            days=int(data["days"]),
            wins={name: _wins(data[name]) for name in groups},
        )
    except (KeyError, TypeError, ValueError):
        return None


def _wins(data: Mapping[str, Any] | None) -> MeasuredWins | None:
    if data is None:
        return None
    low, high = data.get("low"), data.get("high")
    return MeasuredWins(
        calls=int(data["calls"]),
        days=int(data["days"]),
        won=_share(data["won"]),
        implied=_share(data["implied"]),
        low=None if low is None else _share(low),
        high=None if high is None else _share(high),
    )


def _share(value: Any) -> float:  # noqa: ANN401  # whatever a manifest holds
    share = float(value)
    if not 0 <= share <= 1:
        raise ValueError(f"{share} is no share")
    return share
