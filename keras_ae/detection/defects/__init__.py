"""Simulated defects, a kind per file: what stands in for real anomalies where there are none to choose by."""
