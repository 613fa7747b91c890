"""The log of every configuration that was tried, next to the report: one JSON line each, append-only.

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

from magic8_ml.metrics.refusal import TrainingRefused

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
        text = orjson.dumps(
            [self.configuration, dict(self.settings)], option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SORT_KEYS
        )
        return sha256(text).hexdigest()[:12]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialLog:
    """What the log holds.

    ``opened_before`` counts earlier runs of other trials on days of this final segment; ``figures`` are those of every
    trial ever logged, the newest last; ``tried`` is the newest line of every configuration.
    """

    runs: int
    configurations: int
    opened_before: int
    figures: Sequence[Mapping[str, float | None]]
    tried: Sequence[Mapping[str, Any]] = ()


def log_trials(folder: Path, trials: Sequence[Trial]) -> TrialLog:
    """Append trials of one run and count the whole log.

    Raises
    ------
    TrainingRefused
        When the log cannot be read: a count that forgets is worse than none.
    """
    path = folder / FILE
    before = _read(path)
    run = 1 + max((int(line["run"]) for line in before), default=0)
    lines = [{"run": run, "identity": trial.identity, **asdict(trial)} for trial in trials]
    with path.open("ab") as file:
        file.writelines(
            orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE) for line in lines
        )
    every = [*before, *lines]
    newest = {line["identity"]: line for line in every}
    return TrialLog(
        runs=run,
        configurations=len(newest),
        opened_before=len({line["run"] for line in before if _opens(line, trials)}),
        figures=[line["figures"] for line in every],
        tried=list(newest.values()),
    )


def _opens(line: Mapping[str, Any], trials: Sequence[Trial]) -> bool:
    # the very same trial again opens nothing: it gives the same figures
    known = {(trial.identity, trial.data, trial.first, trial.last) for trial in trials}
    again = (line["identity"], line["data"], line["first"], line["last"]) in known
    return not again and any(line["first"] <= trial.last and trial.first <= line["last"] for trial in trials)


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    try:
        return [orjson.loads(line) for line in path.read_bytes().splitlines() if line.strip()]
    except (OSError, ValueError) as error:
        raise TrainingRefused(
            f"the log of trials {path} cannot be read: {error}; move it away to begin anew"
        ) from error
