"""What is wrong with an installation, and what to do about it, before a trading day depends on it.

check     one finding: what was looked at, what was seen, how to repair it
machine   packages, clock, zone data, calendar, folders, a second host, the kill switch
model     whether the ML would answer
fixes     what to do about a reason that a feed gives
feed      one question of each kind to the feed, each with a time limit
command   ``python -m magic8_companion doctor``
"""
