"""Planting: faults and legitimate alternatives put into finished rows, to measure what the gates catch and let pass."""
