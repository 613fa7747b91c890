"""Framing: whatever is written is read, however the network cuts it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from magic8_companion.testing.wire import (
    LONGEST_FRAME,
    FieldReader,
    FrameReader,
    Hello,
    ProtocolError,
    frame,
    read_hello,
    split,
)

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
MESSAGES = st.lists(st.lists(TEXT, min_size=1, max_size=8), max_size=8)


@given(messages=MESSAGES, cuts=st.lists(st.integers(1, 9), min_size=1))
def test_messages_survive_any_segmentation(messages: list[list[str]], cuts: list[int]) -> None:
    """What is framed by one side is what the other side reads, in pieces of any size."""
    stream = b"API\0" + b"".join(frame(fields) for fields in messages)
    reader, read, place, turn = FrameReader(), [], 0, 0
    while place < len(stream):
        size = cuts[turn % len(cuts)]
        read += [split(payload) for payload in reader.feed(stream[place : place + size])]
        place, turn = place + size, turn + 1
    assert read == messages


@given(
    number=st.floats(allow_nan=False, allow_infinity=False, width=64).filter(lambda x: abs(x) < 1e300),
    whole=st.integers(-(2**31) + 1, 2**31 - 2),
    flag=st.booleans(),
    text=TEXT,
)
def test_fields_come_back_as_the_values_they_were(number: float, whole: int, flag: bool, text: str) -> None:
    """Numbers keep every digit, booleans are 1 and 0, and what is not set reads as zero."""
    reader = FieldReader(split(frame([number, whole, flag, text, None])[4:]))
    assert (reader.number(), reader.integer(), reader.flag(), reader.text()) == (number, whole, flag, text)
    assert reader.number() == 0.0
    assert reader.left == 0


@pytest.mark.parametrize("unset", ["", "2147483647", "1.7976931348623157e+308"])
def test_the_values_for_unset_read_as_zero(unset: str) -> None:
    """A client may send its own constants for a value that is not set."""
    assert FieldReader([unset]).number() == 0.0


@pytest.mark.parametrize(
    ("payload", "hello"),
    [
        (b"v157..178", Hello(minimum=157, maximum=178)),
        (b"v100", Hello(minimum=100, maximum=100)),
        (b"v157..178 +PACEAPI", Hello(minimum=157, maximum=178, options="+PACEAPI")),
    ],
)
def test_a_greeting_names_the_versions(payload: bytes, hello: Hello) -> None:
    """The range, a single version and connect options are understood."""
    assert read_hello(payload) == hello


@pytest.mark.parametrize("payload", [b"", b"157..178", b"GET / HTTP/1.1", b"v1..2..3", b"v99999..1"])
def test_another_greeting_is_refused(payload: bytes) -> None:
    """Whoever greets otherwise does not speak the protocol."""
    with pytest.raises(ProtocolError):
        read_hello(payload)


def test_a_stream_without_the_preamble_is_refused() -> None:
    """A browser that knocks at the port is told apart from the first byte on."""
    with pytest.raises(ProtocolError, match="opens with b'GE'"):
        FrameReader().feed(b"GE")


def test_an_absurd_length_is_refused() -> None:
    """A length beyond any message means that framing is lost."""
    with pytest.raises(ProtocolError, match="longer than any message"):
        FrameReader(b"").feed((LONGEST_FRAME + 1).to_bytes(4, "big"))


def test_what_is_wrong_with_a_message_is_named() -> None:
    """A missing end, a missing field and a word for a number are told apart."""
    with pytest.raises(ProtocolError, match="does not end"):
        split(b"9\x008")
    with pytest.raises(ProtocolError, match="ends after 1 fields"):
        FieldReader(["9"]).skip(2)
    with pytest.raises(ProtocolError, match="field 1 is 'x', not a number"):
        FieldReader(["x"]).number()


@pytest.mark.parametrize("text", ["nan", "inf", "0.5", "-Infinity"])
def test_an_integer_is_whole(text: str) -> None:
    """A count or an id that is no whole number is refused, not rounded."""
    with pytest.raises(ProtocolError, match="not an integer"):
        FieldReader([text]).integer()
