"""Grammar of order lines as patterns over upper-case text: whole lines, and the parts for error messages.

    long   action [sign]quantity strategy symbol multiplier [(Weeklys)] date strikes right
           @price[cr|db] [type] [exchange]
    short  action quantity symbol date strikes strategy-with-right for price [credit|debit]

Every repetition is bounded, which bounds the time per line.
"""

from __future__ import annotations

import re
from typing import Final

from magic8_companion.domain.strategy import MAGIC8_SYMBOLS
from magic8_ml.messages.dates import EXPIRY
from magic8_ml.messages.text import NUMBER

_BOUNDARY: Final = r"(?![A-Z0-9])"
_STRATEGY: Final = (
    r"\s*(?:(?:(?P<side>CALL|PUT)\s{1,3})?(?P<name>(?:BROKEN[\s_-]{1,3}(?:WING[\s_-]{1,3})?|IRON[\s_-]{0,3})?BUTTERFLY"
    r"|(?:IRON[\s_-]{0,3})?CONDOR|SONAR|VERTICAL(?:[\s_-]{1,3}SPREAD)?)"
    rf"|(?P<spread>CALL|PUT)[\s_-]{{1,3}}SPREAD){_BOUNDARY}"
)
_QUANTITY: Final = r"\s*(?P<sign>[+-])?\s*(?P<count>\d{1,6})?(?=\s)"
_SYMBOL: Final = rf"\s*\$?(?P<symbol>[A-Z]{{1,12}}){_BOUNDARY}"
_MULTIPLIER: Final = r"(?:\s{1,9}(?P<multiplier>\d{1,5})(?=\s))?"
_CYCLE: Final = r"(?:\s*[(\[]\s*(?P<cycle>[A-Z]{1,12})\s*[)\]])?"
_SETTLEMENT: Final = r"(?:\s*[(\[]\s*(?P<settlement>[AP]M)\s*[)\]])?"
_STRIKES: Final = rf"\s*(?P<strikes>{NUMBER}(?:\s?/\s?{NUMBER}){{0,9}})(?![\d.,/A-Z])"
_RIGHT: Final = r"(?:\s*(?P<right>CALLS?/PUTS?|PUTS?/CALLS?|C/P|P/C|CALLS?|PUTS?|C|P)(?![A-Z0-9/]))?"
_PRICE: Final = (
    rf"\s*(?:@|FOR\b|AT\b)\s*(?P<minus>[+-])?\s*\$?\s*(?P<minus2>[+-])?(?P<price>{NUMBER})(?![\d.,]*\d)(?![^\x00-\x7f])[.,]?"
    rf"(?:\s*\(?\s*(?P<effect>CREDIT|DEBIT|CR|DB)\s*\)?)?{_BOUNDARY}"
)
_ORDER_TYPE: Final = (
    rf"(?:\s*(?P<type>(?:LMT|LIMIT|MKT|MARKET|STP|STOP|MOC|DAY|GTC)(?:\s{{1,3}}(?:DAY|GTC))?){_BOUNDARY})?"
)
_EXCHANGE: Final = (
    r"(?:\s*(?P<exchange>CBOE|C2|BOX|ISE|GEMINI|MERCURY|PHLX|AMEX|ARCA|NYSE|NASDAQ|BATS|EDGX|MIAX|PEARL|EMLD|MEMX|SMART"
    rf"|BEST){_BOUNDARY})?"
)
_END: Final = r"(?=\s*$|\s*[^\w\s]|\s{2}|\t)"
_LEGS_AND_DATE: Final = f"{_MULTIPLIER}{_CYCLE}{EXPIRY}{_SETTLEMENT}{_STRIKES}"
_CLOSING: Final = f"{_PRICE}{_ORDER_TYPE}{_EXCHANGE}{_END}"

ACTION: Final = re.compile(r"\b(?:BUY|SELL|BOT|SOLD)(?![A-Z])", re.ASCII)
OTHER_ACTION: Final = re.compile(
    r"\b(?:[BS]TO|[BS]TC|BUYING|SELLING|BOUGHT|LONG|SHORT|OPEN(?:ED|ING)?|CLOS(?:E|ED|ING)|ADD(?:ED|ING)?|ROLL(?:ED|ING)?)\b",
    re.ASCII,
)
"""Words that other channels use for BUY and SELL; some of them close a position, so that none is read."""
ABBREVIATED_ACTION: Final = re.compile(r"\b(?:[BS]TO|[BS]TC)\b[^@]{0,60}@\s{0,3}\$?[\d.]", re.ASCII)
LONG: Final = re.compile(f"{_QUANTITY}{_STRATEGY}{_SYMBOL}{_LEGS_AND_DATE}{_RIGHT}{_CLOSING}", re.ASCII)
SHORT: Final = re.compile(f"{_QUANTITY}{_SYMBOL}{_LEGS_AND_DATE}{_STRATEGY}{_RIGHT}{_CLOSING}", re.ASCII)

QUANTITY: Final = re.compile(_QUANTITY, re.ASCII)
STRATEGY: Final = re.compile(_STRATEGY, re.ASCII)
SYMBOL: Final = re.compile(_SYMBOL, re.ASCII)
BEFORE_DATE: Final = re.compile(f"{_MULTIPLIER}{_CYCLE}", re.ASCII)
DATE: Final = re.compile(f"{EXPIRY}{_SETTLEMENT}", re.ASCII)
STRIKES: Final = re.compile(_STRIKES, re.ASCII)
RIGHT: Final = re.compile(_RIGHT, re.ASCII)
PRICE: Final = re.compile(_PRICE, re.ASCII)

DIGIT_NEXT: Final = re.compile(r"\s*[+\-\d]", re.ASCII)
STRIKE_LIKE: Final = re.compile(r"\s*[\d,.]{1,20}[^\s@]{0,20}", re.ASCII)
PRICE_LIKE: Final = re.compile(r"\s*(?:@|FOR\b|AT\b)[^\d@]{0,6}\d", re.ASCII)
KNOWN_SYMBOL: Final = re.compile(rf"\b(?:{'|'.join(MAGIC8_SYMBOLS)}|SPXW|NDXP|RUTW)\b", re.ASCII)
LABEL: Final = re.compile(
    r"(?:\s|[^\w\s]|\b(?:NEW|ALERT|TRADE|SIGNAL|ORDER|ENTRY|SETUP|IDEA|MAGIC8?|SONAR|0DTE|EVERYONE|HERE|AM|PM|ET|EST|EDT"
    rf"|{'|'.join(MAGIC8_SYMBOLS)}|SPXW|NDXP|RUTW)\b|<@&?\d{{1,20}}>|#\d{{1,18}}\b|\b\d{{1,3}}(?=[.):])|\d{{1,2}}:\d{{2}}(?::\d{{2}})?)*",
    re.ASCII,
)
"""What may stand before an order: marks, numbers of alerts and lines, a time, mentions, and these words."""
REMARK: Final = re.compile(r"(?:\s|[^\w\s+\-/]|\b(?:GTC|DAY|EDITED|NEW|EVERYONE|HERE)\b|<@&?\d{1,20}>)*", re.ASCII)
"""What may stand after an order: marks and these words; any other remark could take the order back."""
ALERT_NUMBER: Final = re.compile(r"#(\d{1,18})(?!\d)", re.ASCII)
LETTERS: Final = re.compile(r"[A-Z]{1,40}", re.ASCII)

# two numbers of at least two digits joined by a slash that are not a date such as 5/22/25
SOME_STRIKES: Final = re.compile(
    r"(?<![\d/.])(?!\d{1,2}/\d{1,2}/\d{2,4}(?![\d/]))\d[\d,]{1,9}(?:\.\d{1,6})?\s?/\s?\d[\d,]", re.ASCII
)
