"""Convert the raw daily sheets of Magic8 to one typed data set with verified labels, and report on it."""
