"""Recorded market data: files, validated bars, and the faults of the rest.

bar_file     one parquet or CSV file, recognised by its columns
bar_checks   validation of its bars
bar_series   all bars of one symbol and one length, day by day
bar_folder   the files of a folder, read on demand
chains       recorded option chains
bar_table    bars as parquet tables
"""
