"""The Magic8 history: raw daily sheets become one typed data set whose every label is proved, and its report."""
