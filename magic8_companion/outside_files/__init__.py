"""Read files of others: plain files only, with limits on bytes, rows and memory, and text that a terminal can show.

plain_files  open a file or refuse it with one sentence
parquet      columns of a parquet file whose decoded size is bounded
printable    text without control characters
"""
