"""The log of every configuration that was tried, beside the report: one JSON line each, only ever appended to.

What was tried often looks good by luck, so figures are read together with the count; and a final segment can be
opened only once, so the log says how often that has been done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import orjson

from magic8_ml.training.refusal import TrainingRefused

FILE: Final = "trials.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One configuration on one data set; ``figures`` are its results over the final segment ``first`` to ``last``."""

    configuration: str
    settings: Mapping[str, Any]
    data: str
    first: str
    last: str
    figures: Mapping[str, float | None]

    @property
    def identity(self) -> str:
        """Return a short digest of the configuration: the same one again is no new trial."""
        text = orjson.dumps([self.configuration, dict(self.settings)], option=orjson.OPT_SORT_KEYS)
        return sha256(text).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCount:
    """What the log holds: runs, distinct configurations, and earlier runs that opened an overlapping segment."""

    runs: int
    configurations: int
    opened_before: int


def log_trials(folder: Path, trials: Sequence[Trial]) -> TrialCount:
    """Append trials of one run and count the whole log.

    Raises
    ------
    TrainingRefused
        When the log cannot be read: a count that forgets is worse than none.
    """
    path = folder / FILE
    before = _read(path)
    segments = {(trial.first, trial.last) for trial in trials}
    earlier = {
        line["run"]
        for line in before
        if any(line["first"] <= last and first <= line["last"] for first, last in segments)
    }
    run = 1 + max((int(line["run"]) for line in before), default=0)
    lines = [{"run": run, "identity": trial.identity, **asdict(trial)} for trial in trials]
    with path.open("ab") as file:
        file.writelines(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
    known = {line["identity"] for line in (*before, *lines)}
    return TrialCount(runs=run, configurations=len(known), opened_before=len(earlier))


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise TrainingRefused(
            f"the log of trials {path} cannot be read: {error}; move it away to begin anew"
        ) from error
