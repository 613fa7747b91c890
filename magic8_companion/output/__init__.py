"""What leaves the process: documents, the one atomic writer, archive, journal, state, lock."""
