"""Simulate a gateway: a TCP server that speaks IB's text protocol, with faults on demand.

``server.SimulatedGateway`` runs inside a test, ``python -m magic8_companion.testing.gateway`` next to any bot.  Its
market is simulated or recorded, its time is that of a clock, and a scenario defines the faults and their times.
"""
