"""Concrete trades as numbers that are known when they are entered: terms, payoffs, features and labelled rows."""
