"""Market data of Interactive Brokers over one read-only connection.

One event loop owns all objects; do not call them from another loop.

=================  ==================================================================================================
``provider``       ``IBProvider``: the port's coroutines and the health that operators see
``connection``     the connection: connect, lose, back off, reconnect, ask for an operator
``connection_health`` issues of the connection, and the time from which its quotes are valid
``session``        one connection from start to end, on ``ib_async``
``feed``           the underlyings' lines, kept subscribed, and the detection of silence
``symbol_outages`` single symbols without a usable price, and since when
``bars`` ``vix``   history requests under IB's pacing
``chain``          today's options: one request for the contracts, then one line per option
``budget``         IB's limits on messages, lines and history requests
``codes``          the host's reaction to each IB code
=================  ==================================================================================================

Freshness is measured by the time at which a quote was received, not by a running loop.
"""
