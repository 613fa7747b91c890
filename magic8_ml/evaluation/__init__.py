"""Evaluate both models: walk-forward, baselines on the same rows, proper scores, intervals by day, goals, a report."""
