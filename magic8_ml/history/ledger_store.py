"""Store the ledger: one parquet file per month and one report, each replaced atomically.

OUT/ledger/month=2025-03/trades.parquet   rows of ``table.SCHEMA``, the limits in its metadata
OUT/ledger_report.json                    figures and limits
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from magic8_ml.history.ledger_report import LIMITS, LedgerReport

REPORT = "ledger_report.json"


def write_ledger(out: Path, table: pa.Table, report: LedgerReport) -> tuple[Path, ...]:
    """Replace the ledger below ``out``; remove months that only an earlier ledger has."""
    months = table["date"].to_numpy().astype("datetime64[M]")
    metadata = {"limits": "\n".join(LIMITS), "kind": "simulated trades"}
    written = []
    names, first = np.unique(months, return_index=True)
    for name, begin, end in zip(names.astype(str).tolist(), first, [*first[1:], len(months)], strict=True):
        path = out / "ledger" / f"month={name}" / "trades.parquet"
        part = table.slice(begin, end - begin).replace_schema_metadata(metadata)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.new")
        pq.write_table(part, temporary, compression="zstd")
        temporary.replace(path)
        written.append(path)
    for stale in set((out / "ledger").glob("month=????-??/trades.parquet")) - set(written):
        stale.unlink()
    content = orjson.dumps(report, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    temporary = out / f".{REPORT}.new"
    temporary.write_bytes(content)
    temporary.replace(out / REPORT)
    return tuple(written)
