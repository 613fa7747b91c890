"""Labelled trades from the ingested history and from the simulated ledger, each with the market it was entered in."""
