"""Learn again on newer data, in a process of its own, and let the new model serve only if it is not worse."""
