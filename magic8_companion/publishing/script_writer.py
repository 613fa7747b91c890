"""Write documents from scripts that use parts of the host: lock the folder for one document at a time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from magic8_companion.domain.errors import PublishError
from magic8_companion.domain.recommendation import CheckpointResult, FiveMinuteResult, RecommendationSet
from magic8_companion.durable import FolderLock
from magic8_companion.publishing.publisher import Publisher
from magic8_companion.publishing.state import StateStore


class ScriptWriter:
    """Publishes and stores like the host's own writer, but locks the folder for one document only.

    Every method raises ``AlreadyRunning`` while a host owns the folder: there is only one writer at a time.
    """

    def __init__(self, folder: Path, kill_switch: Path | None = None) -> None:
        self._folder, self._kill_switch = folder, kill_switch

    def publish(
        self,
        recommendation_set: RecommendationSet,
        inputs: Mapping[str, str],
        slot: FiveMinuteResult | None = None,
        slot_inputs: Mapping[str, str] = MappingProxyType({}),
    ) -> int:
        """Publish as the host's own writer does (see ``Publisher.publish``)."""
        with FolderLock(self._folder):
            publisher = Publisher(self._folder, retention_days=0, kill_switch=self._kill_switch)
            return publisher.publish(recommendation_set, inputs, slot, slot_inputs)

    def heartbeat(self, at: datetime, valid_until: datetime) -> int:  # noqa: ARG002  # the protocol's
        """Publish the last recommendations again."""
        raise PublishError("a script has no heartbeat: only a running host keeps a document alive")

    def keep_halted(self, recommendation_set: RecommendationSet) -> None:
        """Keep nothing: a script that cannot write leaves a document that expires."""

    def halt(self) -> None:
        """Do nothing, as nothing is kept."""

    def require_held(self) -> None:
        """Do nothing: the folder is locked for each call."""

    def save_checkpoint(self, result: CheckpointResult) -> None:
        """Store a checkpoint."""
        with FolderLock(self._folder):
            StateStore(self._folder).save_checkpoint(result)

    def save_five_minute(self, result: FiveMinuteResult) -> None:
        """Store a 5-minute result."""
        with FolderLock(self._folder):
            StateStore(self._folder).save_five_minute(result)

    def load_checkpoint(self, now: datetime) -> CheckpointResult | None:
        """Return the stored checkpoint of today."""
        with FolderLock(self._folder):
            return StateStore(self._folder).load_checkpoint(now)

    def load_five_minute(self, now: datetime) -> FiveMinuteResult | None:
        """Return the stored 5-minute result of today."""
        with FolderLock(self._folder):
            return StateStore(self._folder).load_five_minute(now)
