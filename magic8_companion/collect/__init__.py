"""Collect history into daily files, which the reader of replay and training checks.

history      the interface of a source
day_files    one parquet file per symbol and day, and notes about faults
questions    the days to request, in portions
collector    requests, waits, validates, writes; may be killed at any time
report       the days and faults of the folder
command      ``python -m magic8_companion collect``
"""
