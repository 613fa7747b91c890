"""Publish documents: archive, journal, state, and the one atomic writer."""
