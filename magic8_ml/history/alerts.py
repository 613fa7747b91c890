"""List the problems of a data set, the most severe first, one sentence each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from magic8_ml.history.ingest_records import CheckedFigures

TRADES_SHEETS_BEGIN: Final = "2024-09"
"""First month in which every profit row should have a trades row (they begin within August 2024)."""

DISAGREEMENT_LIMIT: Final = 0.01
"""Above this share of a month's checked labels, the price or units are wrong, not single rows."""

TAIL_LIMIT: Final = 0.2
"""Above this share of lines without data, dates or the layout are not read, not single remarks."""

LABEL_COLUMNS: Final = frozenset({"profit_cell", "raw_cell", "managed"})

DELTA_COVERAGE: Final = 0.95
"""Share of a month's slots that should have a delta row."""


def alerts(report: CheckedFigures) -> list[str]:
    """Return one sentence per problem."""
    return [
        *_disagreeing_months(report),
        *_unreadable(report),
        *_tails(report),
        *_refused(report),
        *_joins(report),
        *_delta(report),
        *_calendar(report),
    ]


def _disagreeing_months(report: CheckedFigures) -> Iterator[str]:
    for month, labels in report["labels"]["by_month"].items():
        if (labels["quarantined_share"] or 0) > DISAGREEMENT_LIMIT:
            yield (
                f"{month}: {labels['quarantined_share']:.1%} of the checked profits disagree with the payoff of their"
                " legs; check the settlement price and the units of that month, not single rows"
            )


def _unreadable(report: CheckedFigures) -> Iterator[str]:
    for found in report["unreadable_columns"]:
        lost = "; each is a label that is lost" if found["column"] in LABEL_COLUMNS else ""
        yield (
            f"{found['cells']} cells of {found['column']} in {found['sheet']} sheets could not be read,"
            f" {found['negative']} of them negative, for example {found['example']!r}{lost}"
        )


def _tails(report: CheckedFigures) -> Iterator[str]:
    for kind, sheet in report["sheets"].items():
        if sheet["tail"] > TAIL_LIMIT * sheet["lines"]:
            yield (
                f"{sheet['tail']} of {sheet['lines']} lines of {kind} sheets were taken for remarks; check how dates"
                " are written there"
            )


def _refused(report: CheckedFigures) -> Iterator[str]:
    for refused in report["folders"]["refused_files"]:
        yield f"{refused['file']} was not read: {refused['reason']}: {refused['detail']}"
    for finding in report["folders"]["findings"]:
        yield f"{finding['where']}: {finding['reason']}: {finding['detail']}"
    for reason, count in report["anomalies"]["refused_lines"].items():
        yield f"{count} lines that begin like data were rejected: {reason}"


def _joins(report: CheckedFigures) -> Iterator[str]:
    for month, joined in report["joins"]["by_month"].items():
        if month >= TRADES_SHEETS_BEGIN and joined["rate"] is not None and joined["rate"] < 1:
            yield f"{month}: only {joined['rate']:.2%} of the profit rows have their trades row"


def _delta(report: CheckedFigures) -> Iterator[str]:
    for month, delta in report["delta"]["by_month"].items():
        if (delta["slot_coverage"] or 0) < DELTA_COVERAGE:
            yield f"{month}: only {delta['slot_coverage'] or 0:.1%} of the slots have a delta row"


def _calendar(report: CheckedFigures) -> Iterator[str]:
    missing = report["calendar"]["missing_sessions"]
    if missing:
        yield f"{len(missing)} sessions of the exchange have no folder, the first {missing[0]}, the last {missing[-1]}"
