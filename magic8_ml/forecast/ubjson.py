"""Read UBJSON with bounds before XGBoost does, whose reader ends the process on a torn file.

Draft 12 of the format: containers, lengths, fixed-size numbers, texts.  A count is bounded by the bytes that are left,
also for values that take none, the nesting by a constant, and no key may come twice, because two readers could then see
two models.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

_NUMBERS: Final = {
    b"i": ">i1",
    b"U": ">u1",
    b"I": ">i2",
    b"l": ">i4",
    b"L": ">i8",
    b"d": ">f4",
    b"D": ">f8",
    b"C": ">u1",
}
_CONSTANTS: Final = {b"Z": None, b"N": None, b"T": True, b"F": False}
_INTEGERS: Final = b"iUIlL"
_MAX_DEPTH: Final = 64


def read_object(content: bytes) -> dict[str, Any]:
    r"""Return the one object that ``content`` is; containers of one type of number are arrays.

    >>> read_object(b"{U\x01a[$U#U\x02\x07\x08}")
    {'a': array([7, 8], dtype=uint8)}

    Raises
    ------
    ValueError
        When the bytes end or stray where a value was due, a count or the nesting is out of bounds, or a key comes
        twice.
    """
    if content[:1] != b"{":
        raise ValueError("it does not begin with an object")
    value: dict[str, Any]
    value, end = _Reader(content).value(0, 0)
    if end != len(content):
        raise ValueError(f"{len(content) - end} bytes follow its end")
    return value


def is_whole_object(content: bytes) -> bool:
    r"""Tell whether ``content`` is exactly one complete UBJSON object.

    >>> is_whole_object(b"{U\x01a[$U#U\x02\x07\x08}"), is_whole_object(b"{U\x01a[$U#U\x02\x07")
    (True, False)
    """
    try:
        read_object(content)
    except ValueError:
        return False
    return True


class _Reader:
    # each method takes the position where its part begins and returns the value and the position behind it

    def __init__(self, content: bytes) -> None:
        self._content = content

    def value(self, at: int, depth: int) -> tuple[Any, int]:
        return self._payload(self._take(at, 1), at + 1, depth)

    def _payload(self, marker: bytes, at: int, depth: int) -> tuple[Any, int]:
        if marker in _CONSTANTS:
            return _CONSTANTS[marker], at
        if marker in _NUMBERS:
            numbers, at = self._numbers(marker, 1, at)
            return numbers[0].item(), at
        if marker == b"S":
            return self._text(at)
        if marker in {b"[", b"{"}:
            return self._container(marker == b"{", at, depth + 1)
        raise ValueError(f"it has the unknown marker {marker!r}")

    def _container(self, keyed: bool, at: int, depth: int) -> tuple[Any, int]:
        if depth > _MAX_DEPTH:
            raise ValueError(f"it is nested more than {_MAX_DEPTH} deep")
        kind = b""
        if self._take(at, 1) == b"$":
            kind, at = self._take(at + 1, 1), at + 2
            if self._take(at, 1) != b"#":
                raise ValueError("it has a typed container without a count")
        if self._take(at, 1) != b"#":
            return self._open_ended(keyed, at, depth)
        count, at = self._count(at + 1)
        if kind in _NUMBERS and not keyed:
            return self._numbers(kind, count, at)
        return self._counted(keyed, kind, count, at, depth)

    def _counted(self, keyed: bool, kind: bytes, count: int, at: int, depth: int) -> tuple[Any, int]:
        items: list[tuple[str, Any]] = []
        for _ in range(count):
            key, at = self._text(at) if keyed else ("", at)
            value, at = self._payload(kind, at, depth) if kind else self.value(at, depth)
            items.append((key, value))
        return _container(keyed, items), at

    def _open_ended(self, keyed: bool, at: int, depth: int) -> tuple[Any, int]:
        items: list[tuple[str, Any]] = []
        while self._take(at, 1) != (b"}" if keyed else b"]"):
            key, at = self._text(at) if keyed else ("", at)
            value, at = self.value(at, depth)
            items.append((key, value))
        return _container(keyed, items), at + 1

    def _text(self, at: int) -> tuple[str, int]:
        length, at = self._count(at)
        return self._take(at, length).decode(), at + length

    def _count(self, at: int) -> tuple[int, int]:
        marker = self._take(at, 1)
        if marker not in _INTEGERS:
            raise ValueError("it has a length that is no integer")
        numbers, at = self._numbers(marker, 1, at + 1)
        count: int = numbers[0].item()
        if not 0 <= count <= len(self._content) - at:
            raise ValueError(f"it has a count of {count} with {len(self._content) - at} bytes left")
        return count, at

    def _numbers(self, marker: bytes, count: int, at: int) -> tuple[np.ndarray[Any, Any], int]:
        kind = np.dtype(_NUMBERS[marker])
        end = at + count * kind.itemsize
        numbers = np.frombuffer(self._take(at, end - at), dtype=kind)
        return numbers.astype(kind.newbyteorder("=")), end

    def _take(self, at: int, length: int) -> bytes:
        if at + length > len(self._content):
            raise ValueError("it is not whole")
        return self._content[at : at + length]


def _container(keyed: bool, items: list[tuple[str, Any]]) -> dict[str, Any] | list[Any]:
    if not keyed:
        return [value for _, value in items]
    found = dict(items)
    if len(found) < len(items):
        raise ValueError("it has a key twice")
    return found
