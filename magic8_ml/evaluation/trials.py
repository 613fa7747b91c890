"""The log of every configuration that was tried, next to the report: one JSON line each, append-only.

What was tried often looks good by luck, so figures are read together with the count; and a final segment can be
opened only once, so the log says how often that has been done.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from magic8_companion.outside_files.plain_files import read_bytes
from magic8_ml.metrics.refusal import TrainingRefused

FILE: Final = "trials.jsonl"
_ISO_DAY: Final = r"^\d{4}-\d{2}-\d{2}$"


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


class _Line(TypedDict):
    run: Annotated[int, Field(ge=1, le=1_000_000_000)]
    identity: Annotated[str, Field(pattern=r"^[0-9a-f]{12}$")]
    configuration: Annotated[str, Field(max_length=200)]
    settings: dict[str, Any]
    data: Annotated[str, Field(max_length=200)]
    first: Annotated[str, Field(pattern=_ISO_DAY)]
    last: Annotated[str, Field(pattern=_ISO_DAY)]
    figures: dict[str, Annotated[float, Field(allow_inf_nan=False)] | None]


_LINES: Final = TypeAdapter(list[_Line])


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
        lines = [orjson.loads(line) for line in read_bytes(path).splitlines() if line.strip()]
        return [dict(line) for line in _LINES.validate_python(lines, strict=True)]
    except ValidationError as error:
        first = error.errors()[0]
        number, name = int(first["loc"][0]) + 1, ".".join(str(part) for part in first["loc"][1:])
        raise _refused(path, f"entry {number}, {name}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise _refused(path, str(error)) from error


def _refused(path: Path, why: str) -> TrainingRefused:
    return TrainingRefused(f"the log of trials {path} cannot be read: {why}; move it away to begin anew")
