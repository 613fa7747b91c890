"""Models and their storage: numbers and trees on disk, never pickles."""
