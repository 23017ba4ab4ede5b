"""Sums, histograms and quotas over what was recorded."""
