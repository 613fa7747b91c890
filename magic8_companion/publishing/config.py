"""The configuration of the output of a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from magic8_companion.domain.config import setting


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishingConfig:
    """Folders and files of a run, as configured by the operator."""

    output_dir: Path = field(
        default=Path("data"), metadata=setting("Folder of the published files, the archive and the state.")
    )
    output_file_path: Path | None = field(
        default=None,
        metadata=setting("Published file of a live run; default: OUTPUT_DIR/recommendations.json.", advanced=True),
    )
    nonlive_output_dir: Path | None = field(
        default=None,
        metadata=setting(
            "Output folder of played days; default: OUTPUT_DIR/PROVIDER, in practice OUTPUT_DIR/practice."
        ),
    )
    archive_retention_days: int = field(
        default=90,
        metadata=setting("Days that archived files are kept; 0 keeps them forever.", advanced=True, ge=0, le=3650),
    )
    chain_retention_days: int = field(
        default=730,
        metadata=setting("Days that recorded chains are kept; 0 keeps them forever.", advanced=True, ge=0, le=3650),
    )
    kill_switch_file: Path | None = field(
        default=None,
        metadata=setting("File whose existence forbids every trade; default: OUTPUT_DIR/KILL."),
    )


DEFAULTS: Final = PublishingConfig()
