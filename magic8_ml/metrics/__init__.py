"""Proper scores, calibration, and intervals by day: statistics that training and evaluation share."""
