"""What a training found out, as values and as a table for people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from magic8_ml.training.evaluation import Evaluation, StageEvaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingReport:
    """The result of one training; ``days`` counts labelled days over all symbols."""

    folder: Path
    model_version: str
    symbols: tuple[str, ...]
    first_day: date
    last_day: date
    rows: int
    days: int
    dropped: Mapping[str, Mapping[str, int]]
    evaluation: Evaluation

    def table(self) -> str:
        """Return the table that the command prints."""
        found = self.evaluation
        lines = [
            f"Model {self.model_version} in {self.folder}",
            f"  symbols        {', '.join(self.symbols)}",
            f"  labelled days  {self.first_day} .. {self.last_day}",
            f"  rows, days     {self.rows}, {self.days} ({found.tested_days} predicted out of fold)",
            *(f"  left out       {name}: {_counts(reasons)}" for name, reasons in self.dropped.items() if reasons),
            "",
            f"  {'stage':<12}{'classes':<50}{'log loss':>10}{'base rate':>11}{'RPSS':>9}",
            _stage_line("direction", found.direction),
            _stage_line("volatility", found.volatility),
            "",
            f"  chosen         {_shares(found.chosen)}",
            "  RPSS is the skill over the base rates of the half hour; every day was predicted from earlier days only.",
        ]
        return "\n".join(lines)


def _stage_line(name: str, stage: StageEvaluation) -> str:
    losses = f"{stage.log_loss:>10.4f}{stage.log_loss_climatology:>11.4f}"
    return f"  {name:<12}{_shares(stage.shares):<50}{losses}{stage.rpss:>+9.1%}"


def _shares(shares: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {share:.1%}" for name, share in shares.items())


def _counts(reasons: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
