"""Simulated trades: what each structure would have paid on real bars, at premia that are modelled and anchored.

inputs       recorded bars and daily VIX rows
days         complete sessions as matrices
entries      the moments at which is traded, and what the VIX implies there
draws        smile and geometry of a day, from a seeded stream
structures   six structures on listed strikes
premium      Black prices on a smile
anchor       the past-only adjustment to zero expected value at mid
costs        three scenarios
trades       all of it together, one symbol and one price maker at a time
table        the rows as they stand on disk
report       counts, base rates, anchoring residual, limits
"""
