"""A gateway to test against: our own TCP server that speaks IB's text protocol and misbehaves on demand.

``server.SimulatedGateway`` runs inside a test, ``python -m magic8_companion.testing.gateway`` beside any bot.  The
market behind it is simulated or recorded, its time is a clock's, and a scenario says what goes wrong and when.
"""
