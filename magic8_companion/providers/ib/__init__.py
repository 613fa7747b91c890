"""Market data of Interactive Brokers over one connection that can only read.

One loop owns everything here; nothing may be called from another.

=================  ==================================================================================================
``provider``       ``IBProvider``: the port's coroutines and the health that operators see
``connection``     the life of the connection: connect, lose, back off, come back, ask for a human
``health``           what the connection is worth at a moment, and from when on its quotes are believed
``session``        one connection from birth to death, on ``ib_async``; the only module that imports it
``feed``           the underlyings' lines, kept subscribed, and the watch that hears silence
``symbol_outages`` which symbols alone have no usable price, and since when
``bars`` ``vix``   history requests under IB's pacing
``chain``          today's options: one request for the contracts, then lines in turns
``budget``         messages, lines and history requests as IB limits them
``codes``          what each of IB's codes means to the host
=================  ==================================================================================================

A quote counts by the time it was received, never because a loop is running: liveness is fresh data.
"""
