"""Visits to customers: the example plugin of the documentation."""
