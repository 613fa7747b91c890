"""A measurement as a training writes it, made by hand."""

from __future__ import annotations

from typing import Any

from magic8_companion.domain.measured import Measured, MeasuredAgreement, MeasuredHigh, MeasuredWins

WINS = MeasuredWins(calls=1400, days=151, won=0.596, implied=0.532, low=0.531, high=0.662)
REST = MeasuredWins(calls=2900, days=231, won=0.61, implied=0.56)
SPAN: dict[str, Any] = {"first_day": "2024-09-03", "last_day": "2025-08-08", "days": 231}
MEASURED = Measured(
    high=MeasuredHigh(**SPAN, share=0.325, calls=WINS, rest=REST),
    agreement=MeasuredAgreement(**SPAN, agree=WINS, mixed=REST, disagree=None),
)
