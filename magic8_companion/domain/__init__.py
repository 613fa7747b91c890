"""Frozen values and pure rules that every other room may use; nothing here awaits, writes or reads a clock."""
