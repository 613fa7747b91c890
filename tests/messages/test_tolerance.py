"""How a line looks does not matter: case, blanks, marks, fences, emoji, line ends, order of strikes."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_ml.messages import EnhancedDiscordParser
from tests.messages.messages_of_the_contract import BUTTERFLY, CONDOR, ORDERS, SEED, VERTICAL

PARSER = EnhancedDiscordParser()

DISGUISES = {
    "lower case": str.lower,
    "upper case": str.upper,
    "bold": lambda line: f"**{line}**",
    "bold action": lambda line: line.replace("SELL", "**SELL**").replace("BUY", "**BUY**"),
    "inline code": lambda line: f"`{line}`",
    "fence": lambda line: f"```\n{line}\n```",
    "underlined": lambda line: f"__{line}__",
    "italic": lambda line: f"_{line}_",
    "emoji around": lambda line: f"\U0001f680 {line} \U0001f525",
    "emoji within": lambda line: line.replace(" SPX ", " \U0001f4c8 SPX \ufe0f"),
    "no-break blanks": lambda line: line.replace(" ", "\u00a0"),
    "extra blanks": lambda line: line.replace(" ", "  "),
    "tabs": lambda line: line.replace(" ", "\t"),
    "CRLF": lambda line: f"note\r\n{line}\r\nnote",
    "quoted": lambda line: f"> {line}",
    "bullet": lambda line: f"- {line}",
    "numbered": lambda line: f"7. {line}",
    "labelled": lambda line: f"Trade idea: {line}",
    "time stamp": lambda line: f"[09:35] {line}",
    "long minus": lambda line: line.replace("-1", "\u22121"),
    "wide signs": lambda line: line.replace("-1", "\uff0d1").replace("+1", "\uff0b1"),
    "zero width": lambda line: line.replace("SPX", "SP\u200bX"),
    "mark of an edit": lambda line: f"{line} (edited) !!!",
    "dollar signs": lambda line: line.replace("@", "@$"),
    "blank after at": lambda line: line.replace("@", "@ "),
    "thousands": lambda line: line.replace("/5", "/5,").replace(" 5", " 5,"),
}


@pytest.mark.parametrize("name", DISGUISES)
@pytest.mark.parametrize("line", [BUTTERFLY, VERTICAL, CONDOR], ids=["butterfly", "vertical", "condor"])
def test_a_disguised_order_is_the_same_order(name: str, line: str) -> None:
    """Each disguise reads as the plain line."""
    (plain,) = PARSER.parse(line).trades
    message = PARSER.parse(DISGUISES[name](line))
    assert [trade.order for trade in message.trades] == [plain.order], message.errors


@pytest.mark.parametrize("line", [BUTTERFLY, VERTICAL], ids=["butterfly", "vertical"])
def test_strikes_may_stand_in_any_order(line: str) -> None:
    """Risk, reward and break-evens do not depend on how strikes are written."""
    (plain,) = PARSER.parse(line).trades
    written = line.split("25 ")[1].split(" ", maxsplit=1)[0]
    for order in itertools.permutations(written.split("/")):
        (trade,) = PARSER.parse(line.replace(written, "/".join(order))).trades
        assert trade.risk == plain.risk


def test_a_condor_without_a_right_may_stand_in_any_order() -> None:
    """Four strikes make one iron condor; an explicit CALL/PUT may ascend, descend or swap within its pairs."""
    (plain,) = PARSER.parse(CONDOR).trades
    bare = CONDOR.replace("CALL/PUT ", "")
    for order in itertools.permutations(["5905", "5910", "5780", "5775"]):
        (trade,) = PARSER.parse(bare.replace("5905/5910/5780/5775", "/".join(order))).trades
        assert trade.risk == plain.risk
    for written in ("5775/5780/5905/5910", "5910/5905/5780/5775", "5910/5905/5775/5780"):
        (trade,) = PARSER.parse(CONDOR.replace("5905/5910/5780/5775", written)).trades
        assert trade.risk == plain.risk


@pytest.mark.parametrize(
    ("name", "strategy"),
    [
        ("Iron Condor", "Iron_Condor"),
        ("IronCondor", "Iron_Condor"),
        ("Iron_Condor", "Iron_Condor"),
        ("iron-condor", "Iron_Condor"),
        ("Condor", "Iron_Condor"),
        ("Sonar", "Sonar"),
    ],
)
def test_condor_names_are_aliases_and_a_sonar_is_its_own(name: str, strategy: str) -> None:
    """All spellings of a condor are one strategy; a Sonar is kept apart."""
    (trade,) = PARSER.parse(CONDOR.replace("Iron Condor", name)).trades
    assert trade.order.strategy == strategy


@pytest.mark.parametrize("name", ["Vertical", "Vertical Spread", "Put Spread", "Put Vertical", "vertical_spread"])
def test_vertical_names_are_aliases(name: str) -> None:
    """All spellings of a vertical are one strategy."""
    (trade,) = PARSER.parse(VERTICAL.replace("Vertical", name)).trades
    assert trade.order.strategy == "Vertical"


@pytest.mark.parametrize("when", ["22 May 25", "22 MAY 2025", "22May25", "2025-05-22", "5/22/25", "05/22/2025"])
def test_every_way_to_write_a_date_is_read(when: str) -> None:
    """A date is never taken for strikes."""
    (trade,) = PARSER.parse(BUTTERFLY.replace("22 May 25", when)).trades
    (plain,) = PARSER.parse(BUTTERFLY).trades
    assert trade.order == plain.order


def test_lines_may_stand_in_any_order() -> None:
    """Shuffling the lines of a message changes neither its predictions nor what its trade says."""
    plain = PARSER.parse(SEED)
    for seed in range(20):
        lines = SEED.split("\n")
        random.Random(seed).shuffle(lines)
        message = PARSER.parse("\n".join(lines))
        assert message.predictions == plain.predictions
        assert [trade.order for trade in message.trades] == [trade.order for trade in plain.trades]
        assert message.trades[0].predictions.short_term == 5860.0


@given(
    st.lists(st.sampled_from([expected.line for expected in ORDERS]), max_size=8),
    st.sampled_from(["\n", "\r\n", "\n\n"]),
)
def test_several_orders_in_one_message_are_read_one_by_one(lines: list[str], between: str) -> None:
    """A message of several orders gives the trades of its lines, in order."""
    message = PARSER.parse(between.join(lines))
    assert [trade.order for trade in message.trades] == [PARSER.parse(line).trades[0].order for line in lines]
    assert message.errors == ()
