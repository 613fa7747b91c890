"""Train the win-probability models of concrete trades."""
