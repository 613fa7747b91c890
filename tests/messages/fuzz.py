"""Seeded nonsense: real lines that were cut, doubled, swapped and sprinkled, and plain noise."""

from __future__ import annotations

import random
from collections.abc import Iterator

from tests.messages.messages_of_the_contract import ALERT, OBJECT, ORDERS, POSITIONS, SEED

_SEEDS = (SEED, ALERT, OBJECT, POSITIONS, *(expected.line for expected in ORDERS))
_TOKENS = """BUY SELL BOT SOLD @ / // , . .. - + cr db CALL PUT C/P (Weeklys) 100 0 1e9 999999999999 @-.90cr 5/22/25 22
May 25 Sonar: Price: Predicted Close: { } [ ] " : = # #462 NEW ** ``` _ | > for credit debit SPX NDX IWM Butterfly
Iron Condor Vertical 5905/5855/5805 nan inf"""
_SPRINKLES = (*_TOKENS.split(), *"\u00a0\u200b\U0001f680\u00bd\u0663\x00\x0c\r\n\t")


def nonsense(count: int, seed: int) -> Iterator[str]:
    """Yield ``count`` texts; the same seed gives the same texts."""
    rnd = random.Random(seed)
    for _ in range(count):
        if rnd.random() < 0.1:
            yield "".join(
                chr(rnd.choice((rnd.randrange(128), rnd.randrange(0x2FFF)))) for _ in range(rnd.randrange(80))
            )
            continue
        text = rnd.choice(_SEEDS)
        for _ in range(rnd.randrange(1, 5)):
            text = _damage(text, rnd)
        yield text


def _damage(text: str, rnd: random.Random) -> str:
    begin = rnd.randrange(len(text) + 1)
    end = min(len(text), begin + rnd.randrange(12))
    kind = rnd.randrange(5)
    if kind == 0:
        return text[:begin] + text[end:]
    if kind == 1:
        return text[:begin] + text[begin:end] * rnd.randrange(2, 5) + text[end:]
    if kind == 2:
        return text[:begin] + rnd.choice(_SPRINKLES) + text[begin:]
    if kind == 3:
        tokens = text.split(" ")
        rnd.shuffle(tokens)
        return " ".join(tokens)
    return text[:begin] + chr(rnd.choice((rnd.randrange(32, 127), rnd.randrange(0xD800)))) + text[end:]
