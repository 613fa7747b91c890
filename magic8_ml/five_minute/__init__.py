"""The parts of a 5-minute prediction: when it runs, what it sees, what it says."""
