"""Seal a document: its ``content_hash`` proves that the bytes of the file belong together.

The hash is the SHA-256 of the file's own bytes in which the 64 hexadecimal digits of the hash are 0.  Anybody can check
it with the standard library:

    claimed = json.loads(data)["content_hash"]
    sha256(data.replace(claimed.encode(), b"0" * 64)).hexdigest() == claimed
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import orjson

_KEY: Final = b'"content_hash":"'
_UNSEALED: Final = b"0" * 64


def sealed(data: bytes) -> bytes:
    """Return the text of a document with its hash in place of the zeros.

    >>> sealed(b'{"content_hash":"' + b"0" * 64 + b'"}')[17:27]
    b'e4c172c2fe'

    Raises
    ------
    ValueError
        When the text has no hash of zeros.
    """
    before, key, after = data.partition(_KEY + _UNSEALED)
    if not key:
        raise ValueError("the document has no content_hash of zeros")
    return before + _KEY + sha256(data).hexdigest().encode() + after


def is_sealed(data: bytes) -> bool:
    """Tell whether the bytes of a document belong to its hash.

    >>> is_sealed(sealed(b'{"content_hash":"' + b"0" * 64 + b'"}'))
    True
    """
    try:
        claimed = orjson.loads(data)["content_hash"].encode()
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return False
    return bool(sha256(data.replace(claimed, _UNSEALED)).hexdigest().encode() == claimed)
