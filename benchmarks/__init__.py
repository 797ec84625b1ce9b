"""Paired ratios against the peers: `python -m benchmarks`."""
