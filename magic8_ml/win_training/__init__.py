"""Fitting the models of win probabilities: trees on cores or a cluster, offsets and choices by walk-forward."""
