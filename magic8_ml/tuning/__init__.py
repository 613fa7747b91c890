"""Search for better settings inside the training days alone; every configuration tried is logged and counted."""
