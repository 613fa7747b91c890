"""Is this UBJSON whole?  Asked before the bytes go to XGBoost, whose reader ends the process on a torn file.

Only the structure is walked (draft 12 of the format: containers, lengths, fixed-size numbers); no value is built.
"""

from __future__ import annotations

from typing import Final

_FIXED: Final = {
    b"Z": 0,
    b"N": 0,
    b"T": 0,
    b"F": 0,
    b"i": 1,
    b"U": 1,
    b"C": 1,
    b"I": 2,
    b"l": 4,
    b"d": 4,
    b"L": 8,
    b"D": 8,
}
_INTEGERS: Final = b"iUIlL"
_MAX_DEPTH: Final = 64


class _Incomplete(Exception):
    """The bytes end or stray where a value was due."""


def is_whole_object(content: bytes) -> bool:
    r"""Tell whether ``content`` is exactly one complete UBJSON object.

    >>> is_whole_object(b"{U\x01a[$U#U\x02\x07\x08}"), is_whole_object(b"{U\x01a[$U#U\x02\x07")
    (True, False)
    """
    try:
        return content[:1] == b"{" and _UbjsonWalker(content).value(0, 0) == len(content)
    except _Incomplete:
        return False


class _UbjsonWalker:
    # each method takes the position where its part begins and returns the position behind it

    def __init__(self, content: bytes) -> None:
        self._content = content

    def value(self, at: int, depth: int) -> int:
        marker = self._take(at, 1)
        return self._payload(marker, at + 1, depth)

    def _payload(self, marker: bytes, at: int, depth: int) -> int:
        if depth > _MAX_DEPTH:
            raise _Incomplete
        if marker in _FIXED:
            return self._skip(at, _FIXED[marker])
        if marker == b"S":
            return self._text(at)
        if marker in {b"[", b"{"}:
            return self._container(marker == b"{", at, depth + 1)
        raise _Incomplete

    def _container(self, keyed: bool, at: int, depth: int) -> int:
        kind = b""
        if self._take(at, 1) == b"$":
            kind, at = self._take(at + 1, 1), at + 2
            if self._take(at, 1) != b"#":
                raise _Incomplete
        if self._take(at, 1) != b"#":
            return self._until_end(keyed, at, depth)
        count, at = self._integer(at + 1)
        if kind in _FIXED and not keyed:
            return self._skip(at, count * _FIXED[kind])
        for _ in range(count):
            at = self._text(at) if keyed else at
            at = self._payload(kind, at, depth) if kind else self.value(at, depth)
        return at

    def _until_end(self, keyed: bool, at: int, depth: int) -> int:
        while self._take(at, 1) != (b"}" if keyed else b"]"):
            at = self._text(at) if keyed else at
            at = self.value(at, depth)
        return at + 1

    def _text(self, at: int) -> int:
        length, at = self._integer(at)
        return self._skip(at, length)

    def _integer(self, at: int) -> tuple[int, int]:
        marker = self._take(at, 1)
        if marker not in _INTEGERS:
            raise _Incomplete
        end = self._skip(at + 1, _FIXED[marker])
        number = int.from_bytes(self._content[at + 1 : end], "big", signed=marker != b"U")
        if number < 0:
            raise _Incomplete
        return number, end

    def _skip(self, at: int, length: int) -> int:
        if at + length > len(self._content):
            raise _Incomplete
        return at + length

    def _take(self, at: int, length: int) -> bytes:
        return self._content[at : self._skip(at, length)]
