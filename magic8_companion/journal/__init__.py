"""The journal: what was decided, seen and settled, as chained lines that are only ever appended.

It is the truth of an output folder; the store (:mod:`magic8_companion.store`) is its projection.
"""
