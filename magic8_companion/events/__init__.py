"""The events of a trading day: Federal Reserve statements, expiries, period ends, releases of the user's file.

``calendar`` answers what is known of a day at a time; ``statements`` and ``rules`` are built in, ``user_file`` reads
what the user adds.
"""
