"""Predict: a loaded model applied to an observed market."""
