"""The result of a training, as values and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from textwrap import fill

from magic8_companion.domain.measured import Measured
from magic8_ml.forecast.labels import MIN_DAYS
from magic8_ml.forecast.training.walk_forward_scores import StageEvaluation, WalkForwardEvaluation
from magic8_ml.metrics.logistic import Slope


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """The result of one training; ``days`` counts over all symbols, ``slopes`` is the realized share of past edges.

    ``abstains``: too few recent sessions for terciles, so the model always abstains.
    """

    folder: Path
    model_version: str
    symbols: tuple[str, ...]
    first_day: date
    last_day: date
    rows: int
    days: int
    dropped: Mapping[str, Mapping[str, int]]
    evaluation: WalkForwardEvaluation
    measured: Measured
    slopes: Mapping[str, Slope]
    abstains: bool

    def sentence(self) -> str:
        """Return what the command prints without ``-v``."""
        head = f"Model {self.model_version} of {', '.join(self.symbols)} from {self.days} days to {self.last_day}"
        return f"{head}: {self._warning or self.measured.high_sentence}."

    @property
    def _warning(self) -> str:
        if not self.abstains:
            return ""
        return f"fewer than {MIN_DAYS} of the last sessions were trained on: every prediction will be abstained from"

    def table(self) -> str:
        """Return the table that the command prints with ``-v``."""
        found = self.evaluation
        lines = [
            f"Model {self.model_version} in {self.folder}",
            f"  symbols        {', '.join(self.symbols)}",
            f"  days           {self.first_day} .. {self.last_day}",
            f"  rows, days     {self.rows}, {self.days} ({found.tested_days} predicted out of fold)",
            *(f"  left out       {name}: {_counts(reasons)}" for name, reasons in self.dropped.items() if reasons),
            "",
            f"  {'stage':<12}{'classes':<50}{'log loss':>10}{'base rate':>11}{'RPSS':>9}{'challenger':>12}",
            _stage_line("direction", found.direction),
            _stage_line("volatility", found.volatility),
            "",
            f"  QLIKE saved    {found.qlike_gain:.1%} of VIX x share, {found.qlike_gain_today:.1%} of it with pace",
            f"  80 % interval  holds {found.coverage:.1%} of the moves",
            f"  answers        {_shares(found.chosen)}",
            f"  at HIGH        {_shares(found.high)}",
            fill(self.measured.high_sentence, 120, initial_indent="  HIGH measured  ", subsequent_indent=" " * 17),
            fill(self.measured.checkpoint_note, 120, initial_indent="  checkpoints    ", subsequent_indent=" " * 17),
            f"  edges proven   {'; '.join(_slope(*item) for item in self.slopes.items())}",
            "  RPSS is the skill over the base rates of the half hour; every day was predicted from earlier days only.",
        ]
        if self._warning:
            lines.append(f"  WARNING        {self._warning}")
        if found.volatility.challenger_rpss is not None:
            lines.append(
                "  The challenger, two-stage classifiers, predicted the same days; the distribution is what ships."
            )
        return "\n".join(lines)


def _stage_line(name: str, stage: StageEvaluation) -> str:
    losses = f"{stage.log_loss:>10.4f}{stage.log_loss_climatology:>11.4f}"
    challenger = "-" if stage.challenger_rpss is None else f"{stage.challenger_rpss:+.1%}"
    return f"  {name:<12}{_shares(stage.shares):<50}{losses}{stage.rpss:>+9.1%}{challenger:>12}"


def _slope(name: str, slope: Slope) -> str:
    proven = "" if slope.proven else ", unproven"
    return f"{name} {slope.value:.2f} [{slope.low:.2f}, {slope.high:.2f}{proven}]"


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())


def _counts(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
