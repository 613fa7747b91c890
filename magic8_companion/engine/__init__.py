"""The use cases: observe, checkpoint, merge, publish on time."""
