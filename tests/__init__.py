"""The tests; ``python -m tests.check`` runs them with every other check."""
