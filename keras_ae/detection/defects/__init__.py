"""Simulated defects, one kind per file, which stand in for real anomalies where there are none."""
