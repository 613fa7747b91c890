r"""Encode and decode the IB text protocol: a uint32 length, then fields that each end with a zero byte.

A client opens with ``API\0`` and one frame without fields, ``v157..178``; every later message in both directions is a
frame whose first field is the message id.  An empty field means "not set"; booleans are 1 and 0.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

Field = str | int | float | bool | None

PREAMBLE: Final = b"API\0"
LONGEST_FRAME: Final = 1 << 24
_HELLO: Final = re.compile(rb"v(\d{1,4})(?:\.\.(\d{1,4}))?(?: (.*))?", re.DOTALL)
_UNSET_NUMBERS: Final = frozenset({"", "2147483647", "1.7976931348623157e+308"})


class ProtocolError(Exception):
    """The peer breaks the protocol: the message is rejected, or the connection closed if framing is lost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hello:
    """The first message of a client: the versions it supports."""

    minimum: int
    maximum: int
    options: str = ""


def frame(fields: Sequence[Field]) -> bytes:
    r"""Return a message as bytes.

    >>> frame([49, 1])
    b'\x00\x00\x00\x0549\x001\x00'
    """
    payload = "".join(f"{field_text(field)}\0" for field in fields).encode()
    return struct.pack(">I", len(payload)) + payload


def field_text(value: Field) -> str:
    """Return one field without its terminator.

    >>> field_text(True), field_text(None), field_text(0.5), field_text("SPX")
    ('1', '', '0.5', 'SPX')
    """
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def split(payload: bytes) -> list[str]:
    """Return the fields of a frame.

    Raises
    ------
    ProtocolError
        When the last field has no end.
    """
    *fields, rest = payload.decode(errors="backslashreplace").split("\0")
    if rest:
        raise ProtocolError(f"the last field {rest!r} does not end with a zero byte")
    return fields


def read_hello(payload: bytes) -> Hello:
    """Return the versions that a client supports.

    >>> read_hello(b"v157..178")
    Hello(minimum=157, maximum=178, options='')
    """
    match = _HELLO.fullmatch(payload)
    if match is None:
        raise ProtocolError(f"{payload[:40]!r} is not a version range such as v157..178")
    minimum = int(match[1])
    return Hello(minimum=minimum, maximum=int(match[2] or minimum), options=(match[3] or b"").decode(errors="replace"))


class FrameReader:
    """Splits a stream of bytes into frames, for any segmentation by the network."""

    def __init__(self, preamble: bytes = PREAMBLE) -> None:
        self._buffer = bytearray()
        self._preamble = preamble

    def feed(self, data: bytes) -> list[bytes]:
        """Add bytes and return the completed payloads, in order.

        Raises
        ------
        ProtocolError
            When the stream has a wrong preamble or an absurd length, so the next frame cannot be found.
        """
        self._buffer += data
        if self._preamble and not self._skip_preamble():
            return []
        payloads, start = [], 0
        while len(self._buffer) - start >= 4:
            (length,) = struct.unpack_from(">I", self._buffer, start)
            if length > LONGEST_FRAME:
                raise ProtocolError(f"a frame of {length} bytes is longer than any message")
            if len(self._buffer) - start - 4 < length:
                break
            payloads.append(bytes(self._buffer[start + 4 : start + 4 + length]))
            start += 4 + length
        del self._buffer[:start]
        return payloads

    def _skip_preamble(self) -> bool:
        size = len(self._preamble)
        if not self._preamble.startswith(self._buffer[:size]):
            raise ProtocolError(f"the connection opens with {bytes(self._buffer[:size])!r}, not {self._preamble!r}")
        if len(self._buffer) < size:
            return False
        del self._buffer[:size]
        self._preamble = b""
        return True


class FieldReader:
    """Reads the fields of one message from left to right; errors name the field."""

    def __init__(self, fields: Sequence[str]) -> None:
        self._fields = fields
        self._next = 0

    @property
    def left(self) -> int:
        """Count the fields that have not been read."""
        return len(self._fields) - self._next

    def text(self) -> str:
        """Return the next field."""
        if not self.left:
            raise ProtocolError(f"message {','.join(self._fields)[:80]!r} ends after {len(self._fields)} fields")
        self._next += 1
        return self._fields[self._next - 1]

    def skip(self, count: int = 1) -> None:
        """Skip fields."""
        for _ in range(count):
            self.text()

    def integer(self) -> int:
        """Return the next field as an integer, 0 when it is not set."""
        number = self.number()
        if not number.is_integer():
            raise ProtocolError(f"field {self._next} is {self._fields[self._next - 1]!r}, not an integer")
        return int(number)

    def number(self) -> float:
        """Return the next field as a number, 0 when it is not set."""
        text = self.text()
        try:
            return 0.0 if text.lower() in _UNSET_NUMBERS else float(text)
        except ValueError:
            raise ProtocolError(f"field {self._next} is {text!r}, not a number") from None

    def flag(self) -> bool:
        """Return the next field as a boolean, False when it is not set."""
        return self.number() != 0
