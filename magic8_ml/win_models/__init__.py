"""Win probabilities of concrete trades: base members, offsets pooled over four levels, trees, and their files."""
