"""Convert one month of a download from bytes to its output table and figures, as a pure function."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from magic8_companion.domain.arrays import Integers
from magic8_companion.outside_files.plain_files import FileRefused, bounded
from magic8_ml.history.collect import Placed, collect_rows
from magic8_ml.history.csv_sheet import SheetRefused, read_sheet
from magic8_ml.history.delta_join import without_repeats
from magic8_ml.history.folders import SheetFile
from magic8_ml.history.joined import Sheets, join_sheets
from magic8_ml.history.keys import identify
from magic8_ml.history.layouts import DELTA, KINDS, PROFIT, TRADES
from magic8_ml.history.merge import Pairs, drop_later_downloads, pair_up
from magic8_ml.history.month_figures import MonthNotes, month_figures
from magic8_ml.history.order_sentences import Sentences, read_sentences
from magic8_ml.history.output_table import output_table
from magic8_ml.history.rows import SheetRows, Vocabulary


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthResult:
    """The table of a month and its figures for the report, ready for JSON."""

    table: pa.Table
    figures: dict[str, Any]


def read_month(files: Sequence[SheetFile], contents: Sequence[bytes], *, payoff_labels: bool = False) -> MonthResult:
    """Read the sheets of one month.

    Parameters
    ----------
    files, contents
        The sheets in download order and their bytes.
    payoff_labels
        Use the payoff at the close where a sheet has no result.
    """
    notes = MonthNotes()
    placed = _read_files(files, contents, notes)
    sentences = _encode_sentences(placed)
    sources = Vocabulary()
    read = {kind: collect_rows(kind, placed[kind], sentences, sources, notes.ledgers[kind]) for kind in KINDS}
    profit, trades, pairs = _distinct_pairs(read[PROFIT], read[TRADES], sentences, notes)
    delta = without_repeats(read[DELTA])
    notes.duplicates[DELTA] = len(read[DELTA]) - len(delta)
    sheets = Sheets(
        profit=profit,
        trades=trades,
        delta=delta,
        sentences=sentences,
        files=[file.name for file in files],
        format_years=_format_years(placed, len(files)),
        sources=tuple(sources.places),
    )
    joined = join_sheets(sheets, pairs, notes.conflicts, payoff_labels=payoff_labels)
    rows_read = {kind: len(rows) for kind, rows in read.items()}
    return MonthResult(
        table=output_table(sheets, joined), figures=month_figures(files, sheets, joined, notes, rows_read)
    )


def _read_files(files: Sequence[SheetFile], contents: Sequence[bytes], notes: MonthNotes) -> dict[str, list[Placed]]:
    placed: dict[str, list[Placed]] = {kind: [] for kind in KINDS}
    for number, (file, content) in enumerate(zip(files, contents, strict=True)):
        ledger = notes.ledgers[file.kind]
        try:
            with bounded(file.path):
                sheet = read_sheet(file.name, file.kind, content)
        except FileRefused as refused:
            notes.refused_files.append(SheetRefused(file.name, "unreadable", str(refused.strerror)))
            continue
        except SheetRefused as refused:
            notes.refused_files.append(refused)
            continue
        ledger.counts.update(sheet.counts)
        ledger.counts["files"] += 1
        ledger.refused += sheet.refused
        placed[file.kind].append(Placed(number, file.day, sheet))
    return placed


def _encode_sentences(placed: dict[str, list[Placed]]) -> Sentences:
    """Replace each sentence by its index among the distinct ones, and parse those."""
    sheets = [item.sheet for kind in (PROFIT, TRADES) for item in placed[kind]]
    filled = [sheet for sheet in sheets if sheet.table.num_rows]  # pyarrow drops chunks without rows
    columns = [sheet.table["sentence"].combine_chunks() for sheet in filled]
    encoded = pa.chunked_array(columns, pa.string()).dictionary_encode().unify_dictionaries()
    indices = {id(sheet): chunk.indices for sheet, chunk in zip(filled, encoded.chunks, strict=True)}
    for sheet in sheets:
        position = sheet.table.schema.get_field_index("sentence")
        sheet.table = sheet.table.set_column(position, "sentence", indices.get(id(sheet), pa.array([], pa.int32())))
    texts = encoded.chunk(0).dictionary if encoded.num_chunks else pa.array([], pa.string())
    return read_sentences(texts)


def _distinct_pairs(
    profit: SheetRows, trades: SheetRows, sentences: Sentences, notes: MonthNotes
) -> tuple[SheetRows, SheetRows, Pairs]:
    keys = identify(profit, trades, sentences)
    profit, profit_keys, notes.duplicates[PROFIT] = drop_later_downloads(profit, keys[0], notes.conflicts)
    trades, trades_keys, notes.duplicates[TRADES] = drop_later_downloads(trades, keys[1], notes.conflicts)
    return profit, trades, pair_up(profit_keys, trades_keys)


def _format_years(placed: dict[str, list[Placed]], files: int) -> Integers:
    years = np.zeros(files, np.int64)
    for items in placed.values():
        for item in items:
            years[item.file] = item.sheet.layout.format_year
    return years
