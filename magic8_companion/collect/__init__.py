"""History in daily files: asked for with patience, written once, checked by the reader of replay and training.

history      what a source must offer
day_files    one parquet file per symbol and day, and notes where something is wrong
questions    which days are still to be asked for, and in which portions
collector    asks, waits, judges, writes; may be killed at any moment
report       what the folder holds and what is wrong with it
command      ``python -m magic8_companion collect``
"""
