"""Ways in which a file can go wrong: each takes dice and a good document's bytes and returns what lies on disk."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final

Damage = Callable[[random.Random, bytes], bytes]

TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?|true|false|null')
NASTY: Final = (
    *(b"NaN", b"Infinity", b"-Infinity", b"1e999", b"-1e999", b"1" * 19, b"7" * 5000, b"-0", b"0.0", b"1", b"101.5"),
    *(
        b"true",
        b"false",
        b"null",
        b"[]",
        b"{}",
        b'""',
        b'"HIGH"',
        b'"live"',
        b'"regular"',
        b'"Butterfly"',
        b"[" * 50_000,
    ),
    *(b'"\\ud800"', b'"\\ud83d\\ude00"', b'"\\u0048IGH"', b"'HIGH'", b"True", b"undefined", b'"\x00"', b'["expired"]'),
    *(b'"2024-03-14T15:06:00"', b'"2024-03-14T15:05:30+00:00"', b'"2024-03-14T10:05:30-05:00"', b'"99999-03-14"'),
)
FOREIGN: Final = (
    b"",
    b"\n",
    b"<html><body>502 Bad Gateway</body></html>",
    b"symbol,strategy\nQQQ,Iron_Condor\n",
    b"null",
    b"[]",
    b'"ACTIONABLE"',
    b'{"timestamp": "2024-03-14T15:05:30", "recommendations": {"QQQ": {"preferred_strategy": "Iron_Condor"}}}',
    b'{"schema_version": "1.0", "ml_predictions": true, "recommendations": {"QQQ": {"best_strategy": "Iron_Condor"}}}',
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b" " * (2 * 1024 * 1024 + 1),
)


def flip_a_bit(dice: random.Random, good: bytes) -> bytes:
    """Turn one bit over."""
    place = dice.randrange(len(good))
    return good[:place] + bytes([good[place] ^ 1 << dice.randrange(8)]) + good[place + 1 :]


def write_over(dice: random.Random, good: bytes) -> bytes:
    """Put random bytes in the place of others."""
    place, count = dice.randrange(len(good)), dice.randint(1, 8)
    return good[:place] + dice.randbytes(count) + good[place + count :]


def cut_off(dice: random.Random, good: bytes) -> bytes:
    """End early."""
    return good[: dice.randrange(len(good))]


def cut_out(dice: random.Random, good: bytes) -> bytes:
    """Lose a piece."""
    place = dice.randrange(len(good))
    return good[:place] + good[place + dice.randint(1, 60) :]


def stutter(dice: random.Random, good: bytes) -> bytes:
    """Repeat a piece."""
    place, count = dice.randrange(len(good)), dice.randint(1, 200)
    return good[: place + count] + good[place:]


def tear(dice: random.Random, good: bytes) -> bytes:
    """Mix the head of one write with the tail of another."""
    other = good.replace(b'"seq":', b'"seq":1').replace(b"live", b"stale").replace(b"true", b"false")
    place = dice.randrange(len(good))
    return good[:place] + other[place:]


def trail(dice: random.Random, good: bytes) -> bytes:
    """Let something follow or precede the document."""
    extra = dice.choice((b"\x00", b"}", b"{}", b" \n\t", b"\xef\xbb\xbf", good, dice.randbytes(3)))
    return dice.choice((good + extra, extra + good))


def encode_otherwise(dice: random.Random, good: bytes) -> bytes:
    """Write the right text in the wrong encoding."""
    return good.decode().encode(dice.choice(("utf-16", "utf-32", "utf-7", "utf-8-sig", "utf-16-le")))


def replace_a_token(dice: random.Random, good: bytes) -> bytes:
    """Put something nasty in the place of a key or a value."""
    token = dice.choice(list(TOKEN.finditer(good)))
    return good[: token.start()] + dice.choice(NASTY) + good[token.end() :]


def exchange_tokens(dice: random.Random, good: bytes) -> bytes:
    """Let two keys or values change places."""
    first, second = sorted(dice.sample(list(TOKEN.finditer(good)), 2), key=lambda token: token.start())
    middle = good[first.end() : second.start()]
    return good[: first.start()] + second[0] + middle + first[0] + good[second.end() :]


def double_a_key(dice: random.Random, good: bytes) -> bytes:
    """Say one thing twice, perhaps differently."""
    brace = dice.choice([brace.start() for brace in re.finditer(rb"{", good)])
    key = dice.choice(
        (b"should_trade", b"confidence", b"score", b"halt_reason", b"seq", b"valid_until", b"data_status")
    )
    return good[: brace + 1] + b'"' + key + b'":' + dice.choice(NASTY) + b"," + good[brace + 1 :]


def lose_a_member(dice: random.Random, good: bytes) -> bytes:
    """Leave out a key or an item."""
    document = json.loads(good)
    holder, key = dice.choice(places(document))
    del holder[key]
    return json.dumps(document).encode()


def rename_a_key(dice: random.Random, good: bytes) -> bytes:
    """Call a key otherwise."""
    document = json.loads(good)
    holder, key = dice.choice([place for place in places(document) if isinstance(place[0], dict)])
    holder[dice.choice((key.upper(), f"{key} ", "SPX", "Vertical", "No_Trade"))] = holder.pop(key)
    return json.dumps(document).encode()


def shift_a_time(dice: random.Random, good: bytes) -> bytes:
    """Be stale, or ahead of the reader's clock."""
    document = json.loads(good)
    times = [(holder, key) for holder, key in places(document) if key in {"timestamp", "valid_until"}]
    for holder, key in dice.sample(times, dice.randint(1, len(times))):
        moved = datetime.fromisoformat(holder[key]) + timedelta(seconds=dice.choice((-1, 1)) * dice.randint(1, 4000))
        holder[key] = moved.strftime("%Y-%m-%dT%H:%M:%SZ")
    return json.dumps(document).encode()


def be_foreign(dice: random.Random, good: bytes) -> bytes:
    """Be somebody else's file."""
    return dice.choice(FOREIGN)


COMMON: Final[tuple[Damage, ...]] = (
    *(flip_a_bit, write_over, cut_off, cut_out, stutter, tear, trail, encode_otherwise),
    *(replace_a_token, exchange_tokens, double_a_key, lose_a_member, rename_a_key, shift_a_time),
)


def damaged(dice: random.Random, good: bytes) -> bytes:
    """Damage a document once, sometimes twice, sometimes beyond recognition."""
    if dice.random() < 0.01:
        return be_foreign(dice, good)
    once = dice.choice(COMMON)(dice, good)
    again = dice.choice((flip_a_bit, write_over, stutter)) if once and dice.random() < 0.1 else None
    return again(dice, once) if again else once


def places(document: Any) -> list[tuple[Any, Any]]:
    """Return every (container, key) of a document."""
    found: list[tuple[Any, Any]] = []
    waiting = [document]
    for node in waiting:
        items = node.items() if isinstance(node, dict) else enumerate(node)
        for key, value in items:
            found.append((node, key))
            if isinstance(value, (dict, list)):
                waiting.append(value)
    return found
