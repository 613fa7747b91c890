"""The life of a model: its versions, who serves, its passport, how a running host changes over, and when it retires.

Light on purpose: only ``serving_model`` needs an ML library, so that a rollback takes no longer than starting Python.
"""
