"""Train the 5-minute model: data set, walk-forward, canaries, tuning, retraining."""
