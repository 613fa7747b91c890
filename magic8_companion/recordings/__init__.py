"""Market data that somebody recorded: which file holds what, what of it may be believed, and why the rest may not.

bar_file     one parquet or CSV file, recognised by its columns
bar_checks   what is wrong with its bars
bar_series   all bars of one symbol and one length, day by day
bar_folder   the files of a folder, read when asked for
chains       the option chains beside them
bar_table    bars as tables to be written
"""
