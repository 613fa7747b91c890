"""Prove what the models can do: purged by day, against every baseline, with intervals."""
