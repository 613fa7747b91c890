"""The settings: where they are written, how they are read, and which part gets which."""
