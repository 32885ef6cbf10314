"""Prices transactions: those that ended for good, those that run for display."""
