"""How far a training or an evaluation is, on standard error."""

from __future__ import annotations

from typing import Self

from magic8_companion.command_line import echo, new_progress


class ProgressBars:
    """One bar per stage on a terminal; elsewhere one line when a stage ends.

    Parameters
    ----------
    one_line
        Show one bar, that of the current stage, and elsewhere only the line of the last stage.
    """

    def __init__(self, *, one_line: bool = False) -> None:
        self._one_line = one_line
        self._bars = new_progress("done")
        self._tasks: dict[str, object] = {}
        self._stage = self._line = ""

    def __enter__(self) -> Self:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()
        self._end_stage()

    def __call__(self, stage: str, done: int, total: int, rows: int) -> None:
        """Show that ``done`` of ``total`` is reached in ``stage``."""
        unit = "days" if stage.startswith("features") else "fits"
        if self._bars.disable:
            if stage != self._stage and not self._one_line:
                self._end_stage()
            self._stage, self._line = stage, f"{stage}: {done} of {total} {unit}, {rows:,} rows"
            return
        if stage != self._stage:
            for earlier in self._bars.task_ids if self._one_line else ():
                self._bars.remove_task(earlier)
            self._stage = stage
            self._bars.add_task(stage, total=total, note="")
        self._bars.update(self._bars.task_ids[-1], completed=done, note=f"{unit}, {rows:,} rows")

    def _end_stage(self) -> None:
        if self._line:
            echo(self._line, err=True)
        self._line = ""
