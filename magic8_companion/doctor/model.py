"""Check whether the ML would answer: build the scorer as the host does and read its log."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from magic8_companion import bootstrap
from magic8_companion.doctor.check import FAILED, OK, SKIPPED, Check
from magic8_companion.settings.rooms import ml_folder
from magic8_companion.unified_config import Settings

_SPEAKERS: Final = ("magic8_ml", "magic8_companion.bootstrap")
_WHY: Final = "Why: "


def model_check(settings: Settings) -> Check:
    """Load the model as the host would."""
    if not (settings.enable_ml_integration or settings.enable_ml_5min):
        result = "ML is switched off (M8C_ENABLE_ML_INTEGRATION, M8C_ENABLE_ML_5MIN): rules alone decide"
        return Check(name="model", status=SKIPPED, result=result)
    folder = ml_folder(settings)
    with _captured_log() as messages:
        scorer = bootstrap.create_checkpoint_scorer(settings.model_copy(update={"enable_ml_integration": True}))
    if getattr(scorer, "ml_system", None) is not None:
        return Check(name="model", status=OK, result=f"{folder} holds one that answers")
    why = next(
        (line.removeprefix(_WHY) for line in messages if line.startswith(_WHY)),
        messages[-1] if messages else "no model",
    )
    fix = (
        "collect bars, then train: python -m magic8_ml train --bars-dir data/bars --vix data/bars "
        f"--symbols {','.join(settings.supported_symbols)} --out {folder}"
    )
    return Check(name="model", status=FAILED, result=f"{folder}: {why}", fix=fix)


class _MessageHandler(logging.Handler):
    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


@contextmanager
def _captured_log() -> Iterator[list[str]]:
    # collects the log of the plugin and its loader, away from the console
    handler = _MessageHandler(logging.INFO)
    loggers = [(logging.getLogger(name), logging.getLogger(name).level) for name in _SPEAKERS]
    for logger, _ in loggers:
        logger.setLevel(logging.INFO)
        logger.addHandler(handler)
        logger.propagate = False
    try:
        yield handler.messages
    finally:
        for logger, level in loggers:
            logger.setLevel(level)
            logger.removeHandler(handler)
            logger.propagate = True
