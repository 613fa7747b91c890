"""The formats that Magic8 and the traders use, one of each."""

from __future__ import annotations

from typing import Final, NamedTuple

SEED: Final = """SPX 0DTE Analysis
Price: 5855.50
Predicted Close: 5862
Short term: 5860
Long term: 5865
Butterfly: Neutral bias with a center strike
BUY +1 Butterfly SPX 100 22 May 25 5905/5855/5805 CALL @24.82 LMT"""

ALERT: Final = """Magic8 Alert SPX
Price: 5,860
Predicted Close: 5875
Short term: 0.65
Long term: 0.7
Target 1: 5885
Target 2: 5895"""

POSITIONS: Final = "C5000/C5010/C5020   P4900/P4905   P4900/P4905_C5100/C5105"

OBJECT: Final = """{"symbol":"SPX","trend":"Bull","strength":"strong","range":[5840,5890],"targets":[5885,5895],
"levels":{"center":5855,"delta":5860},"example_trades":{
"butterfly":{"strikes":"5905/5855/5805","type":"CALL","price":24.82,"action":"BUY"},
"iron_condor":{"strikes":[5905,5910,5780,5775],"type":"CALL/PUT","price":0.43,"action":"SELL"},
"vertical":{"strikes":"5820/5815","type":"PUT","price":"0.9","action":"SELL"}}}"""


class Expected(NamedTuple):
    """An order line and what it must come to: dollars for the whole quantity, break-evens in points."""

    line: str
    terms: str
    risk: float
    reward: float
    breakevens: tuple[float, ...]


BUTTERFLY: Final = "BUY +1 Butterfly SPX 100 22 May 25 5905/5855/5805 CALL @24.82 LMT"
VERTICAL: Final = "SELL -1 Vertical SPX 100 22 May 25 5820/5815 PUT @.9 LMT"
CONDOR: Final = "SELL -1 Iron Condor SPX 100 22 May 25 5905/5910/5780/5775 CALL/PUT @0.43 LMT"

ORDERS: Final = (
    Expected(BUTTERFLY, "BUY 1 Butterfly CALL 24.82 debit", 2482, 2518, (5829.82, 5880.18)),
    Expected(
        "SELL -1 Vertical SPX 100 11 Jun 25 6000/6005 CALL @0.5 LMT",
        "SELL 1 Vertical CALL 0.5 credit",
        450,
        50,
        (6000.5,),
    ),
    Expected(VERTICAL, "SELL 1 Vertical PUT 0.9 credit", 410, 90, (5819.1,)),
    Expected(
        "SELL -1 Butterfly SPX 100 11 Jun 25 6000/6010/6020 CALL @1.0 LMT",
        "SELL 1 Butterfly CALL 1.0 credit",
        900,
        100,
        (6001, 6019),
    ),
    Expected(CONDOR, "SELL 1 Iron_Condor CALL/PUT 0.43 credit", 457, 43, (5779.57, 5905.43)),
    Expected(
        "SELL -1 Sonar SPX 100 11 Jun 25 6000/6005/5950/5945 CALL/PUT @0.65 LMT",
        "SELL 1 Sonar CALL/PUT 0.65 credit",
        435,
        65,
        (5949.35, 6000.65),
    ),
    Expected(
        "BUY +1 BUTTERFLY SPX 100 (Weeklys) 4 SEP 26 6530/6555/6560 CALL @1.30 LMT",
        "BUY 1 Butterfly CALL 1.3 debit",
        130,
        2370,
        (6531.3,),
    ),
    Expected(
        "BUY +1 VERTICAL SPX 100 (Weeklys) 4 SEP 26 6530/6555 CALL @1.30 LMT",
        "BUY 1 Vertical CALL 1.3 debit",
        130,
        2370,
        (6531.3,),
    ),
    Expected(
        "BOT +3 BUTTERFLY SPX 100 (Weeklys) 9 JUL 21 4345/4365/4385 CALL @4.15",
        "BOT 3 Butterfly CALL 4.15 debit",
        1245,
        4755,
        (4349.15, 4380.85),
    ),
    Expected(
        "BOT +1 BUTTERFLY SPX 100 (Weeklys) 10 APR 26 6700/6600/6500 PUT @18.75 CBOE",
        "BOT 1 Butterfly PUT 18.75 debit",
        1875,
        8125,
        (6518.75, 6681.25),
    ),
    Expected(
        "#462 NEW BOT +1 BUTTERFLY SPX 100 (Weeklys) 28 OCT 20 3480/3490/3540 CALL @-.90cr CBOE",
        "BOT 1 Butterfly CALL 0.9 credit",
        3910,
        1090,
        (3500.9,),
    ),
    Expected(
        "SELL 1 SPX 15 NOV 5850/5875/5900 Butterfly for 2.0 credit",
        "SELL 1 Butterfly - 2.0 credit",
        2300,
        200,
        (5852, 5898),
    ),
    Expected(
        "BUY 2 SPX 15 NOV 5800/5900/6000/6100 Iron Condor for 3.5 debit",
        "BUY 2 Iron_Condor CALL/PUT 3.5 debit",
        700,
        19300,
        (5896.5, 6003.5),
    ),
    *(
        Expected(
            f"SELL 1 SPX 15 NOV 5900/5950 {side.title()} {name} for 1.5 credit",
            f"SELL 1 Vertical {side} 1.5 credit",
            4850,
            150,
            (level,),
        )
        for side, level in (("CALL", 5901.5), ("PUT", 5948.5))
        for name in ("Vertical", "Spread")
    ),
)
