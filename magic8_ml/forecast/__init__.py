"""The 5-minute model: features, labels, the forecast distribution, and serving it."""
