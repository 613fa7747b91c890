"""A record as a line of the journal, and back.

``{"version": 2, "kind": .., the record's fields .., "prev": SHA-256 of the line before}``, without blanks and in this
order.  Version 1 had neither ``version`` nor the content of the decision, and ``kind`` named the document.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import ClassVar, Final

import orjson
from pydantic import AwareDatetime, ConfigDict, TypeAdapter, ValidationError

from magic8_companion.domain.errors import PublishError
from magic8_companion.journal.records import KINDS, DecisionRecord, Record

VERSION: Final = 2

_KIND_OF: Final = {record: kind for kind, record in KINDS.items()}
_HEAD: Final = re.compile(rb'\{"version":(\d+),"kind":"(\w+)",')
_TAIL: Final = re.compile(rb',"prev":"([0-9a-f]{64})"\}')
_TAIL_LENGTH: Final = len(',"prev":""}') + 64


class DamagedLine(ValueError):
    """A line is no record of a known version: the reader leaves it out and says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _FirstVersion:
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(strict=True, extra="forbid")

    seq: int
    timestamp: AwareDatetime
    kind: str
    symbol: str
    decision: str
    reason: str
    inputs_sha256: str | None
    document_sha256: str


def encode_line(record: Record, prev: str) -> bytes:
    """Return a record's line without its newline.

    Raises
    ------
    PublishError
        When the line would not give the same record back: a number that is not finite, a time without zone.
    """
    try:
        fields = orjson.dumps(record, option=orjson.OPT_UTC_Z, default=dict)
    except orjson.JSONEncodeError as error:
        raise PublishError(f"a {type(record).__name__} cannot be written as JSON: {error}") from error
    line = b'%b%b,"prev":"%b"}' % (head_of(_KIND_OF[type(record)]), fields[1:-1], prev.encode())
    try:
        returned = decode_line(line)
    except DamagedLine as error:
        raise PublishError(f"a {type(record).__name__} cannot be written: {error}") from error
    if returned != record:
        raise PublishError(f"a {type(record).__name__} would be read back as another one: {returned}")
    return line


def decode_line(line: bytes) -> Record:
    """Return the record of a line.

    Raises
    ------
    DamagedLine
        When the line is no record of a known version.
    """
    previous_of(line)
    head = _HEAD.match(line)
    try:
        if head is None:
            return _upgraded(TypeAdapter(_FirstVersion).validate_json(line[:-_TAIL_LENGTH] + b"}"))
        version, kind = int(head[1]), head[2].decode()
        if version != VERSION or kind not in KINDS:
            raise DamagedLine(f"kind {kind} of version {version} is unknown to this release")
        return _adapter(kind).validate_json(b"{" + line[head.end() : -_TAIL_LENGTH] + b"}")
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        raise DamagedLine(f"{'.'.join(map(str, problem['loc'])) or 'line'}: {problem['msg']}") from error


def head_of(kind: str) -> bytes:
    """Return how a line of a kind begins."""
    return b'{"version":%d,"kind":"%b",' % (VERSION, kind.encode())


def previous_of(line: bytes) -> str:
    """Return the hash of the line before; raises ``DamagedLine`` when the line does not end with one."""
    tail = _TAIL.fullmatch(line, max(0, len(line) - _TAIL_LENGTH))
    if tail is None:
        raise DamagedLine("the line does not end with the hash of the line before it")
    return tail[1].decode()


def digest(data: bytes) -> str:
    """Return the hash of a line as the next line has it."""
    return sha256(data).hexdigest()


def genesis(name: str) -> str:
    """Return the hash that the first line of the journal file ``name`` has."""
    return digest(name.removesuffix(".gz").encode())


def _upgraded(first: _FirstVersion) -> DecisionRecord:
    return DecisionRecord(
        seq=first.seq,
        timestamp=first.timestamp,
        document=first.kind,
        symbol=first.symbol,
        decision=first.decision,
        reason=first.reason,
        inputs_sha256=first.inputs_sha256,
        document_sha256=first.document_sha256,
    )


@cache
def _adapter(kind: str) -> TypeAdapter[Record]:
    return TypeAdapter(KINDS[kind])
