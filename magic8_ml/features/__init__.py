"""Features and labels: one implementation for training, replay and live."""
