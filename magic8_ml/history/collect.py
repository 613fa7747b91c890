"""Convert the text of a month's sheets to typed rows: a row is data if its time, symbol and strategy are readable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import date
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from magic8_companion.domain.arrays import Floats, Integers
from magic8_companion.domain.strategy import HISTORY_STRATEGIES, MAGIC8_SYMBOLS
from magic8_ml.history.clock_columns import new_york_clock, utc_seconds
from magic8_ml.history.csv_sheet import BEGINS_LIKE_DATA, CsvSheet, RefusedLine
from magic8_ml.history.layouts import LEGS, PROFIT, TRADES
from magic8_ml.history.order_sentences import RIGHTS, Sentences
from magic8_ml.history.rows import DIRECTIONS, NUMBERS, Ledger, SheetRows, UnreadableNumber, Vocabulary
from magic8_ml.history.text_columns import MISSING, codes, numbers, text_or_null

_TRUTHS: Final = ("False", "True")
_STRATEGIES: Final = {name.replace("_", " ").casefold(): place for place, name in enumerate(HISTORY_STRATEGIES)}
_SYMBOLS: Final = {name: place for place, name in enumerate(MAGIC8_SYMBOLS)}
_EPOCH: Final = date(1970, 1, 1).toordinal()
_REASONS: Final = ("", "bad_time", "date_outside_folder", "unknown_symbol", "unknown_strategy")


class Placed(NamedTuple):
    """A sheet with its index in download order and its day; its ``sentence`` column holds indices of sentences."""

    file: int
    day: date
    sheet: CsvSheet


def collect_rows(
    kind: str, placed: Sequence[Placed], sentences: Sentences, sources: Vocabulary, ledger: Ledger
) -> SheetRows:
    """Return the data rows of all sheets of one kind, in download order."""
    generations: dict[str, list[Placed]] = {}
    for item in placed:
        generations.setdefault(item.sheet.layout.name, []).append(item)
    parts = [_generation(kind, items, sentences, sources, ledger) for items in generations.values()]
    if not parts:
        return _no_rows(kind)
    return parts[0] if len(parts) == 1 else _concatenate(parts)


def _no_rows(kind: str) -> SheetRows:
    none = np.empty(0, np.int64)
    return SheetRows(
        file=none,
        line=none,
        has_control=none.astype(np.bool_),
        seconds=none,
        symbol=none,
        strategy=none,
        sentence=none,
        numbers={name: np.empty(0) for name in (*NUMBERS.get(kind, ()), "expired")},
        codes_by_column=_category_codes(pa.table({}), kind, Vocabulary()),
    )


def _generation(
    kind: str, placed: Sequence[Placed], sentences: Sentences, sources: Vocabulary, ledger: Ledger
) -> SheetRows:
    table = pa.concat_tables([item.sheet.table for item in placed], promote_options="default")
    sizes = [len(item.sheet.lines) for item in placed]
    sentence = _sentence(table)
    rows = SheetRows(
        file=np.repeat(np.array([item.file for item in placed]), sizes),
        line=np.concatenate([item.sheet.lines for item in placed]).astype(np.int64),
        has_control=np.concatenate([item.sheet.has_control for item in placed]),
        seconds=utc_seconds(table, placed[0].sheet.layout.zone),
        symbol=_symbol(table, sentence, sentences),
        strategy=codes(text_or_null(table, "strategy"), lambda text: _STRATEGIES.get(text.casefold())),
        sentence=sentence,
        numbers={},
        codes_by_column=_category_codes(table, kind, sources),
    )
    days = np.repeat(np.array([item.day.toordinal() - _EPOCH for item in placed]), sizes)
    reason = _reasons(rows, days, with_strategy=kind in {PROFIT, TRADES})
    if reason.any():
        _refuse(np.flatnonzero(reason), reason, table, rows, placed, ledger)
        keep = np.flatnonzero(reason == 0)
        rows, table = rows.take(keep), table.take(pa.array(keep))
    return replace(rows, numbers=_numbers(table, kind, rows, ledger))


def _sentence(table: pa.Table) -> Integers:
    if "sentence" not in table.column_names:
        return np.full(table.num_rows, MISSING, np.int64)
    places: Integers = table["sentence"].fill_null(MISSING).to_numpy().astype(np.int64)
    return places


def _symbol(table: pa.Table, sentence: Integers, sentences: Sentences) -> Integers:
    if "symbol" in table.column_names:
        return codes(table["symbol"], lambda text: _SYMBOLS.get(text.upper()))
    return np.append(sentences.symbol, MISSING)[sentence]


def _category_codes(table: pa.Table, kind: str, sources: Vocabulary) -> dict[str, Integers]:
    codes_by_column = {}
    if kind == TRADES:
        codes_by_column["source"] = codes(text_or_null(table, "source"), sources.place)
        for leg in LEGS:
            codes_by_column[f"direction{leg}"] = codes(text_or_null(table, f"direction{leg}"), _place_in(DIRECTIONS))
            codes_by_column[f"type{leg}"] = codes(text_or_null(table, f"type{leg}"), _place_in(RIGHTS[:2]))
    return codes_by_column


def _place_in(names: Sequence[str]) -> Callable[[str], int | None]:
    places = {name.casefold(): place for place, name in enumerate(names)}
    return lambda text: places.get(text.casefold())


def _numbers(table: pa.Table, kind: str, rows: SheetRows, ledger: Ledger) -> dict[str, Floats]:
    values = {}
    for name in NUMBERS.get(kind, ()):
        read = numbers(text_or_null(table, name))
        values[name] = read.values
        ledger.unreadable += [
            UnreadableNumber(int(rows.file[row]), int(rows.line[row]), name, text)
            for row, text in zip(read.unreadable_rows, read.unreadable_texts, strict=True)
        ]
    if kind in {PROFIT, TRADES}:
        expired = codes(text_or_null(table, "expired"), _place_in(_TRUTHS))
        values["expired"] = np.where(expired == MISSING, np.nan, expired)
    return values


def _reasons(rows: SheetRows, days: Integers, *, with_strategy: bool) -> Integers:
    """Return (n_rows,) the index in _REASONS of why a row is rejected; 0 where the row is data."""
    day, _ = new_york_clock(rows.seconds)
    no_strategy = (rows.strategy == MISSING) if with_strategy else np.zeros(len(rows), np.bool_)
    return np.select(
        [rows.seconds == MISSING, day != days, rows.symbol == MISSING, no_strategy], [1, 2, 3, 4], default=0
    ).astype(np.int64)


def _refuse(
    at: Integers, reason: Integers, table: pa.Table, rows: SheetRows, placed: Sequence[Placed], ledger: Ledger
) -> None:
    names = {item.file: item.sheet.file for item in placed}
    texts = table.drop_columns(["sentence"] if "sentence" in table.column_names else []).take(pa.array(at)).to_pylist()
    for row, cells in zip(at.tolist(), texts, strict=True):
        text = ",".join(cell or "" for cell in cells.values())
        if not BEGINS_LIKE_DATA.match(text):
            ledger.counts["tail"] += 1
            continue
        where = names[int(rows.file[row])]
        ledger.refused.append(
            RefusedLine(file=where, line=int(rows.line[row]), reason=_REASONS[reason[row]], text=text)
        )


def _concatenate(parts: Sequence[SheetRows]) -> SheetRows:
    def joined(values: list[Any]) -> Any:  # noqa: ANN401 - arrays, or mappings of arrays
        if isinstance(values[0], Mapping):
            return {name: np.concatenate([value[name] for value in values]) for name in values[0]}
        return np.concatenate(values)

    rows = SheetRows(**{item.name: joined([getattr(part, item.name) for part in parts]) for item in fields(SheetRows)})
    return rows.take(np.argsort(rows.file, kind="stable"))
