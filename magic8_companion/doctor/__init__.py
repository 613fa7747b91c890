"""Check an installation before a trading day, and show how to fix problems.

check     one result: name, status, result and fix
machine   packages, clock, zone data, calendar, folders, a second host, the kill switch
model     whether the ML answers
fixes     fixes for the reasons of a feed
feed      one request of each kind to the feed, each with a time limit
command   ``python -m magic8_companion doctor``
"""
