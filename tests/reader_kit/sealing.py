"""Seal documents that tests have changed: the kit looks into no document whose hash is not that of its bytes."""

from __future__ import annotations

import json
import re
from hashlib import sha256
from typing import Any

_HASH = re.compile(rb'"content_hash": ?"([0-9a-f]{64})"')


def sealed_text(document: dict[str, Any]) -> bytes:
    """Return the text of a document with the hash of its own bytes, as far as it has a place for one."""
    return resealed(json.dumps(document).encode())


def resealed(data: bytes) -> bytes:
    """Return the bytes with the hash that belongs to them, unchanged when there is no hash."""
    found = _HASH.search(data)
    if found is None:
        return data
    blank = data[: found.start(1)] + b"0" * 64 + data[found.end(1) :]
    return data[: found.start(1)] + sha256(blank).hexdigest().encode() + data[found.end(1) :]
